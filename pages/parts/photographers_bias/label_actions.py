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

TROUBLE = "labels"  # name of the message that something was not saved


def read_log(store: Store, labeller: str) -> Log:
    """Return what a labeller has saved so far. Raises BadFolder."""
    key = ("saved", str(store.path(labeller)), store.size(labeller))
    return resources.share_labelling(key, lambda: store.read(labeller))


def format_key(key: Key) -> str:
    """Return a photograph's name in the browser."""
    return "\n".join(key)


@dataclass(frozen=True, slots=True, eq=False)
class LabellingTask:
    """The photographs to label in their order, the names of the points, the labeller and the store."""

    photographs: Mapping[Key, Source]
    names: tuple[str, ...]
    store: Store
    labeller: str

    def click(self, key: Key, about: Mapping[str, Any], clicks: Sequence[Mapping[str, Any]]) -> None:
        """Save the unsaved clicks on this photograph. A click may arrive after the next photograph is shown."""
        try:
            saved = {event.id for event in read_log(self.store, self.labeller).events}
            new = [click for click in clicks if click["id"] not in saved and click["photo"] == format_key(key)]
            self._save([self._make_point(key, about, click) for click in new])
        except PhotobiasError as problem:
            state.store_problem(TROUBLE, problem)

    def close(self, kind: str, key: Key, about: Mapping[str, Any]) -> None:
        """Save NEXT or SKIP."""
        self._save([self._make_event(kind, key, **about)])

    def forget(self, *keys: Key) -> None:
        """Forget what was saved of these photographs."""
        self._save([self._make_event(AGAIN, key) for key in keys])

    def undo(self) -> None:
        """Undo the last action on these photographs."""
        last = self.find_last(read_log(self.store, self.labeller))
        if last is not None:
            self._save([self._make_event(UNDO, last.key, undone=last.id)])

    def find_last(self, log: Log) -> Event | None:
        """Return the action that ``undo`` would undo."""
        return next((event for event in reversed(live(log.events)) if event.key in self.photographs), None)

    def _make_point(self, key: Key, about: Mapping[str, Any], click: Mapping[str, Any]) -> Event:
        """Return a click as an event. Raises BadLabels: a browser may send anything."""
        point = str(click["point"])
        if point not in self.names:
            raise BadLabels(f"A click was for {point!r}.", f"The points are {', '.join(self.names)}.", "Click again.")
        x, y = (to_pixels(click[axis], about[side]) for axis, side in (("x", "width"), ("y", "height")))
        return self._make_event(POINT, key, **about, id=str(click["id"]), point=point, x=x, y=y)

    def _make_event(self, kind: str, key: Key, **more: Any) -> Event:
        now, (root, name) = datetime.now(UTC).isoformat(timespec="milliseconds"), key
        fields = {"id": uuid4().hex, "labeller": self.labeller, "time": now, "root": root, "name": name}
        return Event(kind=kind, **fields | more)

    def _save(self, events: Sequence[Event]) -> None:
        """Write events to disk, or show why it was not possible."""
        try:
            if events:
                self.store.append(self.labeller, events)
            state.store_problem(TROUBLE, None)
        except PhotobiasError as problem:
            state.store_problem(TROUBLE, problem)
