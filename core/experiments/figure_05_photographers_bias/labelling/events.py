"""Events of labelling, and the labels that follow from them. No event is ever changed: an undo is an event too."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ....errors import BadLabels

POINT, NEXT, SKIP, UNDO, AGAIN = "point", "next", "skip", "undo", "again"
KINDS = (POINT, NEXT, SKIP, UNDO, AGAIN)
Key = tuple[str, str]  # root and name of a photograph, as its source has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One action of a labeller on one photograph; ``kind`` says which.

    - POINT: clicked ``point`` at ``x``, ``y``, in pixels of the upright photograph from its left and top edge.
    - NEXT: the other points cannot be seen.
    - SKIP: the photograph is left out.
    - AGAIN: all labels of the photograph are discarded.
    - UNDO: the event with the id ``undone`` is taken back.

    ``id``: an event that arrives twice counts once. ``digest``, ``width``, ``height``: of the photograph; ``label``:
    its class where known. ``time``: UTC, ISO 8601.
    """

    kind: str
    id: str
    labeller: str
    time: str
    root: str
    name: str = ""
    digest: str = ""
    label: str | None = None
    width: int = 0
    height: int = 0
    point: str = ""
    x: float = 0.0
    y: float = 0.0
    undone: str = ""

    @property
    def key(self) -> Key:
        """Return root and name of the photograph."""
        return self.root, self.name

    def line(self) -> bytes:
        """Return the event as a line of a file: JSON and a newline."""
        return json.dumps(asdict(self), ensure_ascii=False).encode() + b"\n"


_IN_JSON: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, type(None)),
    "int": (int,),
    "float": (int, float),
}
_TYPES = {f.name: _IN_JSON[str(f.type)] for f in fields(Event)}


def parsed(line: bytes) -> Event | None:
    """Return the event of a line; None for a torn line or another text."""
    try:
        values: Any = json.loads(line)
    except (ValueError, RecursionError):  # not UTF-8, or no JSON
        return None
    is_event = isinstance(values, dict) and values.keys() == _TYPES.keys() and values.get("kind") in KINDS
    if not is_event or not all(isinstance(values[name], kind) for name, kind in _TYPES.items()):
        return None
    return Event(**values) if values["kind"] != POINT or _inside(values) else None


def _inside(values: Mapping[str, Any]) -> bool:
    return bool(values["point"]) and 0 <= values["x"] <= values["width"] and 0 <= values["y"] <= values["height"]


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one photograph by one labeller: ``points`` by name; ``closed``: NEXT or SKIP, if one was chosen."""

    points: Mapping[str, Event] = field(default_factory=dict)
    closed: str = ""

    @property
    def skipped(self) -> bool:
        """Return whether the photograph is left out, together with its points."""
        return self.closed == SKIP

    def ended(self, points: Collection[str]) -> bool:
        """Return whether no point is left to be clicked."""
        return bool(self.closed) or all(name in self.points for name in points)


def live(events: Sequence[Event]) -> list[Event]:
    """Return the events that were not undone, each once, in their order."""
    undone = {event.undone for event in events if event.kind == UNDO}
    once: dict[str, Event] = {}
    for event in events:
        once.setdefault(event.id, event)
    return [event for event in once.values() if event.kind != UNDO and event.id not in undone]


def fold(events: Sequence[Event]) -> dict[Key, Labels]:
    """Return the labels of each photograph that follow from one labeller's events."""
    labels: dict[Key, Labels] = {}
    for event in live(events):
        before = labels.pop(event.key, Labels())
        if event.kind == POINT:
            labels[event.key] = Labels({**before.points, event.point: event}, before.closed)
        elif event.kind != AGAIN:
            labels[event.key] = Labels(before.points, event.kind)
    return labels


def next_of(
    order: Iterable[Key], labels: Mapping[Key, Labels], points: Collection[str], passed: Container[Key] = ()
) -> Key | None:
    """Return the first photograph on which a point is left to be clicked, not counting ``passed``; None without one."""
    fresh = Labels()
    return next((key for key in order if key not in passed and not labels.get(key, fresh).ended(points)), None)


def counts(photographs: Container[Key], labels: Mapping[Key, Labels], points: Collection[str]) -> tuple[int, int]:
    """Return how many of these photographs are labelled, and how many are skipped."""
    ended = [label for key, label in labels.items() if key in photographs and label.ended(points)]
    skipped = sum(label.skipped for label in ended)
    return len(ended) - skipped, skipped


def to_pixels(share: object, side: int) -> float:
    """Return a click at a share of the shown picture's side (0 ... 1) in pixels of the photograph.

    Raises BadLabels, since browsers may send anything.

    >>> to_pixels(0.25, 400)
    100.0
    """
    if not isinstance(share, int | float) or not math.isfinite(share) or not 0 <= share <= 1:
        raise BadLabels(f"A click was at {share!r}.", "It must be a share of the picture, 0 to 1.", "Click again.")
    return float(share) * side
