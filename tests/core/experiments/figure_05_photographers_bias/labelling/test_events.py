"""Events of labelling, against slow references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BadLabels
from core.experiments.figure_05_photographers_bias.labelling import (
    Event,
    Key,
    Labels,
    Log,
    Store,
    counts,
    fold,
    live,
    next_of,
    to_pixels,
)
from core.experiments.figure_05_photographers_bias.labelling.events import AGAIN, NEXT, POINT, SKIP, UNDO, parsed
from tests.support.labelled import EYES, clicked, event, undo

GOOD = event(x=3.5, y=2, label="dog")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "jump"},
        {"x": "3"},
        {"x": -0.1},
        {"x": 200.1},
        {"y": 100.5},
        {"x": float("nan")},
        {"y": float("inf")},
        {"point": ""},
        {"width": 2.5},
        {"name": None},
        {"label": 3},
    ],
)
def test_what_no_labeller_wrote_is_no_event(change: dict[str, Any]) -> None:
    assert parsed(GOOD.line()) == GOOD
    assert parsed(replace(GOOD, **change).line()) is None


@pytest.mark.parametrize(
    "line", [b"3", b"[]", b"{}", b"\xff\xfe", b"null", 5000 * b"[", GOOD.line().replace(b'"x"', b'"z"')]
)
def test_other_lines_are_passed_over(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "me.jsonl").write_bytes(line + b"\n" + GOOD.line() + line)
    assert Store(tmp_path).read("me") == Log((GOOD,), 2)


def slow(acts: Sequence[Event]) -> dict[Key, tuple[dict[str, float], str]]:
    """Acts that were not undone → photograph → x by point, and how it was closed: step by step."""
    state: dict[Key, tuple[dict[str, float], str]] = {}
    for act in acts:
        xs, closed = state.get(act.key, ({}, ""))
        if act.kind == POINT:
            state[act.key] = {**xs, act.point: act.x}, closed
        elif act.kind == AGAIN:
            state.pop(act.key, None)
        else:
            state[act.key] = xs, act.kind
    return state


def test_events_fold_as_they_were_done() -> None:
    rng = np.random.default_rng(1)
    undone = 0
    for _ in range(200):
        events, acts = list[Event](), list[Event]()
        for _ in range(rng.integers(25)):
            kind = str(rng.choice([POINT, POINT, POINT, NEXT, SKIP, AGAIN, UNDO]))
            if kind == UNDO:
                if acts:
                    events.append(undo(acts.pop()))
                    undone += 1
                continue
            one = event(kind, f"{rng.integers(3)}.png", str(rng.choice(EYES)), x=float(rng.uniform(0, 200)))
            acts.append(one)
            events.append(one)
        found = {key: ({n: e.x for n, e in one.points.items()}, one.closed) for key, one in fold(events).items()}
        assert found == slow(acts)
        assert live(events) == acts
        again = [*events, *events[len(events) // 2 :]]  # what arrives twice counts once
        assert live(again) == acts
    assert undone > 100


def test_the_next_photograph_is_the_first_with_something_left() -> None:
    order = [("/d", f"{k}.png") for k in range(5)]
    left = clicked("0.png", (1, 1))
    both, skip, rest = clicked("1.png", (1, 1), (2, 2)), event(SKIP, "2.png"), event(NEXT, "3.png")
    labels = fold([*left, *both, skip, rest])
    assert next_of(order, labels, EYES) == order[0]
    assert next_of(order, labels, EYES[:1]) == order[4]
    assert next_of(order, labels, EYES, {order[0]}) == order[4]
    assert next_of(order[1:4], labels, EYES) is None
    assert next_of(order, fold([*left, *both, skip, rest, undo(both[1])]), EYES, {order[0]}) == order[1]
    assert next_of(order, {}, EYES) == order[0]
    assert counts(set(order), labels, EYES) == (2, 1)
    assert counts(set(order), labels, EYES[:1]) == (3, 1)
    assert counts({order[3]}, labels, EYES) == (1, 0)
    assert Labels().ended(EYES) is False


def test_a_click_is_a_place_in_the_photograph() -> None:
    assert [to_pixels(share, 480) for share in (0, 0.5, 1, 1 / 3)] == [0, 240, 480, 160]
    for share in (-0.01, 1.01, float("nan"), float("inf"), "0.5", None):
        with pytest.raises(BadLabels, match="a share of the picture"):
            to_pixels(share, 480)
