"""Scenes know where their object is: the box that a labeller would draw, exactly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ...errors import Cancelled
from ..scenes import describe
from ..scenes.source import SceneFile
from .boxes import Annotations, listed

KIND = "drawn scenes"


def of_scenes(
    files: Sequence[SceneFile],
    report: Callable[[int], None] = lambda _: None,
    cancel: threading.Event | None = None,
) -> Annotations:
    """The box of each scene's object in a frame of 1 x 1; nothing is drawn. ``report``: how many. Raises Cancelled.

    An object that its photographer lets leave the frame ends where the frame does.
    """
    rows = []
    for file in files:
        if cancel is not None and cancel.is_set():
            raise Cancelled("the description of scenes")
        scene = describe(file.seed, file.photographer, label=file.only)
        x, y = scene.x - scene.width / 2, scene.y - scene.height / 2
        ends = min(1.0, x + scene.width), min(1.0, y + scene.height)
        rows.append((file.name, scene.label, max(0.0, x), max(0.0, y), *ends, 1.0, 1.0))
        report(len(rows))
    return listed(rows, KIND)
