"""Samples of a labelled source: N photographs of each class, chosen by a seed and their names alone."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..errors import BadFolder


class Named(Protocol):
    """A photograph with a name below its root, and a label."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str | None: ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A rule that takes ``per_class`` photographs of each class. Smaller draws of one seed are parts of larger ones."""

    per_class: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.per_class < 1:
            raise ValueError(f"per_class is {self.per_class}: it must be at least 1.")

    def take(self, photographs: Iterable[T]) -> list[T]:
        """Return the drawn photographs in their order. Raises BadFolder where none has a label.

        A class with fewer photographs gives all of them. Photographs without a label are left out. The choice follows
        from the seed and the names, not from the order of the listing.
        """
        ordered = list(photographs)
        classes = defaultdict[str, list[int]](list)
        for number, photo in enumerate(ordered):
            if photo.label is not None:
                classes[photo.label].append(number)
        if not classes:
            raise BadFolder(
                f"None of {len(ordered):,} photographs has a label.",
                "A sample takes photographs of each class.",
                "Give a labelled source, such as a folder with one folder per class, or index all photographs.",
            )
        chosen = [
            number
            for members in classes.values()
            for number in sorted(members, key=lambda n: (self._rank(ordered[n].name), n))[: self.per_class]
        ]
        return [ordered[number] for number in sorted(chosen)]

    def _rank(self, name: str) -> bytes:
        return hashlib.sha256(f"{self.seed}/{name}".encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Record of a draw in an index's manifest.

    ``given``: photographs of the source. ``unlabelled``: those without a label, which are left out. ``small``: classes
    with fewer photographs than ``per_class``.
    """

    per_class: int
    seed: int
    given: int
    classes: int
    unlabelled: int
    small: int

    @staticmethod
    def of(draw: Draw, given: Iterable[Named]) -> Sample:
        """Return the record of a draw from these photographs."""
        counts = defaultdict[str | None, int](int)
        for photo in given:
            counts[photo.label] += 1
        unlabelled = counts.pop(None, 0)
        return Sample(
            per_class=draw.per_class,
            seed=draw.seed,
            given=unlabelled + sum(counts.values()),
            classes=len(counts),
            unlabelled=unlabelled,
            small=sum(count < draw.per_class for count in counts.values()),
        )

    def __str__(self) -> str:
        """Describe the sample in a phrase: "a sample: 50 of each of 10 classes, seed 0"."""
        small = f", all of {self.small:,} class{'es' * (self.small != 1)} with fewer" if self.small else ""
        return f"a sample: {self.per_class:,} of each of {self.classes:,} classes{small}, seed {self.seed}"

    @property
    def warning(self) -> str:
        """The sentences to show with every typicality in the index."""
        left_out = f" {self.unlabelled:,} photographs without a label were left out." if self.unlabelled else ""
        return (
            f"The index is {self}, of {self.given:,} photographs.{left_out} Typicality among a sample is lower than "
            "among all photographs: compare it only with values of the same index."
        )
