"""What labellers did, one event each, and what follows from it: nothing is ever changed, an undo is an event too."""

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
    """``kind``: POINT, clicked at ``x``, ``y``, in pixels of the upright photograph at its own size from the left and
    top edge of the frame; NEXT, the rest of its points are not to be seen; SKIP, it is passed over; AGAIN, what was
    said of it is forgotten; UNDO, the event of the id ``undone`` has not been.

    ``id``: an event that arrives twice counts once. ``digest``, ``width``, ``height``: of the photograph, its class
    ``label`` where known. ``time``: UTC, ISO 8601.
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
        """Whose photograph's it is."""
        return self.root, self.name

    def line(self) -> bytes:
        """As a file keeps it: JSON, and the line's end."""
        return json.dumps(asdict(self), ensure_ascii=False).encode() + b"\n"


_IN_JSON: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, type(None)),
    "int": (int,),
    "float": (int, float),
}
_TYPES = {f.name: _IN_JSON[str(f.type)] for f in fields(Event)}


def parsed(line: bytes) -> Event | None:
    """The event of a line; None of one that is torn, or is something else."""
    try:
        values: Any = json.loads(line)
    except (ValueError, RecursionError):  # not UTF-8, or no JSON
        return None
    known = isinstance(values, dict) and values.keys() == _TYPES.keys() and values.get("kind") in KINDS
    if not known or not all(isinstance(values[name], kind) for name, kind in _TYPES.items()):
        return None
    return Event(**values) if values["kind"] != POINT or _inside(values) else None


def _inside(values: Mapping[str, Any]) -> bool:
    return bool(values["point"]) and 0 <= values["x"] <= values["width"] and 0 <= values["y"] <= values["height"]


@dataclass(frozen=True, slots=True)
class Labels:
    """What one labeller has said of one photograph: ``points`` by name; ``closed``: NEXT or SKIP, where that was."""

    points: Mapping[str, Event] = field(default_factory=dict)
    closed: str = ""

    @property
    def skipped(self) -> bool:
        """Whether it is passed over, with what was clicked on it before."""
        return self.closed == SKIP

    def ended(self, points: Collection[str]) -> bool:
        """Whether nothing is left to be clicked."""
        return bool(self.closed) or all(name in self.points for name in points)


def live(events: Sequence[Event]) -> list[Event]:
    """What was done and not undone, in its order."""
    undone = {event.undone for event in events if event.kind == UNDO}
    once: dict[str, Event] = {}
    for event in events:
        once.setdefault(event.id, event)
    return [event for event in once.values() if event.kind != UNDO and event.id not in undone]


def fold(events: Sequence[Event]) -> dict[Key, Labels]:
    """One labeller's events → what they say of each photograph."""
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
    """The first photograph on which something is left to be clicked, those ``passed`` over aside; None: none is."""
    fresh = Labels()
    return next((key for key in order if key not in passed and not labels.get(key, fresh).ended(points)), None)


def counts(photographs: Container[Key], labels: Mapping[Key, Labels], points: Collection[str]) -> tuple[int, int]:
    """How many of these photographs are labelled, and how many are skipped."""
    ended = [label for key, label in labels.items() if key in photographs and label.ended(points)]
    skipped = sum(label.skipped for label in ended)
    return len(ended) - skipped, skipped


def to_pixels(share: object, side: int) -> float:
    """A click at that share of the shown picture's side, 0 at its left or top edge and 1 at the other → pixels of the
    photograph. Raises BadLabels: browsers may send anything."""
    if not isinstance(share, int | float) or not math.isfinite(share) or not 0 <= share <= 1:
        raise BadLabels(got=f"a click at {share!r}", wanted="a share of the picture, 0 to 1", remedy="Click again.")
    return float(share) * side
