"""The runner of a study over many photographs.

Finished parts are kept. A study that is stopped, at any moment, resumes after its last finished part.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..datasets import Source
from ..datasets.decoding import THREADS, median_short_side
from ..errors import BadPhotograph, StudyBroken
from ..inference.batching import Lane
from ..inference.engine import Engine
from ..inference.linear_probes import Readouts as Fitted
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter, Report
from ..networks.card import NetworkCard
from ..storage.atomic_files import alone, write
from . import manifest as manifests
from . import rows
from .axes import Axes
from .block import Block
from .compute import Computation
from .config import Study
from .fitting import Fitting, fitted
from .layered import LayeredStudy
from .manifest import MANIFEST, Manifest
from .rows import PARTS, PHOTOGRAPHS, READOUTS, RESULTS
from .training_set import TrainingSet

REQUEST, PROGRESS, LOG = "request.json", "progress.json", "log.txt"
LOCK, STARTING = "study.lock", "start.lock"
BATCHES = 2  # of centre crops in a block; a killed run loses at most one block
OWN = (MANIFEST, RESULTS, PHOTOGRAPHS, READOUTS, PARTS, REQUEST, PROGRESS, LOG, STARTING)


def run(
    study: Study,
    sources: Sequence[Source],
    cards: Sequence[NetworkCard],
    folder: Path,
    *,
    axes: Axes | None = None,
    engine: Engine | None = None,
    command: str = "",
    request: Mapping[str, Any] | None = None,
    progress: Report | None = None,
    warn: Callable[[str], None] = lambda _: None,
    cancel: Cancel | None = None,
) -> Manifest:
    """Train linear probes where the study has them, measure what is missing in ``folder``, and return the manifest.

    Args:
        axes: the index for typicality and the network for confidence.
        command: the command for the same study, which the manifest keeps for people.
        request: the request as plain values, kept in request.json to resume the study.
        progress: called in this thread after each batch, with the number of pairs.
        warn: called with each warning that belongs above the numbers, before anything is measured.

    Raises:
        Cancelled: within one batch after ``cancel``. What is finished is kept.
        StudyMismatch: the folder holds another study, or the study lacks an axis.
        StudyBroken: another run is at work in the folder.
        BadFolder, BadPhotograph: the disk is full, or there are no photographs to measure or to train probes on.
        BadCard: a network has no layers for linear probes.
    """
    axes, engine = axes or Axes(), engine or Engine()
    axes.check(study)
    study, training = _trained(study)
    instances = [study.instances(card.size) for card in cards]
    wanted = _manifest(study, sources, cards, axes, engine, training, command)
    with _alone(folder):
        settled = _settled(wanted, sources, folder, warn)
        if not _whole(settled, folder):
            if request is not None:
                write(folder / REQUEST, (json.dumps(request, indent=1) + "\n").encode())
            lanes, stop = _lanes(cards, instances, axes, engine), cancel or Cancel()
            settled = _Run(study, sources, lanes, folder, settled, axes, engine, training, progress, stop).complete()
        shutil.rmtree(folder / PARTS, ignore_errors=True)
        return settled


def _trained(study: Study) -> tuple[Study, TrainingSet | None]:
    """Return the study with the classes of its linear probes, and their training set if it has any."""
    if not isinstance(study, LayeredStudy):
        return study, None
    training = TrainingSet.of(study)
    return replace(study, classes=training.labels.names), training


def _manifest(
    study: Study,
    sources: Sequence[Source],
    cards: Sequence[NetworkCard],
    axes: Axes,
    engine: Engine,
    training: TrainingSet | None,
    command: str,
) -> Manifest:
    return manifests.create_manifest(
        study,
        sources,
        cards,
        axes,
        block=BATCHES * engine.batch,
        device=engine.device.type,
        precision=engine.precision,
        command=command,
        training=None if training is None else training.sources,
    )


def _lanes(cards: Sequence[NetworkCard], instances: Sequence[Any], axes: Axes, engine: Engine) -> list[Lane]:
    """Return a lane for each network, then one for each network of the axes that is not among them."""
    lanes = [Lane(engine.load(card), n, made) for n, (card, made) in enumerate(zip(cards, instances, strict=True))]
    keys = {card.key for card in cards}
    extra = {card.key: card for card in axes.cards() if card.key not in keys}
    return lanes + [Lane(engine.load(card), -1, ()) for card in extra.values()]


def _settled(wanted: Manifest, sources: Sequence[Source], folder: Path, warn: Callable[[str], None]) -> Manifest:
    """Return the manifest in the folder, and pass its warnings on.

    A new one is written, with the size of the first photographs.
    """
    if not (folder / MANIFEST).exists() and not wanted.photographs["drawn"]:
        wanted = replace(wanted, short_side=median_short_side(sources))
    settled = manifests.settle(wanted, folder)
    for text in settled.warnings:
        warn(text)
    return settled


def _alone(folder: Path) -> AbstractContextManager[None]:
    busy = StudyBroken(
        f"Another run is at work in {folder}.",
        "Only one run may use a folder at a time.",
        "Wait until it has finished, or cancel it. Then start again.",
    )
    return alone(folder, OWN, LOCK, "a study", busy)


def _whole(settled: Manifest, folder: Path) -> bool:
    """Return whether the study is finished and its tables have the sizes in the manifest."""
    if not settled.finished or not settled.files:
        return False
    return all((folder / name).is_file() and (folder / name).stat().st_size == n for name, n in settled.files.items())


class _Run:
    """The work of one call of ``run``."""

    def __init__(
        self,
        study: Study,
        sources: Sequence[Source],
        lanes: Sequence[Lane],
        folder: Path,
        settled: Manifest,
        axes: Axes,
        engine: Engine,
        training: TrainingSet | None,
        progress: Report | None,
        cancel: Cancel,
    ) -> None:
        self.study, self.sources, self.lanes, self.folder = study, sources, lanes, folder
        self.manifest, self.axes, self.engine = settled, axes, engine
        self.kinds = rows.schemas(study.name, study.reading)
        self.count = -(-len(sources) // settled.block)
        self.per_photograph = study.pairs * sum(len(lane.instances) for lane in lanes)
        self.cancel, self.seen, self.readouts = cancel, dict[str, str](), list[Fitted]()
        self.skipped: list[tuple[str, str]] = []
        self.meter = Meter(progress)
        measured = [lane.network for lane in lanes if lane.instances]
        self.fitting = (
            None
            if training is None
            else Fitting(training, study, engine, measured, folder, settled.digest, meter=self.meter, cancel=cancel)
        )
        self.computation: Computation | None = None

    def complete(self) -> Manifest:
        """Compute the missing parts, then write the tables."""
        first, began = self._kept(), time.monotonic()
        if self.fitting is not None:
            self.readouts = self.fitting.readouts()
            for lane, probes in zip((lane for lane in self.lanes if lane.instances), self.readouts, strict=True):
                lane.readouts = probes
            # a probe is not tested on the photographs that it was trained on
            self.seen |= {digest: f"{name}, a training photograph" for digest, name in self.fitting.seen.items()}
        if first < self.count:
            self.computation = Computation(
                self.study,
                self.engine,
                self.lanes,
                block=self.manifest.block,
                seen=self.seen,
                meter=self.meter,
                cancel=self.cancel,
            )
            # the writer uses the pool, so the pool is closed last; a whole block is kept after a cancel too
            with ThreadPoolExecutor(THREADS, "axes") as pool, ThreadPoolExecutor(1, "write") as writer:
                last: Future[None] | None = None
                try:
                    for number, (block, left_out) in enumerate(self.computation.blocks(self.sources, first), first):
                        self.skipped += left_out
                        self.meter.set(total=self._total)
                        if last is not None:
                            last.result()  # one write at a time; this raises its errors
                        last = writer.submit(self._keep, number, block, left_out, pool)
                finally:  # after a cancel too, a block that could not be written raises
                    if last is not None:
                        last.result()
        return self._finish(time.monotonic() - began)

    @property
    def _total(self) -> int:
        """Return how many pairs there are, and photographs to learn from."""
        learned = self.fitting.units if self.fitting is not None else 0
        return learned + (len(self.sources) - len(self.skipped)) * self.per_photograph

    def _kept(self) -> int:
        """Return how many blocks earlier runs have finished, and take over the photographs in them."""
        number = photographs = 0
        while number < rows.parts(self.folder) and (facts := self._block_facts(number)) is not None:
            self.skipped += [(name, reason) for name, reason in facts["skipped"]]
            self.seen |= dict(facts["photographs"])
            photographs += len(facts["photographs"])
            number += 1
        self.meter.set(done=photographs * self.per_photograph, total=self._total)
        return number

    def _block_facts(self, number: int) -> dict[str, Any] | None:
        """Return the facts of a finished block; None if it is damaged, or of another study or an earlier version."""
        paths = rows.part_paths(self.folder, number)
        both = [rows.facts(path, kind) for path, kind in zip(paths, self.kinds, strict=True)]
        if not both[0] or both[0] != both[1]:
            return None
        facts: dict[str, Any] = json.loads(both[0])
        return facts if facts["manifest"] == self.manifest.digest else None

    def _keep(self, number: int, block: Block, left_out: list[tuple[str, str]], pool: ThreadPoolExecutor) -> None:
        index, sure = self.axes.index_card, self.axes.confidence
        pairs, centres = block.tables(pool, self.axes.index, (index.key if index else "", sure.key if sure else ""))
        photographs = {subject.digest: subject.name for subject, _ in block.centres}
        facts = {"manifest": self.manifest.digest, "skipped": left_out, "photographs": sorted(photographs.items())}
        rows.write_part(self.folder, number, pairs, centres, json.dumps(facts).encode())

    def _finish(self, seconds: float) -> Manifest:
        if len(self.skipped) == len(self.sources):
            raise BadPhotograph(
                f"None of {len(self.sources)} photographs is usable"
                + (f" (the first: {self.skipped[0][1].rstrip('.')})." if self.skipped else "."),
                "At least one is needed.",
                "Choose other photographs.",
            )
        pairs, centres = rows.collected(self.folder, self.kinds, self.count)
        tables = {RESULTS: (pairs, self.kinds[0]), PHOTOGRAPHS: (centres, self.kinds[1])}
        if self.fitting is not None:
            keys = [lane.network.card.key for lane in self.lanes if lane.instances]
            tables[READOUTS] = fitted(keys, self.readouts)
        for name, (whole, kind) in tables.items():
            write(self.folder / name, rows.encoded(whole, kind))
        frames = sum(part.frames for part in (self.fitting, self.computation) if part is not None)
        done = self.manifest.done(
            used=len(self.sources) - len(self.skipped),
            rows=len(pairs),
            skipped=[[name, reason] for name, reason in self.skipped],
            training=self.fitting and self.fitting.used,
            files={name: (self.folder / name).stat().st_size for name in tables},
            batches={lane.network.card.key: lane.network.batch for lane in self.lanes},
            run={"seconds": seconds, "frames": frames, "frames_per_s": frames / max(seconds, 1e-9)},
        )
        return done.write(self.folder)
