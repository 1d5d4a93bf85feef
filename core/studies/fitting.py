"""Training of a study's linear probes: one pass over the training photographs for all layers, then one fit a layer.

Pooled features are kept block by block, and probes network by network. A study that is stopped resumes there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..datasets import check_root
from ..datasets.decoding import THREADS, Decoded, decoded, each_once
from ..errors import PhotobiasError
from ..inference import linear_probes as readouts
from ..inference.activations import DeepLayer, ends
from ..inference.engine import Engine, Network
from ..inference.linear_probes import Pooled, Readout, Readouts
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter
from ..jobs.streams import ordered_map
from ..networks.card import Preprocessing
from ..statistics.accuracy import Accuracy
from ..storage.atomic_files import write
from .config import Study
from .rows import FITTED, PARTS, schema
from .training_set import TrainingSet

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 256  # training photographs in a part
ARRAYS = ("mean", "scale", "weight", "bias")  # of a linear probe
Facts = dict[str, Any]
View = tuple[object, ...]
Framed = tuple[Facts, dict[View, list[torch.Tensor]]]  # the facts of a block, and its centre crops


class Fitting:
    """The training of all linear probes. Afterwards, ``seen`` maps the digests of the training photographs to names."""

    def __init__(
        self,
        training: TrainingSet,
        study: Study,
        engine: Engine,
        networks: Sequence[Network],
        folder: Path,
        digest: str,
        meter: Meter,
        cancel: Cancel,
    ) -> None:
        """``digest``: of the study's manifest; ``meter``: counts photographs times networks."""
        self.training, self.study, self.engine, self.networks = training, study, engine, networks
        self.folder, self.digest, self.meter, self.cancel = folder / PARTS, digest, meter, cancel
        self.frames = 0  # computed by this run
        self.found = [ends(network) for network in networks]
        self.seen: dict[str, str] = {}
        self.skipped: list[list[str]] = []
        self.labels: list[int] = []

    @property
    def units(self) -> int:
        """The number of photographs to report: training photographs times networks."""
        return len(self.training.sources) * len(self.networks)

    @property
    def used(self) -> Facts:
        """The manifest's entry about training: how many photographs were used, and which were skipped."""
        return {"used": len(self.labels), "skipped": self.skipped}

    def readouts(self) -> list[Readouts]:
        """Return the linear probes of every network.

        Raises:
            Cancelled: within one batch after a cancel.
            BadFolder: too few photographs can be used.
        """
        blocks = self._features()
        names = self.training.labels.names
        self.training.check(Counter(names[label] for label in self.labels))
        labels = np.array(self.labels)
        apart = readouts.held_out(list(self.seen), labels, seed=self.study.seed)
        return [self._of_network(number, found, blocks, labels, apart) for number, found in enumerate(self.found)]

    def _of_network(self, number: int, found: Sequence[DeepLayer], blocks: int, labels: Any, apart: Any) -> Readouts:
        path = self._path("readouts", number)
        if self._facts(path) is None:
            fitted = []
            for deep in found:
                self._check()
                fitted.append(readouts.fit(deep, self._layer(number, deep, blocks), labels, apart))
            self._write(path, *_stored(fitted))
        return Readouts(self.training.labels, _restored(path, found, self._facts(path) or {}))

    def _features(self) -> int:
        """Compute the features of the blocks that are missing, and return the number of all blocks."""
        blocks = list(range(-(-len(self.training.sources) // BLOCK)))
        while blocks and (facts := self._facts(self._path("features", blocks[0]))) is not None:
            self._remember(facts)
            kept = (len(facts["labels"]) + len(facts["skipped"])) * len(self.networks)
            self.meter.set(done=self.meter.progress.done + kept)
            blocks.pop(0)
        work = partial(self._framed, dict(self.seen))
        with ThreadPoolExecutor(1, "training") as pool:  # the next block's frames while this one's are computed
            stream: Any = ordered_map(work, blocks, pool=pool, ahead=1)
            with closing(stream):
                for number, (facts, frames) in zip(blocks, stream, strict=True):
                    self._write(self._path("features", number), self._computed(facts, frames), facts)
                    self._remember(facts)
        return -(-len(self.training.sources) // BLOCK)

    def _remember(self, facts: Facts) -> None:
        self.seen |= dict(facts["photographs"])
        self.skipped += facts["skipped"]
        self.labels += facts["labels"]

    def _framed(self, seen: dict[str, str], number: int) -> Framed:
        """Return the facts and the centre crops of a block. ``seen`` has the photographs before it, and is updated."""
        views = {_view(network.card.preprocessing): network.card.preprocessing for network in self.networks}
        frames: dict[View, list[torch.Tensor]] = {view: [] for view in views}
        facts: Facts = {"photographs": [], "labels": [], "skipped": []}

        def cropped(file: Decoded) -> tuple[Decoded, dict[View, torch.Tensor]]:
            got = file[1]
            return file, {} if isinstance(got, PhotobiasError) else {k: how.centre(got) for k, how in views.items()}

        files = self.training.sources[number * BLOCK : (number + 1) * BLOCK]
        coming = each_once(decoded(files), seen)
        with ThreadPoolExecutor(THREADS, "crops") as pool:
            for (file, got), crops in ordered_map(cropped, coming, pool=pool, ahead=2 * THREADS):
                self._check()
                if isinstance(got, PhotobiasError):
                    check_root(file, "the study")
                    facts["skipped"].append([file.name, str(got)])
                    continue
                facts["photographs"].append([got.digest, got.name])
                facts["labels"].append(self.training.labels.find(file.label))
                for view, frame in crops.items():
                    frames[view].append(frame)
        return facts, frames

    def _computed(self, facts: Facts, frames: dict[View, list[torch.Tensor]]) -> dict[str, torch.Tensor]:
        """Return the features (n, C) of every layer of every network."""
        tensors = dict[str, torch.Tensor]()
        for number, (network, found) in enumerate(zip(self.networks, self.found, strict=True)):
            kept = []
            for seen in readouts.pooled(self.engine, network, frames[_view(network.card.preprocessing)], found):
                self._check()
                kept.append(seen.layers)
                self.frames += seen.frames
                self.meter.add(seen.frames)
            self.meter.add(len(facts["skipped"]))
            if kept:
                tensors |= {
                    _tensor(number, deep): torch.cat([part[deep.layer.name] for part in kept]) for deep in found
                }
        return tensors

    def _layer(self, number: int, deep: DeepLayer, blocks: int) -> Pooled:
        """Return the features (N, C) of one layer for all training photographs. All layers might not fit in memory."""
        name = _tensor(number, deep)
        parts = [_tensors(self._path("features", block), name) for block in range(blocks)]
        pooled: Pooled = torch.cat([tensor for part in parts for tensor in part.values()]).numpy()
        return pooled

    def _path(self, what: str, number: int) -> Path:
        return self.folder / f"{what}-{number:06d}.safetensors"

    def _write(self, path: Path, tensors: dict[str, torch.Tensor], facts: Facts) -> None:
        from safetensors.torch import save

        write(path, save(tensors, {"study": json.dumps({**facts, "manifest": self.digest})}))

    def _facts(self, path: Path) -> Facts | None:
        """Return the facts in a part; None if it is missing, damaged, or belongs to another study."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "pt") as file:
                facts: Facts = json.loads(file.metadata()["study"])
        except (OSError, SafetensorError, TypeError, KeyError, ValueError):
            return None
        return facts if facts.get("manifest") == self.digest else None

    def _check(self) -> None:
        self.cancel.check(f"the study {self.study.name}")


def _tensors(path: Path, only: str | None = None) -> dict[str, torch.Tensor]:
    """Return the tensors in a part: all, or the one of that name if it has one."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if only in (None, name)}  # noqa: SIM118


def _stored(fitted: Sequence[Readout]) -> tuple[dict[str, torch.Tensor], Facts]:
    arrays = {f"{k}/{name}": torch.from_numpy(getattr(one, name)) for k, one in enumerate(fitted) for name in ARRAYS}
    said = [[one.strength, one.held_out.top1, one.held_out.interval, one.held_out.n, one.photographs] for one in fitted]
    return arrays, {"layers": said}


def _restored(path: Path, found: Sequence[DeepLayer], facts: Facts) -> tuple[Readout, ...]:
    arrays, fitted = _tensors(path), []
    for k, (deep, (strength, top1, (low, high), n, photographs)) in enumerate(zip(found, facts["layers"], strict=True)):
        mean, scale, weight, bias = (arrays[f"{k}/{name}"].numpy() for name in ARRAYS)
        right = Accuracy(top1, (low, high), n)
        fitted.append(Readout(deep, mean, scale, weight, bias, strength, right, photographs))
    return tuple(fitted)


def fitted(networks: Sequence[str], found: Sequence[Readouts]) -> tuple[pa.Table, pa.Schema]:
    """Return the table of all linear probes, one a row, and its schema."""
    import pyarrow as pa

    kind = schema(FITTED)
    records = [
        {
            "network": network,
            "layer": one.deep.layer.name,
            "depth": one.deep.depth,
            "stride": one.deep.layer.stride,
            "channels": len(one.mean),
            "classes": len(one.bias),
            "strength": one.strength,
            "held_out_top1": one.held_out.top1,
            "held_out_low": one.held_out.interval[0],
            "held_out_high": one.held_out.interval[1],
            "held_out_n": one.held_out.n,
            "trained_on": one.photographs,
        }
        for network, all_of in zip(networks, found, strict=True)
        for one in all_of.layers
    ]
    return pa.Table.from_pylist(records, schema=kind), kind


def _view(how: Preprocessing) -> View:
    """Return a value that is equal for networks with the same centre crops."""
    return how.resize, how.crop, how.interpolation


def _tensor(number: int, deep: DeepLayer) -> str:
    return f"{number}/{deep.layer.name}"
