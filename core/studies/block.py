"""Blocks of photographs: their pairs and centre crops, as rows of the two tables, always in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..images.frames import FramePair, Placement
from ..images.protocols import settings
from ..index.typicality import typicality
from ..inference.batching import Subject
from ..inference.linear_probes import Answer
from ..statistics.sensitivity import Outcome, rank
from .image_similarity import psnr, ssim

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from ..index.search import FeatureIndex

Order = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class PairRow:
    """One pair of one network, or of one of its layers; ``network``, ``instance`` (of a protocol) and ``answer`` (of
    the network's layers) are places in the study's order."""

    subject: Subject
    network: int
    instance: int
    placement: Placement
    outcome: Outcome
    answer: int = 0
    layer: str | None = None
    depth: float | None = None

    @property
    def order(self) -> Order:
        """Photograph, network, protocol and side, layer, pair."""
        return self.subject.number, self.network, self.instance, self.answer, self.outcome.pair


@dataclass(frozen=True, slots=True)
class Centre:
    """A photograph's centre crop on one network, or one of its layers. Without classes: no class, no probability."""

    label_index: int | None
    top1: int | None
    p_top1: float | None
    p_label: float | None
    feature: npt.NDArray[np.float32]
    layer: str | None = None
    depth: float | None = None

    @staticmethod
    def of(answer: Answer, label: str | None, row: int) -> Centre:
        """Return the centre crop in one row of the answer of a network, or of one of its layers."""
        result, place = answer.predictions, (answer.layer, answer.depth)
        feature = result.features[row].numpy()
        if answer.labels is None:
            return Centre(None, None, None, None, feature, *place)
        p, known = result.probabilities[row], answer.labels.find(label)
        best = int(p.argmax())
        return Centre(known, best, float(p[best]), None if known is None else float(p[known]), feature, *place)


@dataclass
class Block:
    """Filled by whoever computes; ``tables`` when all is there."""

    kinds: tuple[pa.Schema, pa.Schema]  # schemas of both tables
    keys: Sequence[str]  # of the measured networks
    seed: int
    likeness: bool
    pairs: list[PairRow] = field(default_factory=list)
    centres: dict[tuple[Subject, str], list[Centre]] = field(default_factory=dict)  # by photograph and network
    own: dict[tuple[Subject, str], Centre] = field(default_factory=dict)  # likewise, the network's own answers
    failures: dict[tuple[Subject, int], list[tuple[PairRow, FramePair]]] = field(default_factory=dict)

    def add(self, row: PairRow, pair: FramePair) -> None:
        """A pair; its frames are kept where their likeness will be asked for: changed pairs, else the worst so far."""
        self.pairs.append(row)
        if not self.likeness:
            return
        kept = self.failures.setdefault((row.subject, row.network), [])
        if row.outcome.changed:
            kept[:] = [*(one for one in kept if one[0].outcome.changed), (row, pair)]
        elif not kept or rank(row.outcome) > rank(kept[0][0].outcome):
            kept[:] = [(row, pair)]

    def tables(self, pool: Executor, index: FeatureIndex | None, axes: tuple[str, str]) -> tuple[pa.Table, pa.Table]:
        """Pairs and centre crops; ``axes``: keys of the index's network and of the confidence network, or ""."""
        photographs = sorted({subject for subject, _ in self.centres}, key=lambda subject: subject.number)

        def typical(subject: Subject) -> float | None:
            centre = self.own.get((subject, axes[0]))
            return None if index is None or centre is None else typicality(index, centre.feature, subject.digest).value

        def sure(subject: Subject) -> float | None:
            centre = self.own.get((subject, axes[1]))
            return None if centre is None else centre.p_top1

        values = dict(zip(photographs, pool.map(typical, photographs), strict=True))
        places = {subject: {"typicality": values[subject], "confidence": sure(subject)} for subject in photographs}
        alike = dict(pool.map(_likeness, [one for kept in self.failures.values() for one in kept]))
        pairs = (
            _pair(row, self.keys[row.network], self.seed) | places[row.subject] | alike.get(row.order, {})
            for row in sorted(self.pairs, key=lambda row: row.order)
        )
        centres = (
            _centre(subject, key, one) | places[subject]
            for subject in photographs
            for key in self.keys
            for one in self.centres[subject, key]
        )
        return _table(pairs, self.kinds[0]), _table(centres, self.kinds[1])


def _pair(row: PairRow, network: str, seed: int) -> dict[str, Any]:
    o, p = row.outcome, row.placement
    embedded, surrounded = (name in settings(p.protocol) for name in ("side", "surround"))
    numbers = {} if o.classless else {"p_before": o.p_before, "p_after": o.p_after, "changed": o.changed}
    return {
        "digest": row.subject.digest,
        "name": row.subject.name,
        "label": row.subject.label,
        "network": network,
        "protocol": p.protocol,
        "side": p.side if embedded else None,
        "source_side": None if embedded else p.side,
        "step": p.step,
        "direction": p.direction,
        "unit": p.unit,
        "surround": p.surround if surrounded else None,
        "seed": seed,
        "pair": o.pair,
        "x": p.x,
        "y": p.y,
        "class_before": o.class_before,
        "class_after": o.class_after,
        **numbers,
        "kind": o.flip,
        "feature_cosine": o.feature_cosine,
        "label_index": o.label,
        "layer": row.layer,
        "depth": row.depth,
    }


def _centre(subject: Subject, network: str, c: Centre) -> dict[str, Any]:
    right = None if c.label_index is None else c.top1 == c.label_index
    return {
        "digest": subject.digest,
        "name": subject.name,
        "label": subject.label,
        "network": network,
        "label_index": c.label_index,
        "class_top1": c.top1,
        "p_top1": c.p_top1,
        "right": right,
        "p_label": c.p_label,
        "layer": c.layer,
        "depth": c.depth,
    }


def _likeness(one: tuple[PairRow, FramePair]) -> tuple[Order, dict[str, float]]:
    row, pair = one
    return row.order, {"psnr": psnr(pair), "ssim": ssim(pair)}


def _table(rows: Iterator[dict[str, Any]], kind: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(list(rows), schema=kind)
