"""The photographs that a study's readouts learn from."""

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
    """Labelled photographs of the readouts' classes, in the order of ``place``."""

    place: str
    sources: Sequence[Source]
    labels: Labels

    @staticmethod
    def of(study: LayeredStudy) -> TrainingSet:
        """As the study names it. Raises StudyMismatch where it names none, BadFolder where nothing can be learned."""
        if not study.train:
            raise StudyMismatch(
                got=f"the study {study.name} ({study.paper}) without --train PLACE",
                wanted="labelled photographs to train readouts on",
                remedy="Name them with --train PLACE.",
            )
        known = [(file, str(file.label)) for file in listing(study.train) if file.label is not None]
        if not known:
            raise BadFolder(
                got=f"{study.train}, whose photographs have no labels",
                wanted="training photographs of known classes",
                remedy="Sort them into a folder for each class, or put a labels.csv beside them.",
            )
        labels = Labels(study.classes or tuple(sorted({label for _, label in known})))
        kept, count = list[Source](), Counter[str]()
        for file, label in known:
            if labels.find(label) is not None and count[label] < (study.per_class or len(known)):
                kept.append(file)
                count[label] += 1
        found = TrainingSet(study.train, kept, labels)
        found.check(count)
        return found

    def check(self, count: Counter[str]) -> None:
        """``count``: usable photographs of each class. Raises BadFolder unless there are two classes, and two of each:
        one is held out."""
        names = self.labels.names
        if len(names) < 2:
            raise BadFolder(
                got=f"photographs of one class, {', '.join(names)}",
                wanted="two classes at least, to tell apart",
                remedy="Choose photographs of more classes.",
            )
        if few := [name for name in names if count[name] < 2]:
            none = [name for name in few if not count[name]]
            raise BadFolder(
                got=f"{self.place} with {'no' if none else 'one'} usable photograph of {choices(none or few, 4)}",
                wanted="two training photographs at least of each class that is tested",
                remedy="Add some, or test with photographs of other classes.",
            )
