"""Changes at inference: the network stays as it is; its frames and the combination of its answers change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from ..architectures.blurpool import binomial

SEED = 2404  # of the filter's signs; any seed will do, but it must not change
SMOOTH = 5  # taps


@dataclass(frozen=True)
class ShiftEnsemble:
    """The mean of probabilities and features over all shifts of the frame by up to ``reach`` pixels, edges repeated.

    The logarithm of the mean stands for the logits, so that a softmax returns the mean.
    """

    reach: int = 1

    def __post_init__(self) -> None:
        if self.reach < 0:
            raise ValueError(f"A reach of {self.reach} pixels is not accepted; it is 0 or more.")

    @property
    def passes(self) -> int:
        """Number of shifts, (2 reach + 1)²."""
        return (2 * self.reach + 1) ** 2

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return the ensemble as one module."""
        return _Ensemble(module, self.reach)


class _Ensemble(nn.Module):
    def __init__(self, module: nn.Module, reach: int) -> None:
        super().__init__()
        self.module, self.reach = module, reach

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        size, shifts = x.shape[-1], range(2 * self.reach + 1)
        padded = functional.pad(x, (self.reach,) * 4, mode="replicate")
        probabilities = features = torch.zeros((), device=x.device)
        for top, left in ((top, left) for top in shifts for left in shifts):
            shifted = padded[:, :, top : top + size, left : left + size]
            logits, feature = self.module(shifted.contiguous(memory_format=torch.channels_last))
            probabilities, features = probabilities + logits.softmax(1), features + feature
        return (probabilities / len(shifts) ** 2).log(), features / len(shifts) ** 2


@dataclass(frozen=True)
class ContentCrop:
    """The network sees one crop of the frame, chosen by the picture's content and enlarged to the frame's size.

    This rule is our own. It is inspired by the abstract of Shifman & Weiss (Robust Inference by Crop Selection, ECCV
    2024), whose code is not published. It is not their method, and its numbers say nothing about theirs.

    The candidates are all squares of ``share`` of the frame's edge at whole pixels. A fixed filter as large as the
    crop scores each from its own content, and the highest score wins. A picture that shifts by whole pixels shifts
    all scores with it. So the network sees the same crop unless the winner leaves the frame or a candidate that enters
    scores higher. With W = S - side + 1 candidates along an edge, all equally likely to win, a diagonal step of one
    pixel keeps the crop with probability (W - 1)² / (2 W² - (W - 1)²): 0.87 for 196 of 224 pixels, 0.93 for 168.
    Smaller crops are more consistent and less accurate.

    The filter takes horizontal and vertical differences of the channels' mean, times fixed random signs smoothed by a
    binomial of 5 taps. Differences make the scores of neighbouring candidates nearly independent. A smooth score
    (brightness, or gradient energy) has its maximum mostly at the border, and the crop would change with most steps.
    In flat frames all scores are 0 and the top left candidate wins. Scores are float64, so that rounding does not
    decide.

    The rule knows whole pixels of the frame only. A step of a fraction of a pixel (the crop protocol in source
    pixels) changes the scores themselves, and little is gained. For a photograph that moves inside black, where
    nothing leaves and nothing enters, a low rate of changes is trivial and says nothing about the network.
    """

    share: float = 7 / 8

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"A crop of {self.share} of the frame is not accepted; it is more than 0 and at most 1.")

    @property
    def passes(self) -> int:
        """One; choosing the crop costs no forward pass."""
        return 1

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return the network on its chosen crop as one module."""
        return _Crop(module, self.share)


class _Crop(nn.Module):
    def __init__(self, module: nn.Module, share: float) -> None:
        super().__init__()
        self.module, self.share = module, share

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        size = x.shape[-1]
        side = max(3, round(size * self.share))
        best = scores(x, side).flatten(1).argmax(1).tolist()  # the first of equals
        corners = [divmod(index, size - side + 1) for index in best]
        crops = torch.stack([f[:, y : y + side, x : x + side] for f, (y, x) in zip(x, corners, strict=True)])
        enlarged = functional.interpolate(crops, size=(size, size), mode="bilinear", align_corners=False)
        logits, features = self.module(enlarged.contiguous(memory_format=torch.channels_last))
        return logits, features


def scores(x: torch.Tensor, side: int) -> torch.Tensor:
    """Return the score of the crop of ``side`` pixels at each row and column: (N, 3, S, S) → float64 (N, W, W)."""
    grey = x.double().mean(1)
    right = grey[:, :-1, 1:] - grey[:, :-1, :-1]  # differences first, so that flat regions are exactly 0
    down = grey[:, 1:, :-1] - grey[:, :-1, :-1]
    by_row, by_column = (torch.from_numpy(m).to(x.device) for m in _filters(x.shape[-1] - 1, side - 1))
    return by_row[0] @ right @ by_column[0].T + by_row[1] @ down @ by_column[1].T


@lru_cache(maxsize=16)
def _filters(edge: int, length: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the shifted filters along rows and along columns, each (2, shifts, edge): right slopes, down slopes."""
    lines = taps(length)
    shifts = edge - length + 1
    matrices = np.zeros((4, shifts, edge))
    for shift in range(shifts):
        matrices[:, shift, shift : shift + length] = lines
    return matrices[:2], matrices[2:]


def taps(length: int) -> npt.NDArray[np.float64]:
    """Return the filter's factors (4, ``length``): two along rows, two along columns."""
    smooth = binomial(min(SMOOTH, length)).double().numpy()
    signs = np.random.default_rng(SEED).integers(0, 2, (4, length - len(smooth) + 1)) * 2.0 - 1
    return np.stack([np.convolve(line, smooth) for line in signs])
