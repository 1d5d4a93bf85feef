"""Properties of the labelling log: an undo is an inverse, and a torn file gives a prefix."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.experiments.figure_05_photographers_bias.labelling import Event, Store, fold, live
from core.experiments.figure_05_photographers_bias.labelling.events import AGAIN, NEXT, POINT, SKIP, parsed
from tests.support.labelled import EYES, event, undo

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def _event(kind: str, photograph: int, point: str, x: float, label: str | None) -> Event:
    return event(kind, f"{photograph}.png", point if kind == POINT else "", x=x, label=label)


EVENTS = st.builds(
    _event,
    kind=st.sampled_from([POINT, NEXT, SKIP, AGAIN]),
    photograph=st.integers(0, 2),
    point=st.sampled_from(EYES),
    x=st.floats(0, 200),
    label=st.none() | TEXTS,
)
LOGS = st.lists(EVENTS, max_size=8)


@given(LOGS, EVENTS)
def test_an_undo_is_an_inverse(events: list[Event], last: Event) -> None:
    undone = [*events, last, undo(last)]
    assert live(undone) == events
    assert fold(undone) == fold(events)


@given(LOGS)
def test_undoing_everything_leaves_nothing(events: list[Event]) -> None:
    assert fold([*events, *map(undo, reversed(events))]) == {}


@given(LOGS, st.integers(0, 8))
def test_an_event_that_arrives_twice_counts_once(events: list[Event], repeated: int) -> None:
    assert live([*events, *events[:repeated]]) == events


@given(EVENTS)
def test_a_line_is_read_as_it_was_written(one: Event) -> None:
    assert parsed(one.line()) == one


@given(LOGS, st.floats(0, 1))
def test_a_torn_file_gives_a_prefix(events: list[Event], share: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.append("me", events)
        path = store.path("me")
        whole = path.read_bytes()
        path.write_bytes(whole[: round(share * len(whole))])
        log = store.read("me")
        assert list(log.events) == events[: len(log.events)]
        assert log.broken <= 1
        last = event(SKIP)
        store.append("me", [last])
        assert store.read("me").events == (*log.events, last)
