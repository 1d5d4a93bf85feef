"""Photographs → shards of features. Threads decode and crop ahead, so that the device never waits for a file."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import cast

import numpy as np
import numpy.typing as npt
import torch

from ..datasets import Source, check_root
from ..errors import BadPhotograph, IndexBroken
from ..inference.engine import Engine, Network, Predictions
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter
from ..jobs.streams import chunks, ordered_map, workers
from ..networks.card import NetworkCard
from .plan import Plan
from .store import BadFile, Features, Row, Shard, read_features, read_table, write_shard
from .thumbnails import Pack, webp


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A decoded photograph: digest of its pixels, its frame uint8 (3, S, S), and a WebP picture where one is kept."""

    digest: str
    frame: torch.Tensor
    picture: bytes | None


Elsewhere = Callable[["Extraction", "Section", dict[int, list[Source]]], None]


@dataclass(frozen=True, slots=True)
class Section:
    """Files that fill the shards of one folder.

    ``unit``: store features as float16 of length 1, else as float32, unscaled.
    """

    folder: Path
    files: Sequence[Source]
    roots: tuple[str, ...]
    unit: bool


@dataclass(frozen=True)
class Extraction:
    """One run of a build: it finds the finished shards and makes the missing ones."""

    card: NetworkCard
    engines: tuple[Engine, ...]
    plan: Plan
    meter: Meter
    cancel: Cancel
    pack: Pack | None = None
    elsewhere: Elsewhere | None = None  # makes shards on other machines, in the same folder

    def check(self, out: Path) -> None:
        """Raise Cancelled if the build was asked to stop."""
        self.cancel.check(f"the build of {out}")

    def kept(self, section: Section) -> dict[int, Shard]:
        """Return number → shard, of the shards that an earlier run finished and that are still whole."""
        found = {}
        pictures = None if self.pack is None or not section.unit else self.pack.rows()
        for number, members in enumerate(chunks(section.files, self.plan.shard_rows)):
            try:
                table, shard = read_table(section.folder, _name(number))
                read_features(section.folder, shard)
            except IndexBroken:
                continue
            whole = table.plan == self.plan.digest and len(table.rows) + len(table.bad) == len(members)
            if whole and (pictures is None or pictures.get(number) == shard.rows):
                found[number] = shard
        return found

    def resume(self, kept: Sequence[tuple[Section, dict[int, Shard]]]) -> None:
        """Report the photographs in these shards, which earlier runs finished."""
        done = rows = 0
        for section, shards in kept:
            cuts = enumerate(chunks(section.files, self.plan.shard_rows))
            done += sum(len(members) for number, members in cuts if number in shards)
            rows += sum(shard.rows for shard in shards.values())
        self.meter.set(done=done, bad=done - rows)

    def complete(self, section: Section, kept: dict[int, Shard]) -> list[Shard]:
        """Return all shards of the section, in order, making those that are not in ``kept``."""
        cuts = dict(enumerate(chunks(section.files, self.plan.shard_rows)))
        missing = [number for number in cuts if number not in kept]
        shards = kept | (self.make(section, {number: cuts[number] for number in missing}) if missing else {})
        return [shards[number] for number in cuts]

    def make(self, section: Section, cuts: dict[int, list[Source]]) -> dict[int, Shard]:
        """Return these shards (number → photographs), made: every device takes the next free one."""
        if self.elsewhere is not None:
            self.elsewhere(self, section, cuts)
            return {number: read_table(section.folder, _name(number))[1] for number in cuts}
        left: SimpleQueue[int] = SimpleQueue()
        for number in cuts:
            left.put(number)
        threads = max(2, min(16 * len(self.engines), workers()))
        with ThreadPoolExecutor(threads, "decode") as pool:
            fill = partial(self._fill, section=section, cuts=cuts, left=left, pool=pool, threads=threads)
            if len(self.engines) == 1:
                return fill(self.engines[0])
            with ThreadPoolExecutor(len(self.engines), "device") as devices:
                filling = [devices.submit(fill, engine) for engine in self.engines]
                try:
                    wait(filling, return_when=FIRST_EXCEPTION)
                finally:
                    while _taken(left) is not None:  # after a failure the other devices stop after their current shards
                        pass
                return {number: shard for device in filling for number, shard in device.result().items()}

    def _fill(
        self,
        engine: Engine,
        section: Section,
        cuts: dict[int, list[Source]],
        left: SimpleQueue[int],
        pool: Executor,
        threads: int,
    ) -> dict[int, Shard]:
        """Return the shards that one device makes."""
        network = engine.load(self.card)
        self.meter.start()  # loading the network does not count
        begun, made = deque[int](), dict[int, Shard]()

        def files() -> Iterator[Source]:
            while (number := _taken(left)) is not None:
                begun.append(number)
                yield from cuts[number]

        view = partial(self._view, pictured=section.unit and self.pack is not None)
        stream = ordered_map(view, files(), pool=pool, ahead=2 * network.batch + threads)
        with closing(cast(Generator[View | str, None, None], stream)) as views:
            for first in views:
                number = begun.popleft()
                made[number] = self._shard(engine, network, section, number, cuts[number], chain([first], views))
        return made

    def _shard(
        self,
        engine: Engine,
        network: Network,
        section: Section,
        number: int,
        members: list[Source],
        views: Iterator[View | str],
    ) -> Shard:
        """Make one shard from the next views, and return its entry."""
        rows, bad, parts, pictures = list[Row](), list[BadFile](), list[Features](), list[bytes]()
        for block in chunks(members, network.batch):  # by row number, so batches are the same in every run
            self.check(section.folder.parent)
            seen = list(islice(views, len(block)))
            good, unread, features = self._block(engine, network, section, block, seen)
            parts.append(features)
            rows += [row for row, _ in good]
            pictures += [picture for _, picture in good if picture is not None]
            bad += unread
            self.meter.add(len(block), len(unread))
        if section.unit and self.pack is not None:
            self.pack.add(number, pictures)
        write_shard(section.folder, _name(number), np.concatenate(parts), rows, bad, self.plan.digest)
        return read_table(section.folder, _name(number))[1]

    def _block(
        self, engine: Engine, network: Network, section: Section, block: list[Source], views: list[View | str]
    ) -> tuple[list[tuple[Row, bytes | None]], list[BadFile], Features]:
        """Return one batch: rows (with pictures) and features (rows, D) of the readable files, and the others."""
        frames = [view.frame for view in views if not isinstance(view, str)]
        shown = frames or [torch.zeros(3, self.card.size, self.card.size, dtype=torch.uint8)]  # gives D, at least
        features = Predictions.join(engine.predict(network, shown)).features.numpy()[: len(frames)]
        finite = np.isfinite(features).all(axis=1)
        rows, bad, place = list[tuple[Row, bytes | None]](), list[BadFile](), 0
        for file, view in zip(block, views, strict=True):
            root = section.roots.index(file.root)
            if isinstance(view, str):
                bad.append(BadFile(root, file.name, view))
                continue
            if finite[place]:
                rows.append((Row(root, file.name, file.label, view.digest), view.picture))
            else:
                bad.append(BadFile(root, file.name, "features that are not finite"))
            place += 1
        return rows, bad, stored(features[finite]) if section.unit else features[finite]

    def _view(self, file: Source, *, pictured: bool) -> View | str:
        try:
            photograph = file.read()
        except BadPhotograph as error:
            check_root(file, "the build")
            return error.happened
        picture = webp(photograph) if pictured else None
        return View(photograph.digest, self.card.preprocessing.centre(photograph), picture)


def _taken(left: SimpleQueue[int]) -> int | None:
    try:
        return left.get_nowait()
    except Empty:
        return None


def stored(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    """Return features float32 (N, D) as an index keeps them: float16 of length 1; a zero feature stays zero.

    >>> stored(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)).tolist()
    [[0.60009765625, 0.7998046875], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.where(lengths > 0, lengths, 1)).astype(np.float16)


def _name(number: int) -> str:
    return f"{number:05d}"
