"""Photographs → blocks of rows. Threads decode and make frames ahead; pairs of many photographs share a batch.

Networks whose frames are alike share them; a batch never spans two blocks, so that a block is the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from typing import cast

import torch

from ..datasets import Source, check_root
from ..errors import BadProtocol, PhotobiasError
from ..images.frames import FramePair
from ..images.photographs import Photograph
from ..images.protocols import Protocol, generator
from ..inference.engine import Engine, Network, Predictions
from ..inference.linear_probes import Answer, Readouts
from ..inference.pairs import THREADS, decoded, each_once, judged, redo
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter
from ..jobs.streams import ordered_map
from .block import Block, Centre, PairRow, Shown
from .config import Study


@dataclass(eq=False)
class Lane:
    """One network's way: frames wait here until they fill a batch. Without ``instances`` it is an axis only.

    ``readouts``: of its layers, in studies where these answer too.
    """

    network: Network
    number: int  # among the measured networks; -1: an axis
    instances: tuple[Protocol, ...]
    pairs: list[tuple[Shown, Photograph, int, int, FramePair]] = field(default_factory=list)
    centres: list[tuple[Shown, torch.Tensor]] = field(default_factory=list)
    readouts: Readouts | None = None

    def answers(self, engine: Engine, frames: Sequence[torch.Tensor]) -> list[Answer]:
        """What the network says of the frames, the last of all; before it what its layers say."""
        if self.readouts is not None:
            return self.readouts.answers(engine, self.network, frames)
        result = Predictions.join(engine.predict(self.network, frames)).finite(self.network)
        return [Answer(None, None, self.network.card.labels, result)]


@dataclass(frozen=True, slots=True)
class Task:
    """Frames to be made of a photograph for all ``lanes``: pair ``pair`` of ``instance``, or the centre crop (-1)."""

    shown: Shown
    photo: Photograph
    lanes: Sequence[Lane]
    instance: int = -1
    pair: int = 0


Frames = FramePair | torch.Tensor


class Computation:
    """One run over the photographs from ``first`` on."""

    def __init__(
        self,
        study: Study,
        engine: Engine,
        lanes: Sequence[Lane],
        *,
        block: int,
        seen: dict[str, str],
        meter: Meter,
        cancel: Cancel,
    ) -> None:
        """``seen``: digest → name of the photographs that came before; ``meter``: counts pairs, after every batch."""
        self.study, self.engine, self.lanes, self.block = study, engine, lanes, block
        self.seen, self.meter, self.cancel = seen, meter, cancel
        self.frames = 0  # computed by this run
        self.skipped: list[tuple[str, str]] = []  # of the block that comes out next
        self._shared = [list(same) for _, same in _grouped(lanes, _frames_alike) if same[0].instances]
        self._centred = [list(same) for _, same in _grouped(lanes, _centres_alike)]

    def blocks(self, sources: Sequence[Source], first: int) -> Iterator[tuple[Block, list[tuple[str, str]]]]:
        """Blocks of photographs from number ``first`` on, and who was left out of each, with the reason.

        Raises Cancelled within a batch of being asked to, BadFolder when the photographs' disk goes away.
        """
        ahead = 2 * max(THREADS, *(lane.network.batch for lane in self.lanes))
        with ThreadPoolExecutor(THREADS, "frames") as pool:
            stream = ordered_map(self._make, self._tasks(sources, first * self.block), pool=pool, ahead=ahead)
            with closing(
                cast(Generator[tuple[Task | list[tuple[str, str]], Frames | None], None, None], stream)
            ) as made:
                block = self._empty()
                for task, frames in made:
                    if isinstance(task, Task):
                        self._feed(block, task, frames)
                        continue
                    for lane in self.lanes:
                        self._pairs(block, lane, 1)
                        self._centres(block, lane, 1)
                    yield block, task
                    block = self._empty()

    def _empty(self) -> Block:
        keys = [lane.network.card.key for lane in self.lanes if lane.instances]
        return Block(self.study.name, keys, self.study.seed, self.study.likeness)

    def _tasks(self, sources: Sequence[Source], start: int) -> Iterator[Task | list[tuple[str, str]]]:
        """What is to be made, photograph by photograph; after each block the list of those left out of it."""
        left_out: list[tuple[str, str]] = []
        coming = each_once(decoded(sources[start:], short_side=self.study.reduce_to), self.seen)
        for position, (file, got) in enumerate(coming, start):
            reason = got if isinstance(got, PhotobiasError) else self._unfit(got)
            if isinstance(got, PhotobiasError):
                check_root(file, "the study")
            if reason is not None:
                left_out.append((file.name, str(reason)))
            elif isinstance(got, Photograph):
                yield from self._of(Shown.of(position, got), got)
            if (position + 1) % self.block == 0 or position + 1 == len(sources):
                yield left_out
                left_out = []

    def _unfit(self, photo: Photograph) -> BadProtocol | None:
        """Why a protocol cannot be made of it: it is left out of all, so that they are of the same photographs."""
        for lane in self.lanes:
            for protocol in lane.instances:
                try:
                    rng = generator(self.study.seed, photo, protocol, 0)
                    protocol.place(photo, lane.network.card.size, rng=rng)
                except BadProtocol as error:
                    return error
        return None

    def _of(self, shown: Shown, photo: Photograph) -> Iterator[Task]:
        for lanes in self._centred:
            yield Task(shown, photo, lanes)
        for lanes in self._shared:
            for instance in range(len(lanes[0].instances)):
                for pair in range(self.study.pairs):
                    yield Task(shown, photo, lanes, instance, pair)

    def _make(self, task: Task | list[tuple[str, str]]) -> tuple[Task | list[tuple[str, str]], Frames | None]:
        if not isinstance(task, Task):
            return task, None
        network = task.lanes[0].network
        if task.instance < 0:
            return task, network.card.preprocessing.centre(task.photo)
        protocol = task.lanes[0].instances[task.instance]
        return task, redo(task.photo, protocol, network, seed=self.study.seed, pair=task.pair)

    def _feed(self, block: Block, task: Task, frames: Frames | None) -> None:
        for lane in task.lanes:
            if isinstance(frames, FramePair):
                lane.pairs.append((task.shown, task.photo, task.instance, task.pair, frames))
                self._pairs(block, lane, max(1, lane.network.batch // 2))
            elif frames is not None:
                lane.centres.append((task.shown, frames))
                self._centres(block, lane, lane.network.batch)

    def _pairs(self, block: Block, lane: Lane, least: int) -> None:
        """Compute a lane's pairs once there are at least so many."""
        if len(lane.pairs) < least:
            return
        self._check()
        waiting, lane.pairs = lane.pairs, []
        named = [(photo.digest, number, photo.label) for _, photo, _, number, _ in waiting]
        frames = [frame for *_, pair in waiting for frame in (pair.before, pair.after)]
        for k, one in enumerate(lane.answers(self.engine, frames)):
            outcomes = judged(one.labels, named, one.predictions) if one.comparable else []
            for (shown, _, instance, _, pair), outcome in zip(waiting, outcomes, strict=one.comparable):
                row = PairRow(shown, lane.number, instance, pair.placement, outcome, k, one.layer, one.depth)
                block.add(row, pair)
        self.frames += 2 * len(waiting)
        self.meter.add(len(waiting))

    def _centres(self, block: Block, lane: Lane, least: int) -> None:
        if len(lane.centres) < least:
            return
        self._check()
        waiting, lane.centres = lane.centres, []
        answers = lane.answers(self.engine, [frame for _, frame in waiting])
        for row, (shown, _) in enumerate(waiting):
            place = shown, lane.network.card.key
            block.centres[place] = [Centre.of(one, shown.label, row) for one in answers if one.comparable]
            block.own[place] = Centre.of(answers[-1], shown.label, row)
        self.frames += len(waiting)
        self.meter.add(0)

    def _check(self) -> None:
        self.cancel.check(f"the study {self.study.name}")


def _frames_alike(lane: Lane) -> object:
    """Lanes of equal value are shown the same pairs."""
    return lane.network.card.size, lane.network.card.preprocessing.interpolation, bool(lane.instances)


def _centres_alike(lane: Lane) -> object:
    how = lane.network.card.preprocessing
    return how.resize, how.crop, how.interpolation


def _grouped(lanes: Sequence[Lane], alike: Callable[[Lane], object]) -> Iterator[tuple[object, list[Lane]]]:
    ordered = sorted(lanes, key=lambda lane: repr(alike(lane)))
    for value, same in groupby(ordered, key=alike):
        yield value, list(same)
