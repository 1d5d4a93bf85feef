"""The files of a feature index: a manifest, and shards of float16 features, each with a table of its rows.

    DIR/plan.json            written first: what is built from which photographs; its sha256 names the build
    DIR/shards/00000.npy     float16 (rows, D), L2-normalised features of the photographs that could be read
    DIR/shards/00000.json    its table: name, label, digest of every row; name and reason of what could not be read
    DIR/manifest.json        written last: an index without it is unfinished

A file appears whole or not at all; a table appears after the features that it vouches for.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import IndexBroken
from ..images.colour import Colour
from ..storage.manifest import CLOSED, RecordError, check_record
from .files import CHANGED, SHARDS, broken, read_bytes, sha256, to_json, write_whole
from .sampling import Sample

PLAN, MANIFEST, COMPACT = "plan.json", "manifest.json", "compact.faiss"
FORMAT = 1  # of the manifest; raised when a reader of the old one would misread the new one
Features = npt.NDArray[Any]  # float16 in an index, float32 among reference queries


@dataclass(frozen=True, slots=True)
class Row:
    """One indexed photograph: ``name`` relative to the index's root number ``root``, and the digest of its pixels."""

    root: int
    name: str
    label: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that could not be read for the index."""

    root: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """Content of a shard's JSON: digest of its plan, its rows in order, and sha256 and bytes of its .npy."""

    plan: str
    rows: tuple[Row, ...]
    bad: tuple[BadFile, ...]
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Shard:
    """Entry of a shard in the manifest: rows, bytes and sha256 of its .npy, and sha256 of its table."""

    name: str
    rows: int
    size: int
    sha256: str
    table: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A held-out photograph: its typicality (without rows of its own digest), and the digest of its pixels."""

    typicality: float
    digest: str


@dataclass(frozen=True, kw_only=True)
class CompactCopy:
    """A compact copy of the features and its difference from exact search, over ``queries`` rows of the index.

    ``factory``: FAISS's description of it. ``probes``: lists that are searched. ``refined``: rows that are then ranked
    exactly. ``recall``: mean part of the k nearest that it finds. ``typicality_error``: mean absolute difference from
    the exact typicality. ``sha256`` and ``size`` of its file.
    """

    factory: str
    probes: int
    refined: int
    k: int
    recall: float
    typicality_error: float
    queries: int
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything about an index but its features.

    ``plan``: sha256 of plan.json. ``labels``: number of rows of each label. ``reference``: sorted by typicality, the
    mean over ``k`` neighbours; empty for an index without reference photographs. ``sample``: None for an index of all
    photographs of its source. ``colour``: what was done with colour profiles.
    """

    network: str
    weights_digest: str
    preprocessing: Mapping[str, Any]
    dim: int
    rows: int
    bad: int
    labels: Mapping[str, int]
    dataset: str
    roots: tuple[str, ...]
    software: Mapping[str, str]
    plan: str
    shards: tuple[Shard, ...]
    k: int
    reference: tuple[Reference, ...]
    compact: CompactCopy | None = None
    sample: Sample | None = None
    colour: Colour = "ignore"

    __pydantic_config__ = CLOSED

    @property
    def content(self) -> str:
        """Description of the photographs for people, which says if they are a sample."""
        sample = f" ({self.sample})" if self.sample else ""
        return f"{self.rows:,} photographs of {self.dataset}{sample}"


def write_shard(
    folder: Path, name: str, features: Features, rows: Sequence[Row], bad: Sequence[BadFile], plan: str
) -> None:
    """Write features (rows, D) and then their table, which vouches that the features are whole."""
    buffer = io.BytesIO()
    np.save(buffer, features, allow_pickle=False)
    data = buffer.getvalue()
    write_whole(folder / f"{name}.npy", data)
    table = Table(plan, tuple(rows), tuple(bad), sha256(data), len(data))
    write_whole(folder / f"{name}.json", to_json(asdict(table)))


def read_table(folder: Path, name: str, expected: str | None = None) -> tuple[Table, Shard]:
    """Return a shard's table and entry. Raises IndexBroken, also when its sha256 is not ``expected``."""
    path = folder / f"{name}.json"
    data = read_bytes(path)
    found = sha256(data)
    if expected is not None and found != expected:
        raise broken(path, CHANGED, f"sha256 {expected[:12]}…")
    try:
        facts = json.loads(data)
        rows, bad = tuple(Row(**row) for row in facts.pop("rows")), tuple(BadFile(**file) for file in facts.pop("bad"))
        table = Table(rows=rows, bad=bad, **facts)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise broken(path, str(error), "a shard's table") from None
    for name_held in [row.name for row in rows] + [file.name for file in bad]:
        steps = PurePosixPath(name_held)
        if steps.is_absolute() or ".." in steps.parts or "\0" in name_held or not steps.parts:
            raise broken(path, f"the name {name_held!r}", "names of files below the index's root")
    return table, Shard(name, len(rows), table.size, table.sha256, found)


def read_features(folder: Path, shard: Shard) -> Features:
    """Return a shard's features (rows, D). Raises IndexBroken unless they hash to the sha256 of its entry."""
    path = folder / f"{shard.name}.npy"
    data = read_bytes(path)
    if len(data) != shard.size:
        raise broken(path, f"truncated or changed, {len(data)} bytes", f"{shard.size} bytes")
    if sha256(data) != shard.sha256:
        raise broken(path, CHANGED, f"sha256 {shard.sha256[:12]}…")
    try:
        features: Features = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise broken(path, str(error), "an array") from None
    if features.ndim != 2 or len(features) != shard.rows:
        raise broken(path, f"an array {features.shape}", f"one of {shard.rows} rows")
    return features


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, the last file of a build. It carries a checksum of itself."""
    facts = {"format": FORMAT, **asdict(manifest)}
    for name in ("compact", "sample"):
        if facts[name] is None:
            del facts[name]  # older manifests have no such field
    if facts["colour"] == "ignore":
        del facts["colour"]
    write_whole(folder / MANIFEST, to_json({**facts, "checksum": sha256(to_json(facts))}))


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a finished index. Raises IndexBroken for a missing, changed or foreign one."""
    path = folder / MANIFEST
    if not path.is_file():
        unfinished = (folder / PLAN).is_file()
        raise IndexBroken(
            f"There is {'an unfinished build' if unfinished else 'no index'} in {folder}.",
            f"A finished index has a {MANIFEST}.",
            "Run the same index build again: it resumes where it stopped."
            if unfinished
            else "Build one with: python -m core index build --photos DIR --network KEY --out DIR",
        )
    try:
        facts: Any = json.loads(read_bytes(path))
    except ValueError as error:
        raise broken(path, str(error), "JSON") from None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise broken(path, "another format", f"an index of format {FORMAT}")
    content = {name: value for name, value in facts.items() if name not in ("format", "checksum")}
    try:
        manifest = check_record(content, Manifest)
    except RecordError as error:
        raise broken(path, error.got, error.wanted) from None
    if facts.get("checksum") != sha256(to_json({**content, "format": FORMAT})):
        raise broken(path, CHANGED, "the content that its checksum names")
    if bad := [shard.name for shard in manifest.shards if not shard.name.isdecimal()]:
        raise broken(path, f"a shard named {bad[0]!r}", "numbers")
    return manifest


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Raise IndexBroken for the first shard that is missing or has another size."""
    for shard in manifest.shards:
        path = folder / SHARDS / f"{shard.name}.npy"
        size = path.stat().st_size if path.is_file() else None
        if size != shard.size:
            got = "missing" if size is None else f"truncated or changed, {size} bytes"
            raise broken(path, got, f"{shard.size} bytes")
        if not (table := path.with_suffix(".json")).is_file():
            raise broken(table, "missing", "the table of the shard's rows")
