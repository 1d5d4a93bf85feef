"""The map over all shifts, against a loop that pastes and predicts one shift at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import BadProtocol
from core.experiments.figure_01_trajectories.shift_map import (
    Embedding,
    coarse_to_fine,
    frequent,
    mean_change,
    on_grid,
    spectrum,
    strides,
)
from core.exploration import ShiftMapping, Store
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from tests.support.basics import CLASSES, TinyCard, make_tiny_card
from tests.support.reference_protocols import embedded, on_black
from tests.support.watched import Watched

pytestmark = pytest.mark.usefixtures("one_thread")

REACH, SIZE, SIDE = 4, 32, 14


def mapping(engine: Engine, photo: Photograph, card: NetworkCard, **more: Any) -> ShiftMapping:
    settings: dict[str, Any] = {"store": Store(), "embedding": Embedding(reach=REACH)} | more
    return ShiftMapping(engine=engine, photograph=photo, card=card, **settings)


def slowly(photo: Photograph, card: NetworkCard) -> np.ndarray:
    """Probabilities [down, right, class], every frame pasted, normalised and predicted by itself."""
    pixels = photo.pixels.permute(1, 2, 0).numpy()
    patch = embedded(pixels, SIDE, SIZE - 2 * REACH, "bilinear")
    height, width = np.asarray(patch).shape[:2]
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (card.preprocessing.mean, card.preprocessing.std))
    model, edge = card.build(), range(-REACH, REACH + 1)
    found = np.zeros((len(edge), len(edge), len(CLASSES)))
    for down in edge:
        for right in edge:
            frame = on_black(patch, SIZE, (SIZE - width) // 2 + right, (SIZE - height) // 2 + down)[0]
            x = (torch.from_numpy(np.array(frame)).permute(2, 0, 1).float() / 255 - mean) / std
            found[down + REACH, right + REACH] = model(x[None]).softmax(1)[0].double().numpy()
    return found


@pytest.mark.parametrize("reach", [1, 2, 3, 4, 7, 8, 16])
def test_the_order_covers_each_shift_once_and_coarse_first(reach: int) -> None:
    order = coarse_to_fine(reach)
    edge = range(-reach, reach + 1)
    assert sorted(order) == sorted((right, down) for right in edge for down in edge)
    assert order[0] == (0, 0)
    every = max(s for s in (1, 2, 4, 8) if s <= reach)
    seen: set[tuple[int, int]] = set()
    while every:
        expected = {(right, down) for right in edge for down in edge if right % every == 0 and down % every == 0}
        seen |= set(order[len(seen) : len(expected)])
        assert seen == expected
        every //= 2
    with pytest.raises(BadProtocol, match="reach of 0"):
        coarse_to_fine(0)


@pytest.mark.parametrize("batch", [8, 5])
def test_the_map_is_the_slow_loops(natural: list[Photograph], tiny_card: TinyCard, batch: int) -> None:
    photo, card = natural[1], tiny_card()
    found = mapping(Watched(batch), photo, card)
    found.run()
    slow = slowly(photo, card)
    assert (found.state, found.done, found.problems) == ("done", (2 * REACH + 1) ** 2, {})
    for k in range(len(CLASSES)):
        np.testing.assert_allclose(found.grid(k), slow[..., k], atol=1e-6)
    assert (found.classes() == slow.argmax(-1)).all()
    assert len({int(c) for c in found.classes().ravel()}) > 1  # else the arg-max would test nothing
    assert (found.stride, strides(found.layers)) == (4, (2, 4))


def test_cancel_keeps_what_is_done_and_a_new_start_goes_on(natural: list[Photograph], tiny_card: TinyCard) -> None:
    engine, store = Watched(), Store()
    found = mapping(engine, natural[1], tiny_card(), store=store)
    engine.step = lambda: found.cancel() if engine.frames == 16 else None
    with ThreadPoolExecutor(1) as pool:
        found.start(pool)
    assert (found.state, found.done, len(found.answers), engine.frames) == ("cancelled", 16, 16, 16)
    half = found.grid(0)
    assert (~np.isnan(half)).sum() == 16
    assert not mapping(engine, natural[1], tiny_card(), store=store).recall()  # only what is complete is kept
    with ThreadPoolExecutor(1) as pool:
        found.start(pool)
    assert (found.state, found.done, engine.frames) == ("done", 81, 81)
    whole = found.grid(0)
    assert (whole[~np.isnan(half)] == half[~np.isnan(half)]).all()
    other = mapping(engine, natural[1], tiny_card(), store=store)
    assert other.recall()
    assert engine.frames == 81
    assert (other.grid(0) == whole).all()
    assert other.stride == 4
    for changed in ({"embedding": Embedding(reach=2)}, {"embedding": Embedding(reach=REACH, side=9)}):
        assert not mapping(engine, natural[1], tiny_card(), store=store, **changed).recall()


def test_a_known_error_is_kept(natural: list[Photograph], tiny_card: TinyCard) -> None:
    found = mapping(Watched(), natural[0], tiny_card(), embedding=Embedding(reach=10))
    found.run()
    assert (found.state, found.done) == ("done", 0)
    [problem] = found.problems.values()
    assert str(problem).startswith(
        "An embedded side of 14 and shifts of 10 pixels do not fit in a frame of 32. The side"
    )


def test_without_classes_it_is_the_cosine_to_the_unmoved_photograph(natural: list[Photograph]) -> None:
    def build() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    card = replace(make_tiny_card(key="test/representation", build=build), labels=None)
    found = mapping(Watched(), natural[2], card)
    found.run()
    grid = found.grid(0)
    assert grid[REACH, REACH] == pytest.approx(1)
    assert ((grid <= 1 + 1e-6) & (grid > 0)).all()
    assert (grid < 1 - 1e-6).any()


def test_without_padding_shifts_by_the_total_stride_change_nothing(natural: list[Photograph]) -> None:
    """Valid convolutions and a global mean: what leaves at one edge comes in, black, at the other."""

    def build() -> nn.Module:
        torch.manual_seed(3)
        return (
            nn.Sequential(
                nn.Conv2d(3, 12, 3, stride=2),
                nn.ReLU(),
                nn.Conv2d(12, 24, 3, stride=2),
                nn.ReLU(),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(24, len(CLASSES)),
            )
            .eval()
            .requires_grad_(False)
        )

    card = make_tiny_card(key="test/unpadded", build=build)
    found = mapping(Watched(), natural[0], card, embedding=Embedding(reach=REACH, side=10))
    found.run()
    grid = found.grid(0)
    near, far = mean_change(grid, 1), mean_change(grid, 4)
    assert found.stride == 4
    assert far is not None
    assert near is not None
    assert far < 1e-6 < 100 * far + 1e-5 < near


def test_mean_change_and_counts_against_loops() -> None:
    rng = np.random.default_rng(0)
    grid = rng.random((7, 7))
    grid[2, 3] = np.nan
    for by in (1, 3, 6):
        apart = [abs(grid[y, x + by] - grid[y, x]) for y in range(7) for x in range(7 - by)]
        apart += [abs(grid[y + by, x] - grid[y, x]) for y in range(7 - by) for x in range(7)]
        assert mean_change(grid, by) == pytest.approx(np.nanmean(apart), abs=1e-12)
    assert mean_change(grid, 7) is None
    assert mean_change(np.full((3, 3), np.nan), 1) is None
    assert frequent(np.array([[2.0, 1, 1], [np.nan, 4, 4], [4, 2, np.nan]])) == [(4, 3), (1, 2), (2, 2)]
    placed = on_grid(1, [(0, 0), (1, -1)], [0.5, 0.25])
    assert (placed[1, 1], placed[0, 2], np.isnan(placed).sum()) == (0.5, 0.25, 7)


def test_the_spectrum_against_the_sum_that_defines_it() -> None:
    grid = np.random.default_rng(1).random((9, 9))
    found = spectrum(grid)
    k = np.arange(9)
    for row, down in enumerate(found.frequency):
        for column, right in enumerate(found.frequency):
            wave = np.exp(-2j * np.pi * (down * k[:, None] + right * k[None, :]))
            power = abs(((grid - grid.mean()) * wave).sum()) ** 2
            assert found.power[row, column] * 81 * 81 * grid.var() == pytest.approx(power, abs=1e-9)
    assert found.power.sum() == pytest.approx(1)
    assert not spectrum(np.ones((5, 5))).power.any()
    with pytest.raises(ValueError, match="empty cells"):
        spectrum(on_grid(1, [(0, 0)], [0.5]))


def test_a_map_of_period_4_stands_out_at_a_quarter() -> None:
    columns = np.tile([0.0, 1.0, 0.0, 0.0], 8)
    found = spectrum(np.tile(columns, (32, 1)))
    down, right = np.nonzero(found.power > 1e-9)
    assert set(found.frequency[down]) == {0.0}
    assert set(np.abs(found.frequency[right])) == {0.25, 0.5}
