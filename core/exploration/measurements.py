"""Records of whole measurements: the command line prints them, the page saves them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..datasets import SceneFile, Source, find, is_cifar10
from ..datasets.colours import with_colour
from ..datasets.decoding import photographs
from ..errors import BadPhotograph, PhotobiasError
from ..experiments.figure_09_13_antialiasing.consistency import consistency, edge
from ..images.colour import Colour
from ..images.photographs import Photograph
from ..images.protocols import Protocol
from ..images.protocols.readings import protocols_reading
from ..images.reduction import IMAGENET_SIDE, Size, describe_reduction
from ..index.query import Query
from ..index.search import Neighbour
from ..index.typicality import ALTERNATIVES, alternatives, indexed_digest, per_class, rate
from ..inference.batching import centre_crops
from ..inference.engine import Engine, Network
from ..inference.pairs import accuracy, outcomes
from ..jobs.progress import Meter, Report
from ..networks.card import NetworkCard
from ..statistics.accuracy import Accuracy
from ..statistics.sensitivity import Outcome, Sensitivity, sensitivity
from ..storage.data_folder import DataFolder
from ..versions import software

Warn = Callable[[str], None]


def run(
    paths: Sequence[Path],
    cards: Sequence[NetworkCard],
    protocols: Sequence[Protocol],
    *,
    pairs: int,
    seed: int,
    reduce_to: int | None = IMAGENET_SIDE,
    colour: Colour = "srgb",
    limit: int | None = None,
    progress: Report | None = None,
    warn: Warn = lambda _: None,
    note: Warn = lambda _: None,
) -> list[dict[str, Any]]:
    """Return one record for each network and protocol.

    A photograph that cannot be used, or whose pixels came before, is left out with a warning; a single one raises
    BadPhotograph or BadProtocol instead. Raises BadPhotograph where none can be used. ``reduce_to``: the short side in
    pixels to which the protocols reduce larger photographs, which ``note`` is told; None leaves them as they are.
    ``colour``: what is done with colour profiles.
    """
    files, engine, warn, note = with_colour(find(paths)[:limit], colour), Engine(), _once(warn), _once(note)
    results = []
    for card in cards:
        network = engine.load(card)
        _warn_of(card, files, warn)
        right = _accuracy(engine, network, files)
        for protocol in protocols:
            meter = Meter(progress, len(files) * pairs, f"{card.key} {protocol.name} pairs")
            how: dict[str, Any] = {"pairs": pairs, "seed": seed}
            found, sizes, left_out = _outcomes(engine, network, files, protocol, meter, **how, reduce_to=reduce_to)
            for name, reason in left_out:
                warn(f"{name} left out: {reason}")
            if said := describe_reduction(sizes, reduce_to):
                note(said)
            if not found:
                raise BadPhotograph(
                    f"None of {len(files)} photographs is usable.", "At least one is needed.", "See the warnings."
                )
            skipped = sorted(name for name, _ in left_out)
            how |= {"reduced_to": reduce_to if said else None, "accuracy": right, "skipped": skipped}
            other = {} if colour == "srgb" else {"colour": colour}
            results.append(record(engine, network, protocol, sensitivity(found), **how) | other)
    return results


def _outcomes(
    engine: Engine,
    network: Network,
    files: Sequence[Source],
    protocol: Protocol,
    meter: Meter,
    *,
    pairs: int,
    seed: int,
    reduce_to: int | None,
) -> tuple[list[Outcome], list[Size], list[tuple[str, PhotobiasError]]]:
    """Return the outcomes, the sizes of the photographs, and (name, reason) of those that were left out.

    A single photograph is never left out.
    """
    found: list[Outcome] = []
    sizes: dict[str, Size] = {}
    left_out: list[tuple[str, PhotobiasError]] = []
    skipped = None if len(files) == 1 else lambda *photograph: left_out.append(photograph)

    def measured() -> Iterator[Photograph]:
        for photo in photographs(files, skipped=skipped):
            sizes[photo.digest] = photo.width, photo.height
            yield photo

    meter.start()
    how: dict[str, Any] = {"pairs": pairs, "seed": seed, "reduce_to": reduce_to, "skipped": skipped}
    for part in outcomes(engine, network, measured(), protocol, **how):
        found += part
        meter(len(found), max(len(found), (len(files) - len(left_out)) * pairs))
    used = {outcome.photograph for outcome in found}
    return found, [size for digest, size in sizes.items() if digest in used], left_out


def _accuracy(engine: Engine, network: Network, files: Sequence[Source]) -> Accuracy | None:
    """Return the accuracy on the readable files whose label is a class of the network."""
    labels = network.card.labels
    known = [file for file in files if labels is not None and labels.find(file.label) is not None]
    return accuracy(engine, network, photographs(known, skipped=lambda *_: None))


def _warn_of(card: NetworkCard, files: Sequence[Source], warn: Warn) -> None:
    drawn = all(isinstance(file, SceneFile) for file in files)
    if text := card.warning_for(drawn=drawn, own=is_cifar10(files)):
        warn(text)


def _once(warn: Warn) -> Warn:
    """Return a function that passes each text on the first time only."""
    texts: set[str] = set()

    def first(text: str) -> None:
        if text not in texts:
            texts.add(text)
            warn(text)

    return first


def consistencies(
    paths: Sequence[Path],
    cards: Sequence[NetworkCard],
    *,
    seed: int,
    limit: int | None = None,
    warn: Warn = lambda _: None,
) -> list[dict[str, Any]]:
    """Return Adobe's consistency, one record a network. Photographs are left out with a warning, as ``run`` does."""
    files, engine, warn = find(paths)[:limit], Engine(), _once(warn)
    results = []
    for card in cards:
        network = engine.load(card)
        _warn_of(card, files, warn)
        usable = photographs(files, skipped=lambda name, reason: warn(f"{name} left out: {reason}"))
        found = consistency(engine, network, usable, seed=seed)
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
    reduced_to: int | None,
    accuracy: Accuracy | None = None,
    skipped: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a sensitivity and everything needed to measure it again, as plain values.

    ``reduced_to``: the short side to which photographs were reduced; None if none was large enough.
    """
    shown = protocol.with_grey(network.card.preprocessing.grey)
    settings = {f.name: getattr(shown, f.name) for f in fields(shown)}  # type: ignore[arg-type]
    settings.setdefault("unit", "network")
    settings["reading"] = protocols_reading([protocol])
    return {
        "network": network.card.key,
        "weights_digest": network.card.weights_digest,
        "trained_on": network.card.trained_on,
        "protocol": protocol.name,
        **settings,
        "size": network.card.size,
        "interpolation": network.card.preprocessing.interpolation,
        "reduced_to": reduced_to,
        "seed": seed,
        "pairs_per_photograph": pairs,
        **measured.as_dict(),
        **Accuracy.fields(accuracy),
        "skipped": list(skipped),
        "device": engine.device.type,
        "precision": engine.precision,
        "software": software(),
    }


def typicality_of(
    path: Path, folder: Path, data: DataFolder, query: Query, *, classes: bool = False, scores: bool = False
) -> dict[str, Any]:
    """Return the record of one photograph's typicality, with its neighbours.

    Args:
        folder: the index.
        classes: also the typicality among the photographs of each class alone.
        scores: also other scores of density.
    """
    (index, card), photo, engine = query.open(folder, data), query.read(path), Engine()
    among: dict[str, Any] = {"distinct": query.distinct, "labels": query.labels}
    [rating] = rate(engine, engine.load(card), index, [photo], k=query.k, **among)
    more: dict[str, Any] = {}
    if classes:
        more["per_class"] = per_class(index, rating.feature, indexed_digest(index, photo), k=query.k)
    if scores:
        near = index.neighbours(rating.feature, ALTERNATIVES, without=indexed_digest(index, photo), **among)
        more["alternatives"] = alternatives([n.cosine for n in near])
    return {
        "photograph": photo.name,
        "digest": photo.digest,
        "network": card.key,
        "trained_on": card.trained_on,
        "index": str(folder),
        "warning": card.warning_for_photograph(photo),
        "typicality": rating.typicality.value,
        "percentile": rating.typicality.percentile,
        "other_classes": rating.typicality.other_classes,
        "warnings": list(rating.typicality.warnings),
        "references": rating.typicality.references,
        "k": rating.typicality.k,
        "search": index.how,
        **({} if query.colour == "srgb" else {"colour": query.colour}),
        "distinct": query.distinct,
        "classes": query.labels and list(query.labels),
        "rows": index.manifest.rows,
        "predicted": rating.predicted,
        "confidence": rating.confidence,
        "indexed_of_predicted": rating.indexed_of_predicted,
        "neighbours": _plain(rating.typicality.neighbours),
        **more,
        "software": software("faiss-gpu", "faiss-cpu"),
    }


def search(path: Path, folder: Path, data: DataFolder, query: Query) -> list[dict[str, Any]]:
    """Return the nearest photographs of an index, the query itself included where it is indexed (unless distinct)."""
    (index, card), photo, engine = query.open(folder, data), query.read(path), Engine()
    [(_, result)] = centre_crops(engine, engine.load(card), [photo])
    without = indexed_digest(index, photo) if query.distinct else None
    feature = result.features[0].numpy()
    return _plain(index.neighbours(feature, query.k, without=without, distinct=query.distinct, labels=query.labels))


def _plain(neighbours: Iterable[Neighbour]) -> list[dict[str, Any]]:
    return [{"label": n.label, "cosine": n.cosine, "path": n.path} for n in neighbours]
