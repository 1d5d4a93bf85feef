"""The photographs that a study's linear probes are trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..datasets import Source, listing
from ..errors import BadFolder, StudyMismatch
from ..networks.card import Labels, choices
from .layered import LayeredStudy


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Labelled photographs of the probes' classes, in the order in which ``place`` lists them."""

    place: str
    sources: Sequence[Source]
    labels: Labels

    @staticmethod
    def of(study: LayeredStudy) -> TrainingSet:
        """Return the training set of a study. Raises StudyMismatch if it has none, BadFolder if it cannot be used."""
        if not study.train:
            raise StudyMismatch(
                f"The study {study.name} ({study.paper}) was started without --train PLACE.",
                "It needs labelled photographs to train linear probes on.",
                "Name them with --train PLACE.",
            )
        labelled = [(file, str(file.label)) for file in listing(study.train) if file.label is not None]
        if not labelled:
            raise BadFolder(
                f"The photographs of {study.train} have no labels.",
                "Training photographs need labels.",
                "Sort them into one folder for each class, or add a labels.csv to their folder.",
            )
        labels = Labels(study.classes or tuple(sorted({label for _, label in labelled})))
        kept, count = list[Source](), Counter[str]()
        for file, label in labelled:
            if labels.find(label) is not None and count[label] < (study.per_class or len(labelled)):
                kept.append(file)
                count[label] += 1
        training = TrainingSet(study.train, kept, labels)
        training.check(count)
        return training

    def check(self, count: Counter[str]) -> None:
        """Raise BadFolder unless there are two classes with two photographs each, one of which is held out.

        ``count`` has the number of usable photographs of each class.
        """
        names = self.labels.names
        if len(names) < 2:
            raise BadFolder(
                f"All photographs are of one class, {', '.join(names)}.",
                "At least two classes are needed.",
                "Choose photographs of more classes.",
            )
        if few := [name for name in names if count[name] < 2]:
            none = [name for name in few if not count[name]]
            raise BadFolder(
                f"{self.place} has {'no' if none else 'only one'} usable photograph of {choices(none or few, 4)}.",
                "At least two training photographs of each tested class are needed.",
                "Add training photographs, or test with photographs of other classes.",
            )
