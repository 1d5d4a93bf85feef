"""A folder's photographs ranked from the most to the least typical of an index (paper, Figure 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from ..datasets import Source, check_root, is_cifar10, listing
from ..datasets.colours import with_colour
from ..datasets.decoding import decoded, each_once
from ..errors import BadPhotograph
from ..images.photographs import Photograph
from ..inference.engine import Engine
from ..jobs.cancel import Cancel
from ..jobs.job import Work
from ..jobs.progress import Meter, Progress, Report
from ..networks.card import NetworkCard
from ..statistics.ranking import ranked
from .search import FeatureIndex
from .typicality import Rating, rate


@dataclass(frozen=True, slots=True, eq=False)
class FolderRanking:
    """The ranking of a folder.

    ``table``: as ``core.statistics.ranking.ranked`` orders it, with percentiles and the answers of the index's network;
    ``note`` holds the warnings of a row, such as why a percentile is missing.
    ``given``: number of photographs in the folder. ``skipped``: (name, reason). ``sources``: digest → where to read the
    photograph again. ``warning``: text to show above the numbers.
    """

    table: pd.DataFrame
    given: int
    skipped: tuple[tuple[str, str], ...]
    sources: Mapping[str, Source]
    warning: str | None

    @property
    def whole(self) -> bool:
        """True if every photograph of the folder was ranked or skipped; False after a cancel."""
        return len(self.table) + len(self.skipped) == self.given


def rank_folder(place: str, card: NetworkCard, index: FeatureIndex, engine: Engine) -> Work[FolderRanking]:
    """Return the work of a Task that ranks the photographs of ``place``, a folder or ``scenes:…``.

    ``card`` is the index's network. After a cancel the work returns the ranking of the photographs that are done. It
    raises BadFolder, IndexMismatch, WeightsUnavailable, and BadPhotograph where no photograph can be used.
    """

    def work(report: Report, cancel: Cancel) -> FolderRanking:
        report(Progress(stage="Listing the photographs"))
        files = with_colour(listing(place), "srgb")
        report(Progress(stage=f"Loading {card.name}"))
        network = engine.load(card)
        meter = Meter(report, len(files), f"Typicality of {len(files):,} photographs")
        meter.set()
        rows, skipped = list[Rating](), list[tuple[str, str]]()
        sources, drawn = dict[str, Source](), set[bool]()

        def photographs() -> Iterator[Photograph]:
            for file, result in each_once(decoded(files)):
                if cancel.requested:
                    return
                if isinstance(result, Photograph):
                    sources[result.digest] = file
                    drawn.add(result.drawn)
                    yield result
                else:
                    check_root(file, "the ranking")
                    skipped.append((file.name, str(result)))

        for row in rate(engine, network, index, photographs()):
            rows.append(row)
            meter(len(rows) + len(skipped))
            if cancel.requested:
                break
        if not rows and not cancel.requested:
            first = f" (the first: {skipped[0][1].rstrip('.')})" if skipped else ""
            raise BadPhotograph(
                f"None of {len(files)} photographs in {place} is usable{first}.",
                "At least one is needed.",
                "Choose another folder.",
            )
        warning = card.warning_for(drawn=False not in drawn, own=is_cifar10(files))
        return FolderRanking(ranked(table(rows)), len(files), tuple(skipped), sources, warning)

    return work


def table(rows: Iterable[Rating]) -> pd.DataFrame:
    """Return one row a photograph, in the order given, with the columns of ``core.statistics.ranking.ranked``."""
    columns = ("digest", "name", "label", "typicality", "percentile", "predicted", "confidence", "note")
    values = [
        (
            row.digest,
            row.name,
            row.label,
            row.typicality.value,
            row.typicality.percentile,
            row.predicted,
            row.confidence,
            " ".join(row.typicality.warnings) or None,
        )
        for row in rows
    ]
    return pd.DataFrame(values, columns=pd.Index(columns))
