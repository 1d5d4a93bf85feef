"""Parquet files on the Hugging Face hub: ``hf://datasets/OWNER/NAME/data/train-*.parquet``.

A gated set (such as ImageNet) needs its terms accepted and a token: HF_TOKEN, ``hf auth login``, or one that is lent
for one task (``authorised``). Nothing is stored on disk.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
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


_lent = defaultdict[str, list[Any]](list)  # data set → file systems with a token that a task lent, in memory only


def filesystem(address: str) -> Any:
    """Return the hub as an fsspec file system, with a token that is lent for this data set, else this machine's."""
    lent = _lent.get(data_set(address))
    return lent[-1] if lent else _own_filesystem()


@lru_cache(maxsize=1)
def _own_filesystem() -> Any:
    from huggingface_hub import HfFileSystem

    return HfFileSystem()


@contextmanager
def authorised(address: str, token: str) -> Iterator[None]:
    """Lend a token to every reading of this data set in the block; an empty one changes nothing.

    The token stays in memory. Raises BadFolder for a token with characters that would appear in the client's errors.
    """
    if not token or not is_address(address):
        yield
        return
    if not re.fullmatch(r"[A-Za-z0-9_-]+", token):
        raise BadFolder(
            "The token has a character that no token of the Hugging Face hub has.",
            "A token consists of letters, digits, - and _.",
            "Copy it again from https://huggingface.co/settings/tokens.",
        )
    from huggingface_hub import HfFileSystem

    lent, name = HfFileSystem(token=token, skip_instance_cache=True), data_set(address)
    _lent[name].append(lent)
    try:
        yield
    finally:
        _lent[name].remove(lent)


def data_set(address: str) -> str:
    """Return the owner and name of the data set of an address.

    >>> data_set("hf://datasets/owner/name/data/train-*.parquet")
    'owner/name'
    """
    return "/".join(restore_slashes(address).removeprefix(SCHEME).split("/")[:2])


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
        paths = sorted(str(path) for path in filesystem(address).glob(pattern.removeprefix("hf://")))
    except failures() as error:
        raise bad_address(address, error) from None
    names = [path.partition(f"datasets/{root}/")[2] for path in paths if path.endswith(ENDING)]
    if not names:
        raise bad_address(address, FileNotFoundError("no parquet file there"))
    return f"{SCHEME}{root}", names


def lost(root: str) -> bool:
    """Return whether the hub cannot be reached or no longer has a root."""
    try:
        return not filesystem(root).exists(root.removeprefix("hf://"))
    except failures():
        return True


def bad_address(address: str, error: Exception) -> BadFolder:
    """Return the error for an address that cannot be read."""
    return BadFolder(
        f"{address} cannot be read ({' '.join(str(error).split()) or type(error).__name__}).",
        "The address must lead to parquet files on the Hugging Face hub.",
        f"Accept the terms at https://huggingface.co/datasets/{data_set(address)}, set HF_TOKEN or give a token, and "
        "check the connection.",
    )
