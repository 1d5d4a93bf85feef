"""Whole measurements with everything that says where they come from: what the command line prints, the page saves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..datasets import SceneFile, Source, find, is_cifar10
from ..errors import BadPhotograph, PhotobiasError
from ..experiments.figure_09_13_antialiasing.consistency import consistency, edge
from ..images.photographs import Photograph
from ..images.protocols import Protocol
from ..index.opening import EXACT, opened
from ..index.search import FeatureIndex, Neighbour
from ..index.typicality import ALTERNATIVES, NEIGHBOURS, alternatives, per_class, typicality
from ..inference.engine import Engine, Network
from ..inference.pairs import Skipped, accuracy, decoded, each_once, outcomes
from ..jobs.progress import Meter, Report
from ..networks import registry
from ..networks.card import NetworkCard
from ..statistics.accuracy import Accuracy
from ..statistics.sensitivity import Outcome, Sensitivity, sensitivity
from ..storage.data_folder import DataFolder
from ..versions import software


def run(
    paths: Sequence[Path],
    cards: Sequence[NetworkCard],
    protocols: Sequence[Protocol],
    *,
    pairs: int,
    seed: int,
    short_side: int | None = None,
    limit: int | None = None,
    progress: Report | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """One record for each network and protocol.

    A bad photograph among several is left out with a warning; so is one whose pixels came before, as it would only
    count the same pairs twice.
    """
    files = find(paths)[:limit]
    alone = len(files) == 1
    engine = Engine()
    results = []
    told: set[str] = set()
    for card in cards:
        network = engine.load(card)
        if text := card.warning_for(drawn=_drawn(files), own=is_cifar10(files)):
            warn(text)
        known = [file for file in files if card.labels and card.labels.find(file.label) is not None]
        right = accuracy(engine, network, _each_once(known, short_side, lambda *_: None)) if known else None
        for protocol in protocols:
            left_out: list[tuple[str, PhotobiasError]] = []
            skipped = None if alone else _into(left_out)
            sources = _each_once(files, short_side, skipped)
            found: list[Outcome] = []
            meter = Meter(progress, len(files) * pairs, f"{card.key} {protocol.name} pairs")
            meter.start()
            for part in outcomes(engine, network, sources, protocol, pairs=pairs, seed=seed, skipped=skipped):
                found += part
                meter(len(found), max(len(found), (len(files) - len(left_out)) * pairs))
            for text in (f"{name} left out: {reason}" for name, reason in left_out):
                if text not in told:
                    told.add(text)
                    warn(text)
            if not found:
                raise BadPhotograph(
                    got=f"no usable photograph among {len(files)}", wanted="at least one", remedy="See the warnings."
                )
            results.append(
                record(
                    engine,
                    network,
                    protocol,
                    sensitivity(found),
                    seed=seed,
                    pairs=pairs,
                    short_side=short_side,
                    accuracy=right,
                    skipped=sorted(name for name, _ in left_out),
                )
            )
    return results


def _drawn(files: Sequence[Source]) -> bool:
    return all(isinstance(file, SceneFile) for file in files)


def _into(left_out: list[tuple[str, PhotobiasError]]) -> Skipped:
    return lambda name, reason: left_out.append((name, reason))


def _each_once(files: Sequence[Source], short_side: int | None, skipped: Skipped | None) -> Iterator[Photograph]:
    for file, got in each_once(decoded(files, short_side=short_side)):
        if isinstance(got, Photograph):
            yield got
        elif skipped is None:
            raise got
        else:
            skipped(file.name, got)


def consistencies(
    paths: Sequence[Path],
    cards: Sequence[NetworkCard],
    *,
    seed: int,
    limit: int | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Adobe's consistency, one record a network; a bad photograph is left out with a warning, as ``run`` does."""
    files = find(paths)[:limit]
    engine = Engine()
    results = []
    told: set[str] = set()

    def skipped(name: str, reason: PhotobiasError) -> None:
        text = f"{name} left out: {reason}"
        if text not in told:
            told.add(text)
            warn(text)

    for card in cards:
        network = engine.load(card)
        if text := card.warning_for(drawn=_drawn(files), own=is_cifar10(files)):
            warn(text)
        found = consistency(engine, network, _each_once(files, None, skipped), seed=seed)
        results.append(
            {
                "network": card.key,
                "weights_digest": card.weights_digest,
                "trained_on": card.trained_on,
                "measure": "consistency",
                "consistency": found.value,
                "consistency_interval": list(found.interval),
                "photographs": found.n,
                "seed": seed,
                "size": card.size,
                "resized_to": edge(card.size),
                "device": engine.device.type,
                "precision": engine.precision,
                "software": software(),
            }
        )
    return results


def record(
    engine: Engine,
    network: Network,
    protocol: Protocol,
    measured: Sensitivity,
    *,
    seed: int,
    pairs: int,
    short_side: int | None,
    accuracy: Accuracy | None = None,
    skipped: Sequence[str] = (),
) -> dict[str, Any]:
    """Everything that says what a sensitivity is of, as plain values."""
    settings = {f.name: getattr(protocol, f.name) for f in fields(protocol)}  # type: ignore[arg-type]
    settings.setdefault("unit", "network")
    return {
        "network": network.card.key,
        "weights_digest": network.card.weights_digest,
        "trained_on": network.card.trained_on,
        "protocol": protocol.name,
        **settings,
        "size": network.card.size,
        "interpolation": network.card.preprocessing.interpolation,
        "reduced_to": short_side,
        "seed": seed,
        "pairs_per_photograph": pairs,
        **measured.as_dict(),
        **Accuracy.fields(accuracy),
        "skipped": list(skipped),
        "device": engine.device.type,
        "precision": engine.precision,
        "software": software(),
    }


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of an index: ``k``, the network it must be of, and FeatureIndex.neighbours's choices.

    ``how``: "exact", "compact", or ``milvus://…``: where it is searched.
    """

    k: int = NEIGHBOURS
    network: str | None = None
    distinct: bool = False
    labels: tuple[str, ...] | None = None
    how: str = EXACT


def typicality_of(
    path: Path, folder: Path, data: DataFolder, asked: Asked, *, classes: bool = False, scores: bool = False
) -> dict[str, Any]:
    """Typicality of one photograph file, with its neighbours.

    ``classes``: of each class alone too; ``scores``: other scores of density too.
    """
    photo, index, card = _query(path, folder, data, asked)
    engine = Engine()
    result = next(engine.predict(engine.load(card), [card.preprocessing.centre(photo)]))
    feature = result.features[0].numpy()
    found = typicality(index, feature, photo.digest, k=asked.k, distinct=asked.distinct, labels=asked.labels)
    predicted = card.labels.names[int(result.probabilities[0].argmax())] if card.labels else None
    more: dict[str, Any] = {}
    if classes:
        more["per_class"] = per_class(index, feature, photo.digest, k=asked.k)
    if scores:
        near = index.neighbours(
            feature, ALTERNATIVES, without=photo.digest, distinct=asked.distinct, labels=asked.labels
        )
        more["alternatives"] = alternatives([n.cosine for n in near])
    return {
        "photograph": photo.name,
        "digest": photo.digest,
        "network": card.key,
        "trained_on": card.trained_on,
        "index": str(folder),
        "warning": card.warning_for_photograph(photo),
        "typicality": found.value,
        "percentile": found.percentile,
        "references": found.references,
        "k": found.k,
        "search": index.how,
        "distinct": asked.distinct,
        "classes": asked.labels and list(asked.labels),
        "rows": index.manifest.rows,
        "predicted": predicted,
        "confidence": float(result.probabilities[0].max()) if card.labels else None,
        "indexed_of_predicted": index.count(predicted) if predicted else None,
        "neighbours": _plain(found.neighbours),
        **more,
        "software": software("faiss-gpu", "faiss-cpu"),
    }


def search(path: Path, folder: Path, data: DataFolder, asked: Asked) -> list[dict[str, Any]]:
    """The nearest rows of an index, the query itself included where it is indexed (unless ``distinct``)."""
    photo, index, card = _query(path, folder, data, asked)
    engine = Engine()
    result = next(engine.predict(engine.load(card), [card.preprocessing.centre(photo)]))
    without = photo.digest if asked.distinct else None
    return _plain(
        index.neighbours(
            result.features[0].numpy(), asked.k, without=without, distinct=asked.distinct, labels=asked.labels
        )
    )


def _plain(found: Iterable[Neighbour]) -> list[dict[str, Any]]:
    return [{"label": n.label, "cosine": n.cosine, "path": n.path} for n in found]


def _query(path: Path, folder: Path, data: DataFolder, asked: Asked) -> tuple[Photograph, FeatureIndex, NetworkCard]:
    index = opened(folder, asked.how)
    card = registry.get(asked.network or index.manifest.network, data)
    index.check(card)
    return find([path])[0].read(), index, card
