"""Remedies at inference: nothing of the network changes, only what it is shown and how its answers are joined."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from ..architectures.blurpool import binomial
from ..card import Remedy

SEED = 2404  # of the filter's signs: any will do, but always the same one
SMOOTH = 5  # taps


@dataclass(frozen=True)
class ShiftEnsemble:
    """Mean of probabilities and of features over all shifts of the frame by up to ``reach`` pixels, edges repeated.

    The mean's logarithm stands for the logits, so that a softmax gives the mean back.
    """

    reach: int = 1

    def __post_init__(self) -> None:
        if self.reach < 0:
            raise ValueError(f"got a reach of {self.reach} pixels; wanted 0 or more")

    @property
    def passes(self) -> int:
        """One a shift."""
        return (2 * self.reach + 1) ** 2

    def wrap(self, module: nn.Module) -> nn.Module:
        """The ensemble, as one module."""
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
            moved = padded[:, :, top : top + size, left : left + size]
            logits, feature = self.module(moved.contiguous(memory_format=torch.channels_last))
            probabilities, features = probabilities + logits.softmax(1), features + feature
        return (probabilities / len(shifts) ** 2).log(), features / len(shifts) ** 2


@dataclass(frozen=True)
class RobustCrop:
    """The network sees one crop of the frame, which the picture's content chooses, enlarged to the frame's size.

    After Robust Inference by Crop Selection (Shifman & Weiss, ECCV 2024, arXiv 2404.07153). Every square of
    ``share`` of the frame's edge at a whole pixel is a candidate; a fixed filter as large as the crop gives each its
    score, from what lies in it alone; the highest score wins. A picture that moves by whole pixels takes all scores
    along with it. So the network sees the very same crop unless the winner leaves the frame or one that enters beats
    it: with W = S − side + 1 candidates along an edge, and were every candidate as likely to win as another, a
    diagonal step of one pixel keeps the crop with probability (W − 1)² / (2 W² − (W − 1)²), .87 for 196 of 224 pixels
    and .93 for 168. Smaller crops are more consistent, and cost accuracy.

    Only the paper's abstract was at hand (its code is not published), so the filter, the sizes and the resampling are
    ours. Filter: slopes of the mean of the channels, to the right and downwards, times random signs, the same ones
    always, smoothed by a binomial of 5 taps. The slopes make the scores of natural pictures nearly independent of
    each other; the score of a smooth filter (brightness, or the energy of the slopes) is smooth too, its maximum
    lies mostly at the border, and the crop changes with most steps. Flat frames: all scores are 0, and the first
    candidate, at the top left, wins every tie. Scores are float64, so that rounding does not choose.

    It knows whole pixels of the frame only: a step of a fraction of one (the crop protocol in source pixels) changes
    the scores themselves, and little is gained. A photograph that moves inside black, where nothing is lost and
    nothing enters, becomes trivially harmless by such a rule: that says nothing of the network.
    """

    share: float = 7 / 8

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"got a crop of {self.share} of the frame; wanted more than 0, at most 1")

    @property
    def passes(self) -> int:
        """One: the score is a filter."""
        return 1

    def wrap(self, module: nn.Module) -> nn.Module:
        """The network on its chosen crop, as one module."""
        return _Crop(module, self.share)


class _Crop(nn.Module):
    def __init__(self, module: nn.Module, share: float) -> None:
        super().__init__()
        self.module, self.share = module, share

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        size = x.shape[-1]
        side = max(3, round(size * self.share))
        chosen = scores(x, side).flatten(1).argmax(1).tolist()  # the first of equals
        corners = [divmod(place, size - side + 1) for place in chosen]
        crops = torch.stack([f[:, y : y + side, x : x + side] for f, (y, x) in zip(x, corners, strict=True)])
        seen = functional.interpolate(crops, size=(size, size), mode="bilinear", align_corners=False)
        logits, features = self.module(seen.contiguous(memory_format=torch.channels_last))
        return logits, features


def scores(x: torch.Tensor, side: int) -> torch.Tensor:
    """Frames (N, 3, S, S) → float64 (N, W, W): the score of the crop of that side at each row and column."""
    grey = x.double().mean(1)
    right = grey[:, :-1, 1:] - grey[:, :-1, :-1]  # differences first: what is flat is exactly 0
    down = grey[:, 1:, :-1] - grey[:, :-1, :-1]
    by_row, by_column = (torch.from_numpy(m).to(x.device) for m in _filters(x.shape[-1] - 1, side - 1))
    return by_row[0] @ right @ by_column[0].T + by_row[1] @ down @ by_column[1].T


@lru_cache(maxsize=16)
def _filters(edge: int, length: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Along rows and along columns, each for slopes to the right and downwards: (2, places, edge), shifted filters."""
    lines = taps(length)
    places = edge - length + 1
    matrices = np.zeros((4, places, edge))
    for place in range(places):
        matrices[:, place, place : place + length] = lines
    return matrices[:2], matrices[2:]


def taps(length: int) -> npt.NDArray[np.float64]:
    """(4, ``length``): two along rows, two along columns; their products are the filter of each slope."""
    smooth = binomial(min(SMOOTH, length)).double().numpy()
    signs = np.random.default_rng(SEED).integers(0, 2, (4, length - len(smooth) + 1)) * 2.0 - 1
    return np.stack([np.convolve(line, smooth) for line in signs])


@dataclass(frozen=True)
class Chain:
    """One remedy, then another around it."""

    first: Remedy
    then: Remedy

    @property
    def passes(self) -> int:
        """Those of the first, for each of the other's."""
        return self.first.passes * self.then.passes

    def wrap(self, module: nn.Module) -> nn.Module:
        """Both, as one module."""
        return self.then.wrap(self.first.wrap(module))
