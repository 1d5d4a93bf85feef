"""Remedies at inference: equal to slow references, alone as in company, and exact where they promise it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from core.images.photographs import Photograph
from core.images.protocols import create
from core.inference.engine import Engine, Predictions
from core.inference.pairs import outcomes
from core.networks.card import NetworkCard, Remedy
from core.networks.variants.test_time import ContentCrop, ShiftEnsemble, scores, taps

if TYPE_CHECKING:
    from tests.support.basics import TinyCard

pytestmark = pytest.mark.usefixtures("one_thread")

ALL = [ShiftEnsemble(), ShiftEnsemble(2), ContentCrop(), ContentCrop(0.6)]
SIZE = 32


@pytest.fixture(scope="module")
def remedied(tiny_card: TinyCard) -> Callable[[Remedy | None], NetworkCard]:
    """The tiny network's card with a remedy."""
    return lambda remedy: dataclasses.replace(tiny_card(key=f"test/{remedy}"), remedy=remedy)


@pytest.fixture(scope="module")
def frames(natural: list[Photograph], tiny_card: TinyCard) -> list[torch.Tensor]:
    """Eleven photographs and a flat frame, uint8 (3, 32, 32)."""
    made = [tiny_card().preprocessing.centre(p) for p in natural[:11]]
    return [*made, torch.full_like(made[0], 90)]


def predicted(engine: Engine, card: NetworkCard, frames: list[torch.Tensor]) -> Predictions:
    return Predictions.join(engine.predict(engine.load(card), frames))


def plain(engine: Engine, card: NetworkCard, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The network's own answers, (N, K) probabilities and (N, D) features, to normalised frames."""
    network = engine.load(dataclasses.replace(card, key="test/plain", remedy=None))
    with torch.inference_mode():
        logits, features = network.module(x)
    return logits.softmax(1), features


def normalised(card: NetworkCard, frames: list[torch.Tensor]) -> torch.Tensor:
    mean, std = (torch.tensor(v)[:, None, None] for v in (card.preprocessing.mean, card.preprocessing.std))
    return (torch.stack(frames) / 255 - mean) / std


# the ensemble


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_ensemble_is_a_slow_mean(
    engine: Engine, remedied: Callable[..., NetworkCard], frames: list[torch.Tensor], reach: int
) -> None:
    """Each shifted frame made pixel by pixel: what lies outside is the nearest pixel inside."""
    card = remedied(ShiftEnsemble(reach))
    got = predicted(engine, card, frames)
    at = np.arange(SIZE)
    answers = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            rows, columns = (np.clip(at + d, 0, SIZE - 1) for d in (dy, dx))
            moved = [frame[:, torch.from_numpy(rows)][:, :, torch.from_numpy(columns)] for frame in frames]
            answers.append(plain(engine, card, normalised(card, moved)))
    assert len(answers) == ShiftEnsemble(reach).passes
    probabilities, features = (torch.stack(kind).mean(0) for kind in zip(*answers, strict=True))
    torch.testing.assert_close(got.probabilities, probabilities, rtol=0, atol=1e-6)
    torch.testing.assert_close(got.features, features, rtol=1e-5, atol=1e-5)
    if reach:
        assert float((got.probabilities - plain(engine, card, normalised(card, frames))[0]).abs().max()) > 0.01


def test_ensemble_survives_certainty() -> None:
    """A probability that underflows to 0 stays 0, and no answer is not a number."""

    class Sure(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return torch.tensor([[0.0, 500.0, -500.0]]).expand(len(x), 3), x.mean((2, 3))

    logits, _ = ShiftEnsemble().wrap(Sure())(torch.zeros(2, 3, 8, 8))
    assert logits.softmax(1).tolist() == [[0.0, 1.0, 0.0]] * 2


@pytest.mark.parametrize("remedy", [ShiftEnsemble(), ContentCrop()])
def test_without_classes_the_features_are_joined(
    engine: Engine, tiny_card: TinyCard, frames: list[torch.Tensor], remedy: Remedy
) -> None:
    def trunk() -> nn.Module:
        return tiny_card().build()[:-1]  # type: ignore[index, no-any-return]

    card = dataclasses.replace(tiny_card(key=f"test/classless-{remedy}", build=trunk), labels=None, remedy=remedy)
    got = predicted(engine, card, frames)
    assert got.probabilities.shape == (12, 0)
    wanted = predicted(engine, dataclasses.replace(tiny_card(key=f"test/{remedy}"), remedy=remedy), frames)
    torch.testing.assert_close(got.features, wanted.features, rtol=1e-5, atol=1e-5)


# the crop


def slow_scores(x: np.ndarray, side: int) -> np.ndarray:  # type: ignore[type-arg]
    """One frame (3, S, S) → (W, W), crop by crop and slope by slope."""
    rows_right, rows_down, columns_right, columns_down = taps(side - 1)
    grey, places = x.mean(0), x.shape[-1] - side + 1
    out = np.zeros((places, places))
    for top in range(places):
        for left in range(places):
            crop = grey[top : top + side, left : left + side]
            for y in range(side - 1):
                for x_ in range(side - 1):
                    right, down = crop[y, x_ + 1] - crop[y, x_], crop[y + 1, x_] - crop[y, x_]
                    out[top, left] += rows_right[y] * columns_right[x_] * right + rows_down[y] * columns_down[x_] * down
    return out


@pytest.mark.parametrize(("size", "side"), [(13, 9), (12, 12), (16, 7), (9, 3)])
def test_scores_are_a_slow_loops(size: int, side: int) -> None:
    x = np.random.default_rng(size).normal(size=(3, 3, size, size))
    got = scores(torch.from_numpy(x), side)
    assert got.shape == (3, size - side + 1, size - side + 1)
    for n in range(3):
        np.testing.assert_allclose(got[n].numpy(), slow_scores(x[n], side), rtol=0, atol=1e-10)


@pytest.mark.parametrize("share", [7 / 8, 0.6])
def test_robust_crop_is_the_network_on_the_crop_of_the_highest_score(
    engine: Engine, remedied: Callable[..., NetworkCard], frames: list[torch.Tensor], share: float
) -> None:
    card, side = remedied(ContentCrop(share)), round(SIZE * share)
    got = predicted(engine, card, frames)
    x = normalised(card, frames)
    seen, corners = [], set()
    for frame in x:
        found = slow_scores(frame.double().numpy(), side)
        top, left = np.unravel_index(found.argmax(), found.shape)
        corners.add((int(top), int(left)))
        seen.append(enlarged(frame[:, top : top + side, left : left + side].double().numpy(), SIZE))
    assert len(corners) > 5
    probabilities, features = plain(engine, card, torch.from_numpy(np.stack(seen)).float())
    torch.testing.assert_close(got.probabilities, probabilities, rtol=0, atol=1e-5)
    torch.testing.assert_close(got.features, features, rtol=1e-4, atol=1e-4)


def enlarged(image: np.ndarray, size: int) -> np.ndarray:  # type: ignore[type-arg]
    """(3, side, side) → (3, size, size), bilinear between pixel centres, edges repeated."""
    side = image.shape[-1]
    at = np.clip((np.arange(size) + 0.5) * side / size - 0.5, 0, side - 1)
    low = np.floor(at).astype(int)
    high, part = np.minimum(low + 1, side - 1), at - low
    rows = image[:, low] * (1 - part)[:, None] + image[:, high] * part[:, None]
    return rows[:, :, low] * (1 - part) + rows[:, :, high] * part  # type: ignore[no-any-return]


def test_the_whole_frame_as_crop_is_the_network_itself(
    engine: Engine, remedied: Callable[..., NetworkCard], frames: list[torch.Tensor]
) -> None:
    got, wanted = (predicted(engine, remedied(remedy), frames) for remedy in (ContentCrop(1), None))
    assert torch.equal(got.probabilities, wanted.probabilities)


def test_ties_go_to_the_first_candidate() -> None:
    """Flat frames score exactly 0 everywhere; stripes score the same every four pixels."""
    flat = torch.full((1, 3, 20, 20), 0.123)
    assert scores(flat, 12).abs().max() == 0
    seen: list[torch.Tensor] = []

    class Keeps(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            seen.append(x)
            return x.mean((2, 3)), x.mean((2, 3))

    column = torch.arange(20.0) % 4  # of period 4 to the right: every score comes twice or more
    striped = column.expand(2, 3, 20, 20)
    found = scores(striped, 12)[0]
    best = [k for k, value in enumerate(found.flatten().tolist()) if value == float(found.max())]
    assert len(best) > 1
    top, left = divmod(best[0], 9)
    ContentCrop(0.6).wrap(Keeps())(striped)
    wanted = functional.interpolate(striped[:, :, top : top + 12, left : left + 12], size=(20, 20), mode="bilinear")
    assert torch.equal(seen[0], wanted)


def moved_in_black(frame: torch.Tensor, size: int, top: int, left: int) -> torch.Tensor:
    out = torch.zeros(3, size, size, dtype=torch.uint8)
    edge = frame.shape[-1]
    out[:, top : top + edge, left : left + edge] = frame
    return out


def test_a_shift_inside_black_changes_nothing_while_the_crop_stays_inside(
    engine: Engine, remedied: Callable[..., NetworkCard], frames: list[torch.Tensor]
) -> None:
    """To the bit; and where the best crop would leave the frame, another one is seen."""
    card = remedied(ContentCrop(0.75))
    patches = [functional.interpolate(f[None].float(), size=16).to(torch.uint8)[0] for f in frames[:11]]
    base = [moved_in_black(patch, SIZE, 6, 7) for patch in patches]
    places = SIZE - round(SIZE * 0.75) + 1
    found = scores(normalised(card, base), SIZE - places + 1).flatten(1).argmax(1)
    inside = 0
    for down, right in [(1, 1), (-1, 1), (2, 0), (-2, -3)]:
        moved = [moved_in_black(patch, SIZE, 6 + down, 7 + right) for patch in patches]
        again = scores(normalised(card, moved), SIZE - places + 1).flatten(1).argmax(1)
        one, other = predicted(engine, card, base), predicted(engine, card, moved)
        for n, (before, after) in enumerate(zip(found.tolist(), again.tolist(), strict=True)):
            (y, x), (v, u) = divmod(before, places), divmod(after, places)
            stays = (v, u) == (y + down, x + right)
            if not (0 <= y + down < places and 0 <= x + right < places):
                assert not stays
            same = torch.equal(one.probabilities[n], other.probabilities[n])
            assert same == stays
            inside += stays
    assert 15 < inside < 44


def test_the_crop_follows_as_often_as_it_promises(natural: list[Photograph]) -> None:
    """(W − 1)² / (2 W² − (W − 1)²) = .87 for W = 29, where every candidate is as likely as another."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(400, 3, 33, 33)))
    before, after = (scores(x[:, :, d : d + 32, d : d + 32], 20).flatten(1).argmax(1) for d in (0, 1))
    rows, columns = ((before // 13 - after // 13), (before % 13 - after % 13))
    rate = float(((rows == 1) & (columns == 1)).double().mean())
    assert abs(rate - 144 / (2 * 169 - 144)) < 0.1  # smoothing makes neighbours alike, so a little less


# both


@pytest.mark.parametrize("remedy", ALL, ids=str)
def test_a_frame_is_answered_alone_as_in_company(
    engine: Engine, remedied: Callable[..., NetworkCard], frames: list[torch.Tensor], remedy: Remedy
) -> None:
    card = remedied(remedy)
    together = predicted(engine, card, frames)
    alone = Predictions.join(predicted(engine, card, [frame]) for frame in frames)
    turned = predicted(engine, card, frames[::-1])
    for other in (alone, Predictions(turned.probabilities.flip(0), turned.features.flip(0))):
        assert torch.equal(together.probabilities, other.probabilities)
        assert torch.equal(together.features, other.features)
    torch.testing.assert_close(together.probabilities.sum(1), torch.ones(12), rtol=0, atol=1e-5)


@pytest.mark.parametrize("remedy", ALL, ids=str)
@pytest.mark.parametrize("name", ["crop", "black"])
def test_a_pair_that_does_not_move_changes_nothing(
    engine: Engine, remedied: Callable[..., NetworkCard], natural: list[Photograph], remedy: Remedy, name: str
) -> None:
    network = engine.load(remedied(remedy))
    parts = outcomes(engine, network, natural[:4], create(name, step=0), pairs=2, seed=0)
    rows = [row for part in parts for row in part]
    assert len(rows) == 8
    assert {(row.change, row.changed, row.feature_cosine) for row in rows} == {(0.0, False, 1.0)}


@pytest.mark.parametrize(("remedy", "passes"), list(zip(ALL, [9, 25, 1, 1], strict=True)))
def test_passes_are_counted(remedy: Remedy, passes: int) -> None:
    calls = []

    class Counts(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            assert x.shape == (2, 3, 16, 16)
            calls.append(1)
            return x.mean((2, 3)), x.mean((2, 3))

    remedy.wrap(Counts())(torch.rand(2, 3, 16, 16))
    assert len(calls) == remedy.passes == passes


@pytest.mark.parametrize("wrong", [lambda: ShiftEnsemble(-1), lambda: ContentCrop(0), lambda: ContentCrop(1.1)])
def test_settings_out_of_range_are_refused(wrong: Callable[[], Remedy]) -> None:
    with pytest.raises(ValueError, match="is not accepted"):
        wrong()
