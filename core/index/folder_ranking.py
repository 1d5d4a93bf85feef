"""A folder of one's own, its photographs from the most to the least typical of an index (paper, Figure 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..datasets import Source, check_root, is_cifar10, listing
from ..errors import BadPhotograph
from ..images.photographs import Photograph
from ..inference.engine import Engine
from ..inference.pairs import decoded, each_once
from ..jobs.cancel import Cancel
from ..jobs.job import Work
from ..jobs.progress import Meter, Progress, Report
from ..networks.card import NetworkCard
from ..statistics.ranking import ranked
from .search import FeatureIndex
from .typicality import Placed, placed


@dataclass(frozen=True, slots=True, eq=False)
class FolderRanking:
    """``table``: as ``core.statistics.ranking.ranked`` orders it, percentiles and the index's network's answers beside it.

    ``given``: photographs in the folder; ``skipped``: (name, reason). Fewer in both than given: it was stopped.
    ``sources``: digest → where to read it again.
    ``warning``: what has to be said above any number.
    """

    table: pd.DataFrame
    given: int
    skipped: tuple[tuple[str, str], ...]
    sources: Mapping[str, Source]
    warning: str | None

    @property
    def whole(self) -> bool:
        """Whether every photograph of the folder was looked at."""
        return len(self.table) + len(self.skipped) == self.given


@dataclass
class _Reading:
    """The photographs of a folder as they are decoded; those that cannot be used are kept with the reason."""

    files: list[Source]
    cancel: Cancel
    skipped: list[tuple[str, str]] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    drawn: bool = True

    def photographs(self) -> Iterator[Photograph]:
        """Until asked to stop."""
        for file, got in each_once(decoded(self.files)):
            if self.cancel.requested:
                return
            if isinstance(got, Photograph):
                self.sources[got.digest] = file
                self.drawn = self.drawn and got.drawn
                yield got
            else:
                check_root(file, "the ranking")
                self.skipped.append((file.name, str(got)))


def rank_folder(place: str, card: NetworkCard, index: FeatureIndex, engine: Engine) -> Work[FolderRanking]:
    """Return work for a Task: ``place`` is a folder or ``scenes:…``, ``card`` the index's network.

    Stopped, it gives the ranking of those that are done. Raises BadFolder, IndexMismatch, WeightsUnavailable, and
    BadPhotograph where none can be used.
    """

    def work(report: Report, cancel: Cancel) -> FolderRanking:
        report(Progress(stage="Listing the photographs"))
        files = listing(place)
        report(Progress(stage=f"Loading {card.name}"))
        network = engine.load(card)
        meter = Meter(report, len(files), f"Typicality of {len(files):,} photographs")
        meter.set()
        reading, rows = _Reading(files, cancel), list[Placed]()
        for row in placed(engine, network, index, reading.photographs()):
            rows.append(row)
            meter(len(rows) + len(reading.skipped))
        if not rows and not cancel.requested:
            first = f" (the first: {reading.skipped[0][1]})" if reading.skipped else ""
            raise BadPhotograph(
                got=f"no usable photograph among {len(files)} in {place}{first}",
                wanted="at least one",
                remedy="Choose another folder.",
            )
        warning = card.warning_for(drawn=reading.drawn, own=is_cifar10(files))
        return FolderRanking(ranked(table(rows)), len(files), tuple(reading.skipped), reading.sources, warning)

    return work


def table(rows: Iterable[Placed]) -> pd.DataFrame:
    """One row a photograph, in the order given; columns as ``core.statistics.ranking.ranked`` takes them."""
    columns = ("digest", "name", "label", "typicality", "percentile", "predicted", "confidence")
    values = [
        (
            one.digest,
            one.name,
            one.label,
            one.typicality.value,
            one.typicality.percentile,
            one.predicted,
            one.confidence,
        )
        for one in rows
    ]
    return pd.DataFrame(values, columns=pd.Index(columns))
