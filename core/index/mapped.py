"""Features of an index mapped from the disk, not read. A shard's hash is checked once after each change."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..jobs.streams import workers
from ..storage import atomic_files
from .files import CHANGED, SHARDS, broken, sha256, to_json
from .store import Features, Manifest, Shard

HASHED = ".hashed"  # names the state of the shards whose hashes were right
LARGE = 2**28  # bytes; smaller indexes are hashed at every opening, in a fraction of a second


def mapped(folder: Path, manifest: Manifest) -> list[Features]:
    """Return the features (rows, D) of every shard that has rows, float16, in order. Raises IndexBroken.

    Pages are read when they are used, and all processes share them: opening a million rows takes no memory.
    """
    shards = [shard for shard in manifest.shards if shard.rows]
    try:
        stamp = _stamp(folder, manifest, shards)
        known = sum(shard.size for shard in shards) >= LARGE and _hashed(folder) == stamp
    except OSError as error:
        raise broken(folder / SHARDS, error.strerror or str(error), "the shards") from None
    with ThreadPoolExecutor(workers()) as pool:
        parts = list(pool.map(lambda shard: _part(folder / SHARDS, shard, manifest.dim, known=known), shards))
    if not known and sum(shard.size for shard in shards) >= LARGE:
        with suppress(OSError):  # a read-only folder is hashed again the next time
            atomic_files.write_whole(folder / HASHED, stamp.encode())
    return parts


def _part(folder: Path, shard: Shard, dim: int, *, known: bool) -> Features:
    path = folder / f"{shard.name}.npy"
    try:
        size = path.stat().st_size
        if size != shard.size:
            raise broken(path, f"truncated or changed, {size} bytes", f"{shard.size} bytes")
        data = torch.from_file(str(path), shared=False, size=size, dtype=torch.uint8).numpy()  # keeps no file open
    except (OSError, RuntimeError) as error:
        raise broken(path, str(error), "a readable file") from None
    if not known and sha256(data.data) != shard.sha256:
        raise broken(path, CHANGED, f"sha256 {shard.sha256[:12]}…")
    try:
        shape, kind, start = _header(data[: int.from_bytes(data[8:10].tobytes(), "little") + 10].tobytes())
    except ValueError as error:
        raise broken(path, str(error), "an array") from None
    if kind != np.float16 or shape != (shard.rows, dim) or size - start != 2 * shard.rows * dim:
        raise broken(path, f"{kind} {shape}", f"float16 of width {dim}, {shard.rows} rows")
    return data[start:].view(np.float16).reshape(shape)


@lru_cache(maxsize=64)
def _header(header: bytes) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Return shape, type and offset of the array of a .npy file, from its header, which is nearly always the same."""
    file = io.BytesIO(header)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("a .npy file of another version than 1.0")
    shape, _, kind = np.lib.format.read_array_header_1_0(file)
    return shape, kind, file.tell()


def _stamp(folder: Path, manifest: Manifest, shards: list[Shard]) -> str:
    """Return the name of one state of the shards: their hashes, sizes and times of change."""
    stats = [(folder / SHARDS / f"{shard.name}.npy").stat() for shard in shards]
    state = [[shard.sha256, stat.st_size, stat.st_mtime_ns] for shard, stat in zip(shards, stats, strict=True)]
    return sha256(to_json([manifest.plan, state]))


def _hashed(folder: Path) -> str | None:
    try:
        return (folder / HASHED).read_text()
    except OSError:
        return None
