"""Verification of an index: every byte is read and compared with the manifest's hashes and counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from ..errors import IndexBroken
from . import compact
from .files import CHANGED, SHARDS, read_bytes, sha256
from .store import MANIFEST, PLAN, Manifest, Shard, Table, read_features, read_manifest, read_table
from .thumbnails import Pack


def verify(folder: Path) -> list[str]:
    """Return the problems of an index, one sentence each, beginning with the file name; empty when it is whole."""
    try:
        manifest = read_manifest(folder)
    except IndexBroken as error:
        return [error.happened]
    problems: list[str] = []
    try:
        if sha256(read_bytes(folder / PLAN)) != manifest.plan:
            problems.append(f"{PLAN}: {CHANGED}")
    except IndexBroken as error:
        problems.append(error.happened)
    tables = []
    for shard in manifest.shards:
        problems += _features(folder / SHARDS, shard, manifest.dim)
        try:
            table, entry = read_table(folder / SHARDS, shard.name, shard.table)
        except IndexBroken as error:
            problems.append(error.happened)
            continue
        tables.append(table)
        if entry != shard or table.plan != manifest.plan:
            problems.append(f"{SHARDS}/{shard.name}.json: {len(table.rows)} rows, not those that {MANIFEST} lists")
    if len(tables) == len(manifest.shards):
        problems += _counts(manifest, tables)
    return problems + Pack(folder).problems(manifest) + compact.problems(folder, manifest)


def _features(folder: Path, shard: Shard, dim: int) -> list[str]:
    try:
        features = read_features(folder, shard)
    except IndexBroken as error:
        return [error.happened]
    name = f"{SHARDS}/{shard.name}.npy"
    if features.dtype != np.float16 or features.shape[1] != dim:
        return [f"{name}: {features.dtype} of width {features.shape[1]}, not float16 of width {dim}"]
    return [] if np.isfinite(features).all() else [f"{name}: features that are not finite"]


def _counts(manifest: Manifest, tables: list[Table]) -> list[str]:
    labels = Counter(row.label for table in tables for row in table.rows if row.label is not None)
    found = {"rows": sum(len(table.rows) for table in tables), "bad": sum(len(table.bad) for table in tables)}
    listed = {"rows": manifest.rows, "bad": manifest.bad}
    problems = [
        f"{MANIFEST}: {listed[name]} {name}, its shards hold {found[name]}"
        for name in found
        if found[name] != listed[name]
    ]
    return (
        problems if dict(labels) == dict(manifest.labels) else [*problems, f"{MANIFEST}: other labels than its shards"]
    )
