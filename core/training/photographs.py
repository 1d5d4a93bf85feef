"""Photographs as arrays for training, and their random crops."""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from ..datasets import Source
from ..datasets.scenes import Photographer, render, scene_classes
from ..errors import BadFolder
from ..images.geometry import RESAMPLING, Interpolation, centre_crop
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter, Report
from ..jobs.streams import chunks, ordered_map, workers
from .recipe import Crops, NamedPhotographs, Sides

CHUNK = 64  # scenes that a process draws at once
ATTEMPTS = 10  # to draw a crop inside the photograph, as in torchvision
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Photographs:
    """Photographs in memory: ``pixels`` uint8 (N, H, W, 3) and ``labels`` int64 (N,)."""

    pixels: Pixels
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def scenes(
    seeds: Sequence[int],
    photographer: Photographer,
    size: int,
    *,
    report: Report | None = None,
    stage: str = "",
    cancel: Cancel | None = None,
) -> Photographs:
    """Return the scenes of these numbers, drawn by one process for each core. Raises Cancelled."""
    pixels = np.empty((len(seeds), size, size, 3), np.uint8)
    labels = np.empty(len(seeds), np.int64)
    done, cancel, meter = 0, cancel or Cancel(), Meter(report, len(seeds), stage)
    draw = partial(_drawn, photographer=photographer, size=size)
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers(), mp_context=spawned, initializer=_end_with_parent) as pool:
        parts = ordered_map(draw, chunks(seeds, CHUNK), pool=pool, ahead=2 * workers())
        with closing(cast(Generator[tuple[Pixels, npt.NDArray[np.int64]], None, None], parts)):
            for some, classes in parts:
                pixels[done : done + len(some)], labels[done : done + len(some)] = some, classes
                done += len(some)
                meter(done)
                cancel.check("the drawing of scenes")
    return Photographs(pixels, labels)


def labelled(
    sources: Sequence[Source],
    named: NamedPhotographs,
    labels: Sequence[str] | None = None,
    *,
    report: Report | None = None,
    stage: str = "",
    cancel: Cancel | None = None,
) -> tuple[Photographs, tuple[str, ...]]:
    """Return photographs from files, as centred squares, and the names of their classes.

    The classes are ``labels``, or else the labels of the photographs, sorted.

    Raises:
        BadFolder: a photograph has no label or another one, or there are more or fewer classes than in the recipe.
        BadPhotograph: a photograph cannot be read.
        Cancelled: after ``cancel``.
    """
    present = {source.label for source in sources}
    names = tuple(labels) if labels is not None else tuple(sorted(name for name in present if name is not None))
    if len(names) != named.classes or not present <= set(names):
        raise BadFolder(
            f"The {len(sources)} photographs have {len(present)} labels: {', '.join(sorted(map(str, present))[:12])}.",
            f"Expected {', '.join(names) if labels is not None else f'{named.classes} labels ({named.dataset})'}.",
            "Choose a folder with one folder for each class, or a table with labels.",
        )
    cancel, meter = cancel or Cancel(), Meter(report, len(sources), stage)
    pixels = np.empty((len(sources), named.size, named.size, 3), np.uint8)

    def read(source: Source) -> npt.NDArray[np.uint8]:
        return centre_crop(source.read(), named.size, named.size, "bilinear").permute(1, 2, 0).numpy()

    with ThreadPoolExecutor(workers()) as pool:
        parts = ordered_map(read, sources, pool=pool, ahead=64)
        with closing(cast(Generator[npt.NDArray[np.uint8], None, None], parts)):
            for done, square in enumerate(parts):
                pixels[done] = square
                cancel.check("the reading of photographs")
                if (done + 1) % CHUNK == 0:
                    meter(done + 1)
    places = {name: k for k, name in enumerate(names)}
    return Photographs(pixels, np.array([places[str(source.label)] for source in sources], np.int64)), names


def _end_with_parent() -> None:
    """End this process of a pool with its parent. It would else wait for work for ever after the parent is killed."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _drawn(seeds: list[int], photographer: Photographer, size: int) -> tuple[Pixels, npt.NDArray[np.int64]]:
    drawn = [render(seed, photographer, size=size) for seed in seeds]
    places = {name: k for k, name in enumerate(scene_classes())}
    labels = np.array([places[cast(str, photo.label)] for photo in drawn], np.int64)
    return np.stack([photo.pixels.permute(1, 2, 0).numpy() for photo in drawn]), labels


def batches(
    source: Photographs,
    seen: Crops | Sides,
    size: int,
    interpolation: Interpolation,
    *,
    batch: int,
    seed: int,
    epoch: int,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the batches of one epoch, shuffled: frames uint8 (batch, 3, S, S) and labels int64 (batch,).

    Photographs that do not fill a batch are skipped. The batches depend on ``seed`` and ``epoch`` only, not on the
    number of threads.
    """
    order = np.random.default_rng([seed, epoch]).permutation(len(source))
    whole = [np.array(part) for part in chunks(order, batch) if len(part) == batch]

    def work(number: int) -> tuple[torch.Tensor, torch.Tensor]:
        rng = np.random.default_rng([seed, epoch, number])
        rows = whole[number]
        cut = np.stack([_seen(source.pixels[row], seen, size, interpolation, rng) for row in rows])
        return torch.from_numpy(cut).permute(0, 3, 1, 2), torch.from_numpy(source.labels[rows])

    with ThreadPoolExecutor(workers()) as pool:
        yield from ordered_map(work, range(len(whole)), pool=pool, ahead=4 * workers())


def _seen(
    pixels: Pixels, seen: Crops | Sides, size: int, interpolation: Interpolation, rng: np.random.Generator
) -> Pixels:
    if isinstance(seen, Crops):
        return _crop(pixels, seen, size, interpolation, rng)
    return crop_or_pad(pixels, int(rng.integers(seen.least, seen.most, endpoint=True)), size, interpolation, rng)


def crop_or_pad(pixels: Pixels, side: int, size: int, interpolation: Interpolation, rng: np.random.Generator) -> Pixels:
    """Return a square photograph uint8 (H, H, 3) resized to ``side``, in a frame uint8 (S, S, 3) (paper, Figure 10).

    A smaller photograph lies at a random position on black. Of a larger one, a random part fills the frame.
    """
    if side != pixels.shape[0]:
        pixels = np.asarray(Image.fromarray(pixels).resize((side, side), RESAMPLING[interpolation]))
    x, y = (int(rng.integers(0, abs(size - side), endpoint=True)) for _ in range(2))
    if side >= size:
        return pixels[y : y + size, x : x + size]
    frame = np.zeros((size, size, 3), np.uint8)
    frame[y : y + side, x : x + side] = pixels
    return frame


def _crop(pixels: Pixels, crops: Crops, size: int, interpolation: Interpolation, rng: np.random.Generator) -> Pixels:
    """Return a random crop of a photograph uint8 (H, W, 3), perhaps flipped, as uint8 (S, S, 3)."""
    box = crop_box(pixels.shape[1], pixels.shape[0], crops, rng)
    cut = np.asarray(Image.fromarray(pixels).resize((size, size), RESAMPLING[interpolation], box=box))
    return cut[:, ::-1] if crops.flip and rng.random() < 0.5 else cut


def crop_box(width: int, height: int, crops: Crops, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom) of a random crop, in whole pixels.

    Where no draw fits into the photograph, it is the largest centred box of an allowed aspect.

    >>> from core.training.recipe import get
    >>> crop_box(100, 50, get("resnet10.scenes").crops, np.random.default_rng(0))
    (26, 0, 61, 47)
    """
    low, high = math.log(crops.aspect[0]), math.log(crops.aspect[1])
    for area, aspect in zip(
        rng.uniform(*crops.area, ATTEMPTS) * width * height, np.exp(rng.uniform(low, high, ATTEMPTS)), strict=True
    ):
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
            return x, y, x + w, y + h
    w, h = min(width, round(height * crops.aspect[1])), min(height, round(width / crops.aspect[0]))
    x, y = (width - w) // 2, (height - h) // 2
    return x, y, x + w, y + h
