"""Actions of a labeller, saved at once. Widgets call them before the page is drawn again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from core.datasets import Source
from core.errors import BadLabels, PhotobiasError
from core.experiments.figure_05_photographers_bias.labelling import Event, Key, Log, Store, live, to_pixels
from core.experiments.figure_05_photographers_bias.labelling.events import AGAIN, POINT, UNDO
from pages.parts.session import resources, state

TROUBLE = "labels"  # where it is said that something was not saved


def saved(store: Store, labeller: str) -> Log:
    """Return what a labeller has saved so far. Raises BadFolder."""
    key = ("saved", str(store.path(labeller)), store.size(labeller))
    return resources.labelling(key, lambda: store.read(labeller))


def named(key: Key) -> str:
    """Return a photograph's name in the browser."""
    return "\n".join(key)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The photographs to label in their order, the names of the points, the labeller and the store."""

    photographs: Mapping[Key, Source]
    names: tuple[str, ...]
    store: Store
    labeller: str

    def click(self, key: Key, about: Mapping[str, Any], clicks: Sequence[Mapping[str, Any]]) -> None:
        """Save the clicks on this photograph that are not saved yet. One may arrive after it was left."""
        try:
            known = {event.id for event in saved(self.store, self.labeller).events}
            fresh = [one for one in clicks if one["id"] not in known and one["photo"] == named(key)]
            self._save([self._point(key, about, one) for one in fresh])
        except PhotobiasError as problem:
            state.trouble(TROUBLE, problem)

    def close(self, kind: str, key: Key, about: Mapping[str, Any]) -> None:
        """Save NEXT or SKIP."""
        self._save([self._event(kind, key, **about)])

    def again(self, *keys: Key) -> None:
        """Forget what was saved of these photographs."""
        self._save([self._event(AGAIN, key) for key in keys])

    def undo(self) -> None:
        """Undo the last action on these photographs."""
        last = self.last(saved(self.store, self.labeller))
        if last is not None:
            self._save([self._event(UNDO, last.key, undone=last.id)])

    def last(self, log: Log) -> Event | None:
        """Return the action that ``undo`` would undo."""
        return next((event for event in reversed(live(log.events)) if event.key in self.photographs), None)

    def _point(self, key: Key, about: Mapping[str, Any], click: Mapping[str, Any]) -> Event:
        """Return a click as an event. Raises BadLabels: a browser may send anything."""
        point = str(click["point"])
        if point not in self.names:
            raise BadLabels(got=f"a click for {point!r}", wanted=", ".join(self.names), remedy="Click again.")
        x, y = (to_pixels(click[axis], about[side]) for axis, side in (("x", "width"), ("y", "height")))
        return self._event(POINT, key, **about, id=str(click["id"]), point=point, x=x, y=y)

    def _event(self, kind: str, key: Key, **more: Any) -> Event:
        now, (root, name) = datetime.now(UTC).isoformat(timespec="milliseconds"), key
        made = {"id": uuid4().hex, "labeller": self.labeller, "time": now, "root": root, "name": name}
        return Event(kind=kind, **made | more)

    def _save(self, events: Sequence[Event]) -> None:
        """Write events to disk, or show why it was not possible."""
        try:
            if events:
                self.store.append(self.labeller, events)
            state.trouble(TROUBLE, None)
        except PhotobiasError as problem:
            state.trouble(TROUBLE, problem)
