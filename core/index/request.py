"""Request for an index on this server: checked, sized and timed before it starts, then built."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from ..datasets import hub, parquet
from ..errors import BadFolder
from ..inference.engine import Engine
from ..jobs.cancel import Cancel
from ..jobs.job import Work
from ..jobs.progress import Progress, Report
from ..networks.card import NetworkCard
from ..storage.data_folder import DataFolder
from .build import SHARD_ROWS, build, listed
from .estimate import estimate
from .plan import Plan, check
from .sampling import Draw, Sample

ROW_BYTES, THUMBNAIL_BYTES = 200, 4_000  # of a row's name and digest, and of a small picture, about


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Size of a requested index: photographs and held-out ones, classes, estimated seconds, bytes on disk.

    ``downloaded``: bytes to download; None for photographs on this machine.
    """

    photographs: int
    references: int
    classes: int
    sample: Sample | None
    seconds: float
    stored: int
    downloaded: int | None


@dataclass(frozen=True, kw_only=True)
class IndexRequest:
    """Index of the photographs of a place, by one network, in a folder ``name`` among the user's indexes.

    ``reference``: held-out photographs, for percentiles. ``draw``: the sample, None for all photographs. ``token``: for
    a gated data set on the hub. It stays in memory, and no representation of the request shows it.
    """

    place: str
    name: str
    card: NetworkCard
    reference: str | None = None
    draw: Draw | None = None
    token: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise BadFolder for a name that cannot be a folder's, or for no place."""
        if not re.fullmatch(r"[^\W_][\w.-]{0,63}", self.name):
            raise BadFolder(
                f"{self.name!r} cannot be the name of an index.",
                "A name has up to 64 letters, digits, and the characters . _ -, and begins with a letter or digit.",
                "Choose another name.",
            )
        if not self.place:
            raise BadFolder(
                "No photographs were named.", "Give a folder, tar files or an address.", "Fill in the field."
            )

    @property
    def on_hub(self) -> bool:
        """True if the photographs are downloaded while the index is built; it then keeps small pictures of them."""
        return hub.is_address(self.place)

    def folder(self, data: DataFolder) -> Path:
        """Return the folder of the index."""
        return data.indexes / self.name

    def prepare(self, engine: Engine, data: DataFolder) -> Work[Preparation]:
        """Return the work of a Task that lists the photographs and estimates the build, which it does not start.

        It raises BadFolder for photographs that cannot be listed, IndexMismatch for a name that another index has.
        """

        def work(report: Report, cancel: Cancel) -> Preparation:
            report(Progress(stage="Listing the photographs"))
            with parquet.authorised(self.place, self.token):
                files, queries, sample = listed(self.place, self.reference, self.draw)
                check(Plan.of(files, queries, self.card, SHARD_ROWS, self.draw), self.folder(data))
                cancel.check("the listing")
                rows = cast(list[parquet.RowPhoto], files)
                downloaded = parquet.size(rows) if self.on_hub else None
            report(Progress(stage=f"Timing a few frames of {self.card.title}"))
            each = estimate(engine, self.card)
            bytes_each = 2 * each.dim + ROW_BYTES + self.on_hub * THUMBNAIL_BYTES
            return Preparation(
                photographs=len(files),
                references=len(queries),
                classes=len({file.label for file in files if file.label is not None}),
                sample=sample,
                seconds=each.seconds * (len(files) + len(queries)),
                stored=bytes_each * len(files),
                downloaded=downloaded,
            )

        return work

    def build(self, engine: Engine, data: DataFolder) -> Work[Path]:
        """Return the work of a Task that builds the index, or the rest of it, and returns its folder."""

        def work(report: Report, cancel: Cancel) -> Path:
            report(Progress(stage="Listing the photographs"))
            stage = f"Indexing with {self.card.title}"
            with parquet.authorised(self.place, self.token):
                build(
                    self.place,
                    self.card,
                    engine,
                    self.folder(data),
                    reference=self.reference,
                    draw=self.draw,
                    thumbnails=self.on_hub,
                    progress=lambda p: report(replace(p, stage=stage)),
                    cancel=cancel,
                )
            return self.folder(data)

        return work
