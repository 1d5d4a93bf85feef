"""The base class of studies that measure linear probes of a network's layers, one row each."""

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
    """A study with linear probes, which are trained on the centre crops of the photographs in ``train``.

    ``classes`` are those of the probes; None means all classes of the study's photographs, before any limit. Training
    photographs of other classes are skipped. ``per_class`` limits the training photographs of each class.
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
                f"The study would use {self.per_class} training photograph of each class.",
                "It needs at least two, because one is held out.",
                "Choose a larger number.",
            )

    def settled(self, sources: Sequence[Source]) -> Self:
        """Return the study with the classes of all photographs. Raises BadFolder if none has a label."""
        classes = {file.label for file in sources if file.label is not None}
        if not classes:
            raise BadFolder(
                "The photographs have no labels.",
                "The accuracy of linear probes needs photographs with labels.",
                "Sort them into one folder for each class, or add a labels.csv to their folder.",
            )
        return self if self.classes is not None else replace(self, classes=tuple(sorted(classes)))

    def small(self) -> Self:
        """Return a trial of the study: few pairs, few training photographs."""
        return replace(super().small(), per_class=min(self.per_class or SMALL_CLASS, SMALL_CLASS))
