"""The driver of all measurements: photographs → frames, made ahead in threads → predictions, in full batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, product
from typing import cast

import torch

from ..datasets.decoding import THREADS, Skipped
from ..errors import PhotobiasError
from ..images.frames import FramePair
from ..images.photographs import Photograph
from ..images.protocols import Protocol, generator, reduce_pixels
from ..jobs.streams import ordered_map
from .engine import Engine, Network, Predictions
from .linear_probes import Answer, Readouts

Frames = FramePair | torch.Tensor | PhotobiasError
_Task = tuple[Photograph, Future[Photograph], "Subject", Sequence["Lane"], int, int]  # as in Item


@dataclass(frozen=True, slots=True)
class Subject:
    """A photograph without its pixels: what identifies it, and its ``number`` in the stream that was measured."""

    number: int
    digest: str
    name: str
    label: str | None


@dataclass(frozen=True, slots=True)
class BlockEnd:
    """The end of a block of photographs in a stream: no batch spans it.

    ``skipped``: (name, reason) of the photographs of the block that were left out.
    """

    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(eq=False)
class Lane:
    """One network and the protocols that make its pairs; without protocols only centre crops go through it.

    ``number``: its place among the measured networks, −1 for a network that is not measured itself. ``readouts``:
    linear probes of its layers that answer too.
    """

    network: Network
    number: int = 0
    instances: tuple[Protocol, ...] = ()
    readouts: Readouts | None = None

    def answers(self, engine: Engine, frames: Sequence[torch.Tensor]) -> list[Answer]:
        """Return the answers of its linear probes to the frames, and last those of the network itself."""
        if self.readouts is not None:
            return self.readouts.answers(engine, self.network, frames)
        result = Predictions.join(engine.predict(self.network, frames)).finite(self.network)
        return [Answer(None, None, self.network.card.labels, result)]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """Frames of one photograph: pair ``pair`` of protocol ``instance``, or the centre crop (``instance`` −1).

    ``frames`` is an error where the protocol cannot be applied to the photograph.
    """

    subject: Subject
    lanes: Sequence[Lane]
    instance: int
    pair: int
    frames: Frames

    @property
    def tensors(self) -> tuple[torch.Tensor, ...]:
        """The frames one by one, before and after."""
        both = (self.frames.before, self.frames.after) if isinstance(self.frames, FramePair) else (self.frames,)
        return tuple(frame for frame in both if isinstance(frame, torch.Tensor))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Answers of one lane to frames that were predicted together: all of them pairs, or all centre crops."""

    lane: Lane
    items: Sequence[Item]
    answers: Sequence[Answer]

    @property
    def pairs(self) -> list[FramePair]:
        """Frame pairs in the order of ``items``; empty for centre crops."""
        return [item.frames for item in self.items if isinstance(item.frames, FramePair)]

    @property
    def names(self) -> list[tuple[str, int, str | None]]:
        """Photograph's digest, number of the pair and photograph's label of each item."""
        return [(item.subject.digest, item.pair, item.subject.label) for item in self.items]


def batches(
    engine: Engine,
    lanes: Sequence[Lane],
    stream: Iterable[Photograph | BlockEnd],
    *,
    pairs: int = 0,
    seed: int = 0,
    reduce_to: int | None = None,
    centres: bool = False,
    skipped: Skipped | None = None,
    stop: Callable[[], None] = lambda: None,
) -> Generator[Batch | BlockEnd, None, None]:
    """Yield full batches of every lane, in the order of the photographs; pass on each BlockEnd after its last batch.

    Lanes with equal frames share them. A result does not depend on which frames share a batch.

    Args:
        pairs: random pairs for each photograph and protocol.
        reduce_to: the short side in pixels to which a photograph is reduced, once for all pairs; None leaves it.
        centres: whether each network sees its own centre crop of each photograph, as decoded, too.
        skipped: called with the name of a photograph that fits no protocol, and the error; else the error is raised.
        stop: called before each batch is predicted; raises Cancelled to end the work.
    """
    waiting: defaultdict[tuple[Lane, bool], list[Item]] = defaultdict(list)

    def full(lane: Lane, paired: bool, least: int) -> Iterator[Batch]:
        if len(items := waiting[lane, paired]) >= least:
            stop()
            waiting[lane, paired] = []
            yield Batch(lane, items, lane.answers(engine, [frame for item in items for frame in item.tensors]))

    with closing(_items(lanes, stream, pairs, seed, reduce_to, centres)) as made:
        for item in made:
            if not isinstance(item, Item):
                for lane, paired in product(lanes, (True, False)):
                    yield from full(lane, paired, 1)
                if item is not None:
                    yield item
            elif isinstance(item.frames, PhotobiasError):
                _leave_out(item, item.frames, skipped)
            else:
                for lane in item.lanes:
                    waiting[lane, paired := isinstance(item.frames, FramePair)].append(item)
                    yield from full(lane, paired, max(1, lane.network.batch // (1 + paired)))


def _leave_out(item: Item, error: PhotobiasError, skipped: Skipped | None) -> None:
    """Call ``skipped`` once, not once for each pair, or raise the error without it."""
    if skipped is None:
        raise error
    if item.pair == 0:
        skipped(item.subject.name, error)


def _items(
    lanes: Sequence[Lane],
    stream: Iterable[Photograph | BlockEnd],
    pairs: int,
    seed: int,
    reduce_to: int | None,
    centres: bool,
) -> Generator[Item | BlockEnd | None, None, None]:
    """Yield frames that threads make ahead of the batches, each BlockEnd in its turn, and None at the end."""
    ahead = 2 * max(THREADS, *(lane.network.batch for lane in lanes))
    with ThreadPoolExecutor(THREADS, "frames") as pool:
        tasks = chain(_tasks(lanes, stream, pairs, reduce_to, centres, pool), [None])
        made = ordered_map(partial(_made, seed), tasks, pool=pool, ahead=ahead)
        with closing(cast(Generator[Item | BlockEnd | None, None, None], made)):
            yield from made


def _tasks(
    lanes: Sequence[Lane],
    stream: Iterable[Photograph | BlockEnd],
    pairs: int,
    reduce_to: int | None,
    centres: bool,
    pool: Executor,
) -> Iterator[_Task | BlockEnd]:
    centred, paired = defaultdict[Hashable, list[Lane]](list), defaultdict[Hashable, list[Lane]](list)
    for lane in lanes:
        how = lane.network.card.preprocessing
        centred[how.resize, how.crop, how.interpolation].append(lane)
        shown = tuple(protocol.with_grey(how.grey) for protocol in lane.instances)
        paired[lane.network.card.size, how.interpolation, shown].append(lane)
    for number, photo in enumerate(stream):
        if isinstance(photo, BlockEnd):
            yield photo
            continue
        subject = Subject(number, photo.digest, photo.name, photo.label)
        reduced = pool.submit(reduce_pixels, photo, reduce_to)  # before the tasks that wait for it
        if centres:
            yield from ((photo, reduced, subject, same, -1, 0) for same in centred.values())
        for same in paired.values():
            for instance, pair in product(range(len(same[0].instances)), range(pairs)):
                yield photo, reduced, subject, same, instance, pair


def _made(seed: int, task: _Task | BlockEnd | None) -> Item | BlockEnd | None:
    """Make a task's frames. The item does not keep the photograph's pixels."""
    if not isinstance(task, tuple):
        return task
    photo, reduced, subject, lanes, instance, pair = task
    network, protocols = lanes[0].network, lanes[0].instances
    try:
        if instance < 0:
            return Item(subject, lanes, instance, pair, network.card.preprocessing.centre(photo))
        frames = redo(reduced.result(), protocols[instance], network, seed=seed, pair=pair)
        return Item(subject, lanes, instance, pair, frames)
    except PhotobiasError as error:
        return Item(subject, lanes, instance, pair, error)


def centre_crops(
    engine: Engine, network: Network, photographs: Iterable[Photograph]
) -> Iterator[tuple[Subject, Predictions]]:
    """Yield each photograph with the prediction (of one row) for the network's own centre crop, in order."""
    for batch in batches(engine, [Lane(network)], photographs, centres=True):
        if isinstance(batch, Batch):
            found = batch.answers[0].predictions
            for row, item in enumerate(batch.items):
                one = slice(row, row + 1)
                yield item.subject, Predictions(found.probabilities[one], found.features[one])


def redo(photo: Photograph, protocol: Protocol, network: Network, *, seed: int, pair: int) -> FramePair:
    """Return the frames of one pair, made (again) from its seed and number. Raises BadProtocol.

    ``photo``: where the pair was measured with a reduction, the photograph as ``reduce_pixels`` returns it.
    """
    card, rng = network.card, generator(seed, photo, protocol, pair)
    how = card.preprocessing
    return protocol.with_grey(how.grey).pair(photo, card.size, rng=rng, interpolation=how.interpolation)
