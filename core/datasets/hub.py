"""Parquet files on the Hugging Face hub: ``hf://datasets/OWNER/NAME/data/train-*.parquet``.

A gated set (ImageNet's) needs its terms accepted and a token: HF_TOKEN, or ``hf auth login``. Nothing is kept on disk.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from ..errors import BadFolder

ENDING, SCHEME = ".parquet", "hf://datasets/"
_ANY = "^hf:/+datasets/"  # a path loses one of two slashes


def holds(place: str) -> bool:
    """Whether it is an address on the hub."""
    return re.match(_ANY, place) is not None


def whole(place: str) -> str:
    """An address on the hub with both its slashes; any other place as it is."""
    return re.sub(_ANY, SCHEME, place)


@lru_cache(maxsize=1)
def filesystem() -> Any:
    """The hub as a file system (fsspec), with the token that the machine has."""
    from huggingface_hub import HfFileSystem

    return HfFileSystem()


def failures() -> tuple[type[Exception], ...]:
    """What the hub's client raises: gated, missing, offline (OSErrors all), broken off (its transport's own)."""
    try:
        import httpx2
    except ImportError:  # another version's client; its errors for people are OSErrors too
        return (OSError,)
    return OSError, httpx2.HTTPError


def tables(place: str) -> tuple[str, list[str]]:
    """Root and the names below it of the parquet files that an address stands for: one, a pattern, a folder's."""
    address = whole(place).rstrip("/")
    pattern = address if "*" in address or address.endswith(ENDING) else f"{address}/**/*{ENDING}"
    root = PurePosixPath(address.removeprefix(SCHEME))
    while "*" in str(root) or root.suffix == ENDING:
        root = root.parent
    try:
        found = sorted(str(path) for path in filesystem().glob(pattern.removeprefix("hf://")))
    except failures() as error:
        raise unreached(address, error) from None
    names = [path.partition(f"datasets/{root}/")[2] for path in found if path.endswith(ENDING)]
    if not names:
        raise unreached(address, FileNotFoundError("no parquet file there"))
    return f"{SCHEME}{root}", names


def lost(root: str) -> bool:
    """Whether the hub cannot be reached, or no longer has it."""
    try:
        return not filesystem().exists(root.removeprefix("hf://"))
    except failures():
        return True


def unreached(address: str, error: Exception) -> BadFolder:
    """That an address cannot be read, and what to do about it."""
    name = "/".join(address.removeprefix(SCHEME).split("/")[:2])
    return BadFolder(
        got=f"{address} ({' '.join(str(error).split()) or type(error).__name__})",
        wanted="parquet files on the Hugging Face hub",
        remedy=f"Accept the terms at https://huggingface.co/datasets/{name}, set HF_TOKEN, and see to the network.",
    )
