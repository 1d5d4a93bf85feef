"""Parquet files on the Hugging Face hub: ``hf://datasets/OWNER/NAME/data/train-*.parquet``.

A gated set (such as ImageNet) needs its terms accepted and a token: HF_TOKEN, or ``hf auth login``. Nothing is stored
on disk.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from ..errors import BadFolder

ENDING, SCHEME = ".parquet", "hf://datasets/"
_ANY = "^hf:/+datasets/"  # a Path object drops one of the two slashes


def is_address(place: str) -> bool:
    """Return whether a path is an address on the hub."""
    return re.match(_ANY, place) is not None


def restore_slashes(place: str) -> str:
    """Return an address on the hub with both its slashes, and any other path as it is.

    >>> restore_slashes("hf:/datasets/owner/name")
    'hf://datasets/owner/name'
    """
    return re.sub(_ANY, SCHEME, place)


@lru_cache(maxsize=1)
def filesystem() -> Any:
    """Return the hub as an fsspec file system, with this machine's token."""
    from huggingface_hub import HfFileSystem

    return HfFileSystem()


def failures() -> tuple[type[Exception], ...]:
    """Return the errors that the hub's client raises: OSError if gated, missing or offline, and its transport's own."""
    try:
        import httpx2
    except ImportError:  # another version of the client; its errors are OSErrors too
        return (OSError,)
    return OSError, httpx2.HTTPError


def tables(place: str) -> tuple[str, list[str]]:
    """Return the root of an address (a file, pattern or folder) and the names of its parquet files below the root.

    Raises BadFolder if there are none or the hub cannot be reached.
    """
    address = restore_slashes(place).rstrip("/")
    pattern = address if "*" in address or address.endswith(ENDING) else f"{address}/**/*{ENDING}"
    root = PurePosixPath(address.removeprefix(SCHEME))
    while "*" in str(root) or root.suffix == ENDING:
        root = root.parent
    try:
        paths = sorted(str(path) for path in filesystem().glob(pattern.removeprefix("hf://")))
    except failures() as error:
        raise bad_address(address, error) from None
    names = [path.partition(f"datasets/{root}/")[2] for path in paths if path.endswith(ENDING)]
    if not names:
        raise bad_address(address, FileNotFoundError("no parquet file there"))
    return f"{SCHEME}{root}", names


def lost(root: str) -> bool:
    """Return whether the hub cannot be reached or no longer has a root."""
    try:
        return not filesystem().exists(root.removeprefix("hf://"))
    except failures():
        return True


def bad_address(address: str, error: Exception) -> BadFolder:
    """Return the error for an address that cannot be read."""
    name = "/".join(address.removeprefix(SCHEME).split("/")[:2])
    return BadFolder(
        f"{address} cannot be read ({' '.join(str(error).split()) or type(error).__name__}).",
        "The address must lead to parquet files on the Hugging Face hub.",
        f"Accept the terms at https://huggingface.co/datasets/{name}, set HF_TOKEN, and check the connection.",
    )
