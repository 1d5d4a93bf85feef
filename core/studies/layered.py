"""Base class of studies in which readouts of a network's layers answer, a row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from ..datasets import Source
from ..errors import BadFolder, BadProtocol
from .config import Study

SMALL_CLASS = 8  # training photographs of a class in a trial


@dataclass(frozen=True, kw_only=True)
class LayeredStudy(Study):
    """Readouts are trained on the photographs in ``train``, one centre crop each.

    ``classes``: those of the readouts; None: all that the study's photographs have, before any limit. Training
    photographs of other classes are left out. ``per_class``: only the first so many training photographs of each.
    """

    train: str = ""
    classes: tuple[str, ...] | None = None
    per_class: int | None = None

    own = ("train", "per_class")
    layered = True
    counts = "pairs and training photographs"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.per_class is not None and self.per_class < 2:
            raise BadProtocol(
                got=f"{self.per_class} training photograph of each class",
                wanted="two at least: one is held out",
                remedy="Ask for more.",
            )

    def settled(self, sources: Sequence[Source]) -> Self:
        """The classes, from all photographs. Raises BadFolder where none has a label."""
        found = {file.label for file in sources if file.label is not None}
        if not found:
            raise BadFolder(
                got="photographs without labels",
                wanted="some whose classes are known, for the accuracy of readouts",
                remedy="Sort them into a folder for each class, or put a labels.csv beside them.",
            )
        return self if self.classes is not None else replace(self, classes=tuple(sorted(found)))

    def small(self) -> Self:
        """A trial: few pairs, few training photographs."""
        return replace(super().small(), per_class=min(self.per_class or SMALL_CLASS, SMALL_CLASS))
