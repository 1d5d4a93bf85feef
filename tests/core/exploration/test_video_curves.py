"""The curves of a video: every frame's answer, stopped, gone on with, kept; what a damaged one leaves."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.experiments.figure_01_trajectories.figure import trajectory
from core.experiments.figure_01_trajectories.roughness import LARGE, jumps
from core.exploration import Store, VideoCurves
from core.exploration import curves as traces
from core.images.png import difference, marked
from core.images.video import Clip, open_video
from core.networks.card import NetworkCard
from tests.support.basics import CLASSES, TinyCard
from tests.support.filmed import film, noise
from tests.support.watched import Watched

pytestmark = pytest.mark.usefixtures("one_thread")
CENTRE = (0.4, 0.7)


@pytest.fixture(scope="module")
def clip() -> Clip:
    return open_video(film(noise(21)), "film.mov")


def curves(clip: Clip, *cards: NetworkCard, **more: Any) -> VideoCurves:
    settings: dict[str, Any] = {"engine": Watched(), "store": Store(), "centre": CENTRE} | more
    return VideoCurves(clip=clip, cards=cards, **settings)


def slowly(card: NetworkCard, frames: list[Any]) -> torch.Tensor:
    """Probabilities (n, K), every frame cut, normalised and predicted by itself."""
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (card.preprocessing.mean, card.preprocessing.std))
    x, y, size, model = 32 - 16, 42 - 16, 32, card.build()
    cuts = [torch.from_numpy(f[y : y + size, x : x + size].copy()).permute(2, 0, 1) for f in frames]
    return torch.stack([model(((cut.float() / 255 - mean) / std)[None]).softmax(1)[0] for cut in cuts])


def test_every_frame_is_what_its_network_says(clip: Clip, tiny_card: TinyCard) -> None:
    cards = (tiny_card(9), tiny_card(4))
    found = curves(clip, *cards)
    assert (found.total, found.strange) == (42, ())
    found.run()
    assert (found.state, found.problems, found.done) == ("done", {}, 42)
    drawn = traces.video_curves(found)
    rows = list(csv.DictReader(io.StringIO(traces.video_csv(found))))
    assert len(rows) == 42
    for k, card in enumerate(cards):
        slow = slowly(card, noise(21))
        assert torch.allclose(found.tracks[card.key].probabilities, slow, atol=1e-5)
        curve, first = drawn[card.key], int(slow[0].argmax())
        assert (curve.slot, curve.watched) == (k, CLASSES[first])
        assert curve.p == pytest.approx(slow[:, first].tolist(), abs=1e-5)
        assert list(curve.values) == pytest.approx([i / 25 for i in range(21)])
        mine = rows[21 * k : 21 * k + 21]
        assert {(row["network"], row["x"], row["y"], row["side"]) for row in mine} == {(card.key, "16", "26", "32")}
        assert [float(row["p"]) for row in mine] == pytest.approx(curve.p)
        assert [row["top1"] for row in mine] == list(curve.top)
    other = traces.video_curves(found, "cup")[cards[0].key]
    assert other.p == pytest.approx(slowly(cards[0], noise(21))[:, CLASSES.index("cup")].tolist(), abs=1e-5)


def test_a_step_is_a_pair_and_its_frames_are_made_again(clip: Clip, tiny_card: TinyCard) -> None:
    card = tiny_card(9)
    found = curves(clip, card)
    found.run()
    p = found.tracks[card.key].probabilities
    for k in (1, 9, 20):
        step, led = found.step(card, k), int(p[k - 1].argmax())
        assert (step.class_before, step.class_after) == (led, int(p[k].argmax()))
        assert (step.p_before, step.p_after) == (float(p[k - 1, led]), float(p[k, led]))
        before, after = found.between(card, k)
        for square, whole in ((before, noise(21)[k - 1]), (after, noise(21)[k])):
            assert np.array_equal(square.permute(1, 2, 0).numpy(), whole[26:58, 16:48])


def test_stopped_within_a_batch_and_gone_on_with(clip: Clip, tiny_card: TinyCard) -> None:
    cards = (tiny_card(9), tiny_card(4))
    whole = curves(clip, *cards)
    whole.run()
    engine = Watched()
    found = curves(clip, *cards, engine=engine)
    assert not found.begun
    engine.step = lambda: found.cancel() if engine.frames in (8, 29) else None  # in the first network, in the second
    with ThreadPoolExecutor(1) as pool:
        for done in (8, 29):
            found.start(pool)
            pool.submit(lambda: None).result()  # after it
            assert (found.state, found.done, found.total, found.begun) == ("cancelled", done, 42, True)
        found.start(pool)
    assert (found.state, found.done, engine.frames) == ("done", 42, 42)  # no frame twice
    for card in cards:
        assert torch.equal(found.tracks[card.key].probabilities, whole.tracks[card.key].probabilities)
        assert found.tracks[card.key].times == whole.tracks[card.key].times


def test_the_next_visitor_finds_it(clip: Clip, tiny_card: TinyCard) -> None:
    store, cards = Store(), (tiny_card(9), tiny_card(4))
    first = curves(clip, cards[0], store=store)
    first.run()
    both = curves(clip, *cards, store=store)
    assert not both.recall()
    engine = Watched()
    both.engine = engine
    both.run()
    assert (both.done, both.total, engine.frames) == (42, 42, 21)  # the new network alone
    again = curves(clip, *cards, store=store)
    assert again.recall()
    assert (again.state, again.done, again.total) == ("done", 42, 42)
    assert not curves(clip, *cards, store=store, centre=(0.5, 0.5)).recall()


def test_what_is_before_the_damage_is_kept(clip: Clip, tiny_card: TinyCard, tmp_path: Path) -> None:
    data = film(noise(21), file=tmp_path / "film.mov")
    card = tiny_card(9)
    found = curves(open_video(data[: len(data) // 2], "cut.mov"), card)
    found.run()
    n = len(found.tracks[card.key].probabilities)
    assert (found.state, found.done, found.total) == ("done", n, n)
    assert 8 <= n <= 12
    assert f"after {n} frames" in str(found.problems[card.key])
    whole = curves(clip, card)
    whole.run()
    assert torch.equal(found.tracks[card.key].probabilities, whole.tracks[card.key].probabilities[:n])
    assert not curves(found.clip, card, store=found.store).recall()


def test_a_network_that_sees_more_than_the_video_costs_its_own_part_alone(tiny_card: TinyCard) -> None:
    card = tiny_card(9)
    found = curves(open_video(film(noise(9, 24, 40)), "small.mov"), card)
    found.run()
    assert (found.state, found.total, traces.video_curves(found)) == ("done", 0, {})
    assert "The video has 40 x 24 pixels. It needs at least 32 x 32" in str(found.problems[card.key])


def test_jumps_are_changes_of_the_answer_and_large_steps() -> None:
    assert LARGE == 0.3
    p, top = [0.9, 0.5, 0.5, 0.2, 0.2, 0.45], ["a", "a", "b", "b", "b", "b"]
    assert jumps(p, top) == [1, 2, 3]
    assert jumps(p, top, 0.35) == [1, 2]
    assert jumps(p, ()) == [1, 3]
    rng = np.random.default_rng(0)
    p, top = rng.random(200).tolist(), rng.choice(["a", "b"], 200).tolist()
    slow = [k for k in range(200) if k and (top[k] != top[k - 1] or abs(p[k] - p[k - 1]) >= 0.3)]
    assert jumps(p, top) == slow


def test_the_figure_marks_jumps(clip: Clip, tiny_card: TinyCard) -> None:
    card = tiny_card(9)
    found = curves(clip, card)
    found.run()
    curve = traces.video_curves(found)[card.key]
    line, marks = trajectory([curve], axis="time (s)", span=(0, 1), large=0.03).data
    assert list(marks.x) == [curve.values[k] for k in jumps(curve.p, curve.top, 0.03)]
    assert len(marks.x) > sum(a != b for a, b in zip(curve.top, curve.top[1:], strict=False))
    assert (marks.name, marks.showlegend) == ("arg-max changes or |Δp| ≥ 0.03", True)
    assert len(line.x) == 21


def test_the_difference_is_amplified_by_what_it_says() -> None:
    before = torch.randint(0, 200, (3, 40, 30), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for apart, factor in ((0, 64), (3, 64), (9, 16), (55, 4)):
        after = before + apart
        found, by = difference(before, after.to(torch.uint8))
        assert by == factor
        assert (found == apart * factor).all()
        assert torch.equal(difference(after.to(torch.uint8), before)[0], found)
    black, white = torch.zeros(3, 8, 8, dtype=torch.uint8), torch.full((3, 8, 8), 255, dtype=torch.uint8)
    assert difference(black, white)[1] == 1


def test_squares_are_drawn_where_they_are_cut() -> None:
    from PIL import Image

    for (height, width), longest in (((60, 80), 80), ((60, 80), 240), ((600, 800), 400)):
        frame = torch.full((3, height, width), 90, dtype=torch.uint8)
        x, y, side = width // 4, height // 4, height // 2
        image = np.asarray(Image.open(io.BytesIO(marked(frame, [(x, y, side)], longest))).convert("L")).astype(int)
        scale = longest / width
        rows, columns = np.nonzero(np.abs(image - 90).max(1) > 5)[0], np.nonzero(np.abs(image - 90).max(0) > 5)[0]
        assert image.shape == (round(height * scale), longest)
        assert abs(columns[0] - x * scale) <= 1
        assert abs(rows[0] - y * scale) <= 1
        assert abs(columns[-1] + 1 - (x + side) * scale) <= 2
