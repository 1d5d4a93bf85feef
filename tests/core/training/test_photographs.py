"""Photographs of a training: scenes as drawn, crops as torchvision's, epochs that can be made again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import ks_2samp
from torchvision.transforms import RandomResizedCrop

from core.datasets.scenes import USUAL, Photographer
from core.errors import Cancelled
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.training import photographs
from core.training.photographs import Photographs, batches, crop_box, scenes
from core.training.recipe import Crops
from tests.support.trained import crops, drawn_here

pytestmark = pytest.mark.usefixtures("one_thread")


# scenes


def test_scenes_are_what_render_draws_in_their_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(photographs, "CHUNK", 8)
    monkeypatch.setattr(photographs, "workers", lambda: 2)
    told: list[tuple[int, int]] = []
    got = scenes(range(40, 60), Photographer(spread=1.0), 32, report=lambda p: told.append((p.done, p.total)))
    wanted = drawn_here(range(40, 60), Photographer(spread=1.0), 32)
    np.testing.assert_array_equal(got.pixels, wanted.pixels)
    np.testing.assert_array_equal(got.labels, wanted.labels)
    assert (got.pixels.dtype, got.labels.dtype, len(got)) == (np.uint8, np.int64, 20)
    assert len(set(got.labels.tolist())) > 5
    assert told == [(8, 20), (16, 20), (20, 20)]


def test_drawing_scenes_can_be_stopped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(photographs, "CHUNK", 2)
    monkeypatch.setattr(photographs, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(1))  # starts at once
    told: list[int] = []
    cancel = Cancel()

    def stop(progress: Progress) -> None:
        told.append(progress.done)
        cancel.request()

    with pytest.raises(Cancelled, match="The drawing of scenes was cancelled"):
        scenes(range(10_000), USUAL, 32, report=stop, cancel=cancel)
    assert told == [2]


# crops


@pytest.mark.parametrize(("width", "height"), [(192, 192), (300, 200), (33, 190), (400, 34), (1, 1), (1, 50), (70, 2)])
def test_a_crop_lies_within_the_photograph(width: int, height: int):
    rng = np.random.default_rng(0)
    for _ in range(300):
        left, top, right, bottom = crop_box(width, height, crops(), rng)
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


def boxes(width: int, height: int, count: int, wanted: Crops) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return _measures(np.array([crop_box(width, height, wanted, rng) for _ in range(count)], float), width, height)


def torchvisions_boxes(width: int, height: int, count: int, wanted: Crops) -> dict[str, np.ndarray]:
    frame = torch.empty(3, height, width)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        found = [RandomResizedCrop.get_params(frame, list(wanted.area), list(wanted.aspect)) for _ in range(count)]
    return _measures(np.array([(x, y, x + w, y + h) for y, x, h, w in found], float), width, height)


def _measures(found: np.ndarray, width: int, height: int) -> dict[str, np.ndarray]:
    left, top, right, bottom = found.T
    w, h = right - left, bottom - top
    return {
        "area": w * h / (width * height),
        "aspect": w / h,
        "across": left / np.maximum(width - w, 1),
        "down": top / np.maximum(height - h, 1),
    }


@pytest.mark.parametrize(("width", "height"), [(192, 192), (640, 400), (250, 600)])
def test_crops_are_distributed_as_torchvisions(width: int, height: int):
    """Two samples of 4,000 each (Kolmogorov and Smirnov); the last shape falls back in part."""
    ours, theirs = (draw(width, height, 4000, crops()) for draw in (boxes, torchvisions_boxes))
    for name in ours:
        assert ks_2samp(ours[name], theirs[name]).pvalue > 0.01, name


def test_another_distribution_of_crops_would_be_seen():
    """The control of the test above: a little more area, a little less aspect."""
    theirs = torchvisions_boxes(640, 400, 4000, crops())
    for name, other in (("area", crops(area=(0.12, 1.0))), ("aspect", crops(aspect=(0.7, 1.3)))):
        assert ks_2samp(boxes(640, 400, 4000, other)[name], theirs[name]).pvalue < 1e-4, name


@pytest.mark.parametrize(("width", "height"), [(20, 500), (500, 20), (101, 1000), (77, 13)])
def test_where_no_crop_fits_it_is_the_largest_in_the_middle_as_torchvisions(width: int, height: int):
    whole = crops(area=(1.0, 1.0))
    y, x, h, w = RandomResizedCrop.get_params(torch.empty(3, height, width), [1.0, 1.0], list(whole.aspect))
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert crop_box(width, height, whole, rng) == (x, y, x + w, y + h)
    assert 0.7 < w / h < 1.4


# batches


def numbered(count: int) -> Photographs:
    """Photographs of one colour each, which tells label (red, in steps of 20) and number (green)."""
    labels = np.arange(count) * 7 % 5
    colours = np.stack([labels * 20, np.arange(count), np.full(count, 200)], 1).astype(np.uint8)
    return Photographs(np.broadcast_to(colours[:, None, None], (count, 24, 24, 3)).copy(), labels)


def cut(source: Photographs, seed: int = 3, epoch: int = 0, *, wanted: Crops | None = None, batch: int = 16) -> Any:
    """One epoch's frames (N, 3, 12, 12) and labels (N,)."""
    parts = list(batches(source, wanted or crops(), 12, "bilinear", batch=batch, seed=seed, epoch=epoch))
    assert all(frames.shape == (batch, 3, 12, 12) and frames.dtype == torch.uint8 for frames, _ in parts)
    assert all(labels.shape == (batch,) and labels.dtype == torch.int64 for _, labels in parts)
    return torch.cat([frames for frames, _ in parts]), torch.cat([labels for _, labels in parts])


def textured(count: int = 50) -> Photographs:
    rng = np.random.default_rng(1)
    return Photographs(rng.integers(0, 256, (count, 24, 24, 3), np.uint8), rng.integers(0, 5, count))


def test_an_epoch_shows_every_photograph_once_with_its_label():
    """100 photographs fill six batches of 16; four are left to other epochs, and not always the same."""
    left = []
    for epoch in range(4):
        frames, labels = cut(numbered(100), epoch=epoch)
        assert len(frames) == 96
        assert (frames.float().std((2, 3)) == 0).all()
        label, number, constant = frames[:, :, 0, 0].int().T
        assert (constant == 200).all()
        assert torch.equal(label, labels.int() * 20)
        assert len(set(number.tolist())) == 96
        assert number.tolist() != sorted(number.tolist())
        left.append(frozenset(range(100)) - set(number.tolist()))
    assert len(set(left)) == 4


def test_an_epoch_can_be_made_again_and_no_two_are_alike():
    first, labels = cut(textured())
    again, labels_again = cut(textured())
    assert torch.equal(first, again)
    assert torch.equal(labels, labels_again)
    alike = Photographs(textured().pixels[:1].repeat(50, 0), np.zeros(50, np.int64))  # told apart by their crops alone
    for seed, epoch in ((3, 1), (4, 0)):
        assert not torch.equal(labels, cut(textured(), seed, epoch)[1])
        assert not torch.equal(cut(alike)[0], cut(alike, seed, epoch)[0])


def test_an_epoch_does_not_depend_on_the_number_of_workers(monkeypatch: pytest.MonkeyPatch):
    wanted = crops(flip=True)
    frames, labels = cut(textured(), wanted=wanted, batch=4)
    for number in (1, 2, 7):
        monkeypatch.setattr(photographs, "workers", lambda number=number: number)
        other, labels_then = cut(textured(), wanted=wanted, batch=4)
        assert torch.equal(frames, other)
        assert torch.equal(labels, labels_then)


@pytest.mark.parametrize("flip", [False, True])
def test_half_of_the_frames_are_mirrored_where_asked_and_none_else(flip: bool):
    """Whole photographs, dark on the left."""
    pixels = np.zeros((200, 24, 24, 3), np.uint8)
    pixels[:, :, 12:] = 200
    wanted = crops(area=(1.0, 1.0), aspect=(1.0, 1.0), flip=flip)
    frames, _ = cut(Photographs(pixels, np.zeros(200, np.int64)), wanted=wanted, batch=50)
    columns = frames[:, 0, 0].int()
    mirrored = columns[:, 0] > columns[:, -1]
    upright = np.asarray(Image.fromarray(pixels[0]).resize((12, 12), Image.Resampling.BILINEAR))[0, :, 0]
    for row, turned in zip(columns.numpy(), mirrored.tolist(), strict=True):
        np.testing.assert_array_equal(row, upright[::-1] if turned else upright)
    assert 70 <= int(mirrored.sum()) <= 130 if flip else not mirrored.any()  # 100 ± 7


def test_fewer_photographs_than_a_batch_give_none():
    assert list(batches(numbered(15), crops(), 12, "bilinear", batch=16, seed=0, epoch=0)) == []
