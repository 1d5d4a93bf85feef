"""Photographs → feature index. Whole shards are kept: killed at any moment, a build goes on and ends in the same."""

from __future__ import annotations

import importlib.metadata
import logging
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from ..datasets import Source, dataset_name, listing
from ..datasets.colours import with_colour
from ..errors import BadFolder, IndexBroken
from ..images.colour import Colour
from ..inference.engine import Engine
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter, Report
from ..networks.card import NetworkCard
from ..storage.atomic_files import alone
from .extract import Elsewhere, Extraction, Section
from .files import SHARDS
from .plan import Plan, order, settle
from .sampling import Draw, Sample
from .search import FeatureIndex
from .store import COMPACT, MANIFEST, PLAN, Manifest, Reference, Shard, read_features, read_table, write_manifest
from .thumbnails import JOURNAL, PACK, Pack
from .typicality import NEIGHBOURS, typicality

log = logging.getLogger(__name__)

SHARD_ROWS = 512  # photographs in a shard: the most work that a kill loses; 2 MB of 2,048 features
REFERENCE = "reference"  # shards of the reference queries (float32), until the manifest holds their typicalities
LOCK = "build.lock"
PACKAGES = {
    "torch": "torch",
    "torchvision": "torchvision",
    "pillow": "pillow",
    "numpy": "numpy",
    "faiss-cpu": "faiss",
    "faiss-gpu": "faiss",
}


def build(
    photos: Path | str | Sequence[Source],
    card: NetworkCard,
    engine: Engine | Sequence[Engine],
    out: Path,
    *,
    reference: Path | str | None = None,
    thumbnails: bool = False,
    progress: Report | None = None,
    cancel: Cancel | None = None,
    shard_rows: int = SHARD_ROWS,
    draw: Draw | None = None,
    colour: Colour = "ignore",
    elsewhere: Elsewhere | None = None,
) -> Manifest:
    """Build the index of all photographs' features in folder ``out``, or the rest of it after an earlier call stopped.

    Args:
        engine: one engine, or several that make shards side by side.
        reference: held-out photographs, whose typicalities become the scale of percentiles.
        thumbnails: keep small pictures too. An index that keeps some already gets the rest anyway.
        progress, shard_rows, elsewhere: called after every batch; photographs in a shard; makes shards elsewhere.
        draw, colour: index a sample of ``photos``, so many of each class; what is done with colour profiles.

    Raises IndexMismatch for a build of another plan, IndexBroken for a full disk or a second builder, BadFolder for
    nothing to index, and Cancelled. Finished shards are kept.
    """
    files, queries, sample = listed(photos, reference, draw, colour)
    plan = Plan.of(files, queries, card, shard_rows, draw, colour)
    with _alone(out):
        settle(plan, out)
        pack = Pack(out) if thumbnails or Pack(out) else None
        if (finished := _finished(out, plan)) and (pack is None or not pack.missing(finished)):
            return finished
        meter = Meter(progress, len(files) + len(queries))
        work = Extraction(card, _several(engine), plan, meter, cancel or Cancel(), pack, elsewhere)
        rows = Section(out / SHARDS, files, plan.roots, unit=True)
        asked = Section(out / REFERENCE, queries, plan.reference_roots, unit=False)
        kept, kept_asked = work.kept(rows), work.kept(asked)
        work.resume([(rows, kept), (asked, kept_asked)])
        manifest = _manifest(out, plan, work.complete(rows, kept), sample)
        scale = _typicalities(FeatureIndex(out, manifest), asked, work.complete(asked, kept_asked), work)
        manifest = replace(manifest, reference=scale)
        write_manifest(out, manifest)
        return _finished(out, plan) or manifest


def _several(engine: Engine | Sequence[Engine]) -> tuple[Engine, ...]:
    return (engine,) if isinstance(engine, Engine) else tuple(engine)


def listed(
    photos: Path | str | Sequence[Source],
    reference: Path | str | None,
    draw: Draw | None = None,
    colour: Colour = "ignore",
) -> tuple[list[Source], list[Source], Sample | None]:
    """Return the photographs and the held-out ones in order, and the sample. Raises BadFolder if they are too few."""
    files = order(listing(photos) if isinstance(photos, Path | str) else photos)
    queries = order(listing(reference)) if reference is not None else []
    sample = None if draw is None else Sample.of(draw, files)
    files = files if draw is None else draw.take(files)
    if len(files) < (least := NEIGHBOURS if queries else 1):
        raise BadFolder(f"There are {len(files)} photographs.", f"An index needs at least {least}.", "Add photographs.")
    return with_colour(files, colour), with_colour(queries, colour), sample


def _alone(out: Path) -> AbstractContextManager[None]:
    busy = IndexBroken(
        f"Another build is at work in {out}.",
        "Only one builder may use a folder.",
        "Wait until it is done, or stop it. Then build again.",
    )
    return alone(out, (PLAN, MANIFEST, COMPACT, SHARDS, REFERENCE, PACK, JOURNAL), LOCK, "an index", busy)


def _finished(out: Path, plan: Plan) -> Manifest | None:
    """Return the manifest if the index is complete, and remove what only its making needed."""
    try:
        manifest = FeatureIndex.open(out).manifest
    except IndexBroken as unfinished:
        log.debug("%s", unfinished)
        return None
    if manifest.plan != plan.digest:
        return None
    shutil.rmtree(out / REFERENCE, ignore_errors=True)
    return manifest


def _manifest(out: Path, plan: Plan, shards: list[Shard], sample: Sample | None) -> Manifest:
    """Return the manifest of finished shards, without references. Raises BadFolder when no photograph was readable."""
    labels: Counter[str] = Counter()
    bad, rows = 0, sum(shard.rows for shard in shards)
    for shard in shards:
        table, _ = read_table(out / SHARDS, shard.name, shard.table)
        labels.update(row.label for row in table.rows if row.label is not None)
        bad += len(table.bad)
        if not rows:
            raise _unreadable(len(plan.files), table.bad[0].reason)
    return Manifest(
        network=plan.network,
        weights_digest=plan.weights_digest,
        preprocessing=plan.preprocessing,
        dim=int(read_features(out / SHARDS, shards[0]).shape[1]),
        rows=rows,
        bad=bad,
        labels=dict(sorted(labels.items())),
        dataset=", ".join(dataset_name(root) for root in plan.roots),
        roots=plan.roots,
        software=dict(_software()),
        plan=plan.digest,
        shards=tuple(shards),
        k=NEIGHBOURS,
        reference=(),
        sample=sample,
        colour=plan.colour,
    )


def _typicalities(
    index: FeatureIndex, asked: Section, shards: list[Shard], extraction: Extraction
) -> tuple[Reference, ...]:
    """Return the sorted typicalities of the reference queries; none without any."""
    found, reason = [], ""
    for shard in shards:
        table, _ = read_table(asked.folder, shard.name, shard.table)
        reason = reason or (table.bad[0].reason if table.bad else "")
        for row, feature in zip(table.rows, read_features(asked.folder, shard), strict=True):
            extraction.check(index.path)
            found.append(Reference(typicality(index, feature, row.digest).value, row.digest))
    if asked.files and not found:
        raise _unreadable(len(asked.files), reason)
    return tuple(sorted(found, key=lambda r: (r.typicality, r.digest)))


def _unreadable(files: int, reason: str) -> BadFolder:
    return BadFolder(
        f"None of {files} files is a photograph that can be read (the first: {reason.rstrip('.')}).",
        "An index needs photographs.",
        "Choose another folder.",
    )


def _software() -> Iterator[tuple[str, str]]:
    for package, name in PACKAGES.items():
        try:
            yield name, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
