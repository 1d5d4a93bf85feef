"""Photographs → blocks of rows. A batch never spans two blocks, so that a block is the same in every run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from ..datasets import Source, check_root
from ..datasets.decoding import decoded, each_once
from ..errors import BadProtocol, PhotobiasError
from ..images.photographs import Photograph
from ..images.protocols import generator
from ..images.reduction import reduced_size
from ..inference.batching import Batch, BlockEnd, Lane, batches
from ..inference.engine import Engine
from ..inference.pairs import judged
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter
from .block import Block, Centre, PairRow
from .config import Study
from .rows import schemas


class Computation:
    """One run of a study over its photographs, from the first block that is missing."""

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
        """Prepare a run.

        Args:
            block: photographs in a block.
            seen: digest → name of the photographs that came before.
            meter: counts pairs, after every batch.
        """
        self.study, self.engine, self.lanes, self.block = study, engine, lanes, block
        self.seen, self.meter, self.cancel = seen, meter, cancel
        self.frames = 0  # predicted by this run

    def blocks(self, sources: Sequence[Source], first: int) -> Iterator[tuple[Block, list[tuple[str, str]]]]:
        """Yield the blocks from number ``first`` on, each with (name, reason) of the photographs left out of it.

        Raises Cancelled within one batch after a request, BadFolder when the photographs' disk goes away.
        """
        study, photographs = self.study, self._photographs(sources, first * self.block)
        how: dict[str, Any] = {"pairs": study.pairs, "seed": study.seed, "reduce_to": study.reduce_to}
        how |= {"centres": True, "stop": self._check}
        with closing(batches(self.engine, self.lanes, photographs, **how)) as stream:
            block = self._empty()
            for batch in stream:
                if isinstance(batch, BlockEnd):
                    yield block, list(batch.skipped)
                    block = self._empty()
                elif batch.pairs:
                    self._add_pairs(block, batch)
                else:
                    self._add_centres(block, batch)

    def _check(self) -> None:
        self.cancel.check(f"the study {self.study.name}")

    def _empty(self) -> Block:
        keys = [lane.network.card.key for lane in self.lanes if lane.instances]
        kinds = schemas(self.study.name, self.study.reading)
        return Block(kinds, keys, self.study.seed, self.study.likeness)

    def _photographs(self, sources: Sequence[Source], start: int) -> Iterator[Photograph | BlockEnd]:
        left_out: list[tuple[str, str]] = []
        coming = each_once(decoded(sources[start:]), self.seen)
        for position, (file, result) in enumerate(coming, start):
            reason = result if isinstance(result, PhotobiasError) else self._unfit(result)
            if isinstance(result, PhotobiasError):
                check_root(file, "the study")
            if reason is not None:
                left_out.append((file.name, str(reason)))
            elif isinstance(result, Photograph):
                yield result
            if (position + 1) % self.block == 0 or position + 1 == len(sources):
                yield BlockEnd(tuple(left_out))
                left_out = []

    def _unfit(self, photo: Photograph) -> BadProtocol | None:
        """Return the error of a protocol that cannot be applied to a photograph, which is then left out of all.

        So all networks and protocols are measured on the same photographs.
        """
        width, height = reduced_size(photo.width, photo.height, self.study.reduce_to)
        outline = replace(
            photo, pixels=photo.pixels[:, :1, :1].expand(3, height, width)
        )  # its size is all that matters
        for lane in self.lanes:
            for protocol in lane.instances:
                try:
                    rng = generator(self.study.seed, photo, protocol, 0)
                    protocol.place(outline, lane.network.card.size, rng=rng)
                except BadProtocol as error:
                    return error
        return None

    def _add_pairs(self, block: Block, batch: Batch) -> None:
        lane, pairs = batch.lane, batch.pairs
        for number, answer in enumerate(batch.answers):
            if not answer.comparable:
                continue
            rows = zip(batch.items, pairs, judged(answer.labels, batch.names, answer.predictions), strict=True)
            for item, pair, outcome in rows:
                placement, layer = pair.placement, (number, answer.layer, answer.depth)
                block.add(PairRow(item.subject, lane.number, item.instance, placement, outcome, *layer), pair)
        self.frames += 2 * len(pairs)
        self.meter.add(len(pairs))

    def _add_centres(self, block: Block, batch: Batch) -> None:
        for row, item in enumerate(batch.items):
            key, label = (item.subject, batch.lane.network.card.key), item.subject.label
            block.centres[key] = [Centre.of(answer, label, row) for answer in batch.answers if answer.comparable]
            block.own[key] = Centre.of(batch.answers[-1], label, row)
        self.frames += len(batch.items)
        self.meter.add(0)
