"""Photographs → shards of features. Threads decode and crop ahead, so that the device never waits for a file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch

from core.datasets import Source, check_there
from core.engine import Engine, Network, Predictions
from core.errors import BadPhotograph, Cancelled, IndexBroken
from core.index.plan import Plan
from core.index.store import Bad, Features, Row, Shard, read_features, read_table, write_shard
from core.networks.card import NetworkCard
from core.streams import chunks, ordered_map, workers

View = tuple[str, torch.Tensor] | str  # digest and frame uint8 (3, S, S), or why there is none


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` photographs, those of earlier runs included, ``bad`` of them unreadable.

    ``rate``: photographs a second in this run; ``seconds_left`` None until the first are done.
    """

    done: int
    total: int
    bad: int
    rate: float
    seconds_left: float | None


@dataclass
class Meter:
    """Counts for Progress."""

    total: int
    report: Callable[[Progress], None] | None
    done: int = 0
    bad: int = 0
    fresh: int = 0  # done in this run
    began: float = field(default_factory=time.monotonic)

    def add(self, done: int, bad: int) -> None:
        """Photographs of this run."""
        self.done, self.bad, self.fresh = self.done + done, self.bad + bad, self.fresh + done
        self.tell()

    def tell(self) -> None:
        """Report how far it is."""
        if self.report:
            rate = self.fresh / max(time.monotonic() - self.began, 1e-9)
            left = (self.total - self.done) / rate if rate else None
            self.report(Progress(self.done, self.total, self.bad, rate, left))


@dataclass(frozen=True, slots=True)
class Section:
    """Files that fill the shards of one folder. ``unit``: features float16 of length 1, else float32 as they come."""

    folder: Path
    files: Sequence[Source]
    roots: tuple[str, ...]
    unit: bool


@dataclass(frozen=True)
class Extraction:
    """One run of a build: finds the shards that are whole, makes those that are missing."""

    card: NetworkCard
    engine: Engine
    plan: Plan
    meter: Meter
    cancel: threading.Event

    def stop(self, out: Path) -> None:
        """Raises Cancelled when that was asked for."""
        if self.cancel.is_set():
            raise Cancelled(f"the build of {out}")

    def kept(self, section: Section) -> dict[int, Shard]:
        """Number → shard, of those that an earlier run finished and that are still whole."""
        found = {}
        for number, members in enumerate(chunks(section.files, self.plan.shard_rows)):
            try:
                table, shard = read_table(section.folder, _name(number))
                read_features(section.folder, shard)
            except IndexBroken:
                continue
            if table.plan == self.plan.digest and len(table.rows) + len(table.bad) == len(members):
                found[number] = shard
                self.meter.done += len(members)
                self.meter.bad += len(table.bad)
        return found

    def complete(self, section: Section, kept: dict[int, Shard]) -> list[Shard]:
        """All shards of the section, in order; those that are not ``kept`` are made."""
        cuts = dict(enumerate(chunks(section.files, self.plan.shard_rows)))
        missing = [number for number in cuts if number not in kept]
        shards = kept | (self._make(section, {number: cuts[number] for number in missing}) if missing else {})
        return [shards[number] for number in cuts]

    def _make(self, section: Section, cuts: dict[int, list[Source]]) -> dict[int, Shard]:
        network = self.engine.load(self.card)
        batch, threads = network.batch, max(2, min(16, workers()))
        if not self.meter.fresh:
            self.meter.began = time.monotonic()  # loading the network is not extraction
        made = {}
        with ThreadPoolExecutor(threads, "decode") as pool:
            files = (file for members in cuts.values() for file in members)
            stream = ordered_map(self._view, files, pool=pool, ahead=2 * batch + threads)
            with closing(cast(Generator[View, None, None], stream)) as views:
                for number, members in cuts.items():
                    rows, bad, parts = list[Row](), list[Bad](), list[Features]()
                    for block in chunks(members, batch):  # cut by row number: the same batches in every run
                        self.stop(section.folder.parent)
                        good, unread, features = self._block(network, section, block, list(islice(views, len(block))))
                        rows, bad, parts = rows + good, bad + unread, [*parts, features]
                        self.meter.add(len(block), len(unread))
                    write_shard(section.folder, _name(number), np.concatenate(parts), rows, bad, self.plan.digest)
                    made[number] = read_table(section.folder, _name(number))[1]
        return made

    def _block(
        self, network: Network, section: Section, block: list[Source], views: list[View]
    ) -> tuple[list[Row], list[Bad], Features]:
        """One batch: rows and features (rows, D) of what could be read, and what could not."""
        frames = [view[1] for view in views if not isinstance(view, str)]
        shown = frames or [torch.zeros(3, self.card.size, self.card.size, dtype=torch.uint8)]  # tells D at least
        features = Predictions.join(self.engine.predict(network, shown)).features.numpy()[: len(frames)]
        finite = np.isfinite(features).all(axis=1)
        rows, bad, place = list[Row](), list[Bad](), 0
        for file, view in zip(block, views, strict=True):
            root = section.roots.index(file.root)
            if isinstance(view, str):
                bad.append(Bad(root, file.name, view))
                continue
            if finite[place]:
                rows.append(Row(root, file.name, file.label, view[0]))
            else:
                bad.append(Bad(root, file.name, "features that are not finite"))
            place += 1
        return rows, bad, stored(features[finite]) if section.unit else features[finite]

    def _view(self, file: Source) -> View:
        try:
            photograph = file.read()
        except BadPhotograph as error:
            check_there(file, "the build")
            return error.got
        return photograph.digest, self.card.preprocessing.centre(photograph)


def stored(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    """Features float32 (N, D) → as an index keeps them: of length 1 (a zero feature stays zero), float16."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.where(lengths > 0, lengths, 1)).astype(np.float16)


def _name(number: int) -> str:
    return f"{number:05d}"
