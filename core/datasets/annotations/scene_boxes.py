"""The exact boxes of drawn scenes."""

from __future__ import annotations

from collections.abc import Sequence

from ...jobs.cancel import Cancel
from ...jobs.progress import Meter, Report
from ..scenes import describe
from ..scenes.source import SceneFile
from .boxes import Annotations, from_rows

KIND = "drawn scenes"


def scene_boxes(
    files: Sequence[SceneFile],
    report: Report | None = None,
    cancel: Cancel | None = None,
) -> Annotations:
    """Return the box of each scene's object in a frame of 1 x 1, without drawing anything.

    An object that extends beyond the frame ends at the frame's edge. ``report`` is called with the number of scenes
    done. Raises Cancelled.
    """
    rows, cancel, meter = [], cancel or Cancel(), Meter(report, len(files), "describing scenes")
    for file in files:
        cancel.check("the description of scenes")
        scene = describe(file.seed, file.photographer, label=file.only)
        x, y = scene.x - scene.width / 2, scene.y - scene.height / 2
        ends = min(1.0, x + scene.width), min(1.0, y + scene.height)
        rows.append((file.name, scene.label, max(0.0, x), max(0.0, y), *ends, 1.0, 1.0))
        meter(len(rows))
    return from_rows(rows, KIND)
