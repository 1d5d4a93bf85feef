"""Photographs in parquet files as on Hugging Face, with columns ``image`` and ``label``; local or on the hub.

Row groups are read one at a time, and the last few are cached, so memory does not grow with the set.
"""

from __future__ import annotations

import json
import re
import threading
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from ..errors import BadFolder
from ..images.photographs import Photograph, decode
from ..networks.card import imagenet_labels
from . import hub
from .containers import files_of, is_safe, split_at, unreadable
from .folder import class_name, inside

ENDING = hub.ENDING
IMAGES, LABELS = ("image", "img", "jpg", "photo"), ("label", "labels", "cls", "class", "wnid")
KEPT = 2**30  # bytes of row groups in the cache
OPENED = 16  # open files in the cache
DIGITS = 7  # of a row's number in a name, padded with zeros so that names sort like rows


@dataclass(frozen=True, slots=True)
class RowPhoto:
    """One photograph in a table: ``name`` is the file below ``root`` and the row's number in it."""

    root: str
    name: str
    label: str | None

    @property
    def lost(self) -> bool:
        """Return True if its root is gone or the hub cannot be reached."""
        return hub.lost(self.root) if hub.is_address(self.root) else not Path(self.root).exists()

    def read(self) -> Photograph:
        """Decode the photograph. Raises BadPhotograph."""
        short = self.name.rpartition(f"{ENDING}/")[2]
        try:
            data = _content(self.root, self.name)
        except _failures() as error:
            raise unreadable(short, f"row {short} ({' '.join(str(error).split())})") from None
        return decode(data, short, self.label)


def tables(place: str) -> tuple[str, list[str]] | None:
    """Return the root and the parquet files' names below it, or None if the path names no parquet file."""
    return hub.tables(place) if hub.is_address(place) else files_of(place, ENDING, below=("", "data"))


def listing(root: str, files: Sequence[str]) -> Iterator[RowPhoto]:
    """Yield the photographs of the tables below a root, row by row. ``files`` is [""] if the root is the table.

    Raises BadFolder.
    """
    for file in files:
        try:
            labels = list(_labels(_address(root, file)))
        except _failures() as error:
            raise _broken(f"{root}/{file}", error) from None
        below = f"{file}/" if file else ""
        for row, label in enumerate(labels):
            yield RowPhoto(root, f"{below}{row:0{DIGITS}d}", label)


def split(path: str) -> tuple[str, str] | None:
    """Return (table, row) for the path of a photograph in a table, or None for any other path."""
    if hub.is_address(path):
        file, ending, row = path.partition(f"{ENDING}/")
        return (hub.restore_slashes(file) + ENDING, row) if ending else None
    return split_at(path, ENDING)


def reopen(root: str, name: str, label: str | None) -> RowPhoto:
    """Return the photograph that was listed under a root and name. Raises BadFolder if the name leads out of it."""
    table, row = split(f"{root}/{name}") or (root, "")
    within = hub.is_address(root) or inside(root, Path(table))
    if not (is_safe(name) and within and re.fullmatch(f"[0-9]{{{DIGITS}}}", row)):
        raise BadFolder(
            f"{root}/{name} is not a photograph of this source.",
            f"It must be a photograph in {root}.",
            "Do not trust the source of this index or study.",
        )
    return RowPhoto(hub.restore_slashes(root), name, label)


class Table:
    """An open file, the last row of each row group, and its image and label columns."""

    def __init__(self, address: str) -> None:
        import pyarrow.parquet

        self.file = pyarrow.parquet.ParquetFile(
            hub.filesystem(address).open(address.removeprefix("hf://")) if hub.is_address(address) else address
        )
        metadata = self.file.metadata
        self.ends = list(accumulate(metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)))
        names = self.file.schema_arrow.names
        self.image = next((name for name in IMAGES if name in names), None)
        self.label = next((name for name in LABELS if name in names), None)
        if self.image is None:
            raise BadFolder(
                f"{address} has the columns {', '.join(names)}.",
                f"It needs one of {', '.join(IMAGES)}.",
                "Choose another table.",
            )
        self.names = _class_names(self.file.schema_arrow.metadata or {}, self.label)
        self.lock = threading.Lock()  # a ParquetFile takes one reader at a time

    def size(self, rows: Iterable[int]) -> int:
        """Return the bytes of the row groups that hold these rows, compressed as in the file."""
        metadata, schema = self.file.metadata, self.file.schema
        leaves = [n for n in range(metadata.num_columns) if schema.column(n).path.split(".")[0] == self.image]
        groups = {bisect_right(self.ends, row) for row in rows}
        return sum(metadata.row_group(g).column(n).total_compressed_size for g in groups for n in leaves)

    def group(self, number: int) -> list[bytes]:
        """Return the image files of a row group."""
        with self.lock:
            column = self.file.read_row_group(number, [self.image]).column(0).to_pylist()
        return [(row or {}).get("bytes") or b"" if not isinstance(row, bytes) else row for row in column]


def size(photographs: Iterable[RowPhoto]) -> int:
    """Return how many bytes of their tables have to be read, or downloaded, to read these photographs."""
    rows = defaultdict[str, list[int]](list)
    for photo in photographs:
        file, _, row = photo.name.rpartition("/")
        rows[_address(photo.root, file)].append(int(row))
    return sum(_table(address).size(numbers) for address, numbers in rows.items())


@contextmanager
def authorised(place: str, token: str) -> Iterator[None]:
    """Lend a token as ``hub.authorised`` does, and forget afterwards what was read with it."""
    with hub.authorised(place, token):
        try:
            yield
        finally:
            if token and hub.is_address(place):
                _forget(f"{hub.SCHEME}{hub.data_set(place)}/")


def _forget(start: str) -> None:
    with _guard:
        for address in [address for address in _opened if address.startswith(start)]:
            del _opened[address]
        for key in [key for key in _groups if key[0].startswith(start)]:
            del _groups[key]


_opened: OrderedDict[str, Table] = OrderedDict()
_groups: OrderedDict[tuple[str, int], list[bytes]] = OrderedDict()
_guard, _loading = threading.Lock(), threading.Lock()


def _table(address: str) -> Table:
    with _guard:
        table = _opened.pop(address, None)
    table = table or Table(address)
    with _guard:
        _opened[address] = table
        while len(_opened) > OPENED:
            _opened.popitem(last=False)
    return table


def _content(root: str, name: str) -> bytes:
    """Return the image file in a row. Raises LookupError if the table has no such row."""
    file, _, row = name.rpartition("/")
    address, number = _address(root, file), int(row)
    table = _table(address)
    group = bisect_right(table.ends, number)
    if group >= len(table.ends):
        raise LookupError(f"the table has {table.ends[-1] if table.ends else 0} rows")
    start = table.ends[group - 1] if group else 0
    return _group(address, table, group)[number - start]


def _group(address: str, table: Table, number: int) -> list[bytes]:
    """Return a row group from the cache, or read it; other threads wait meanwhile."""
    key = address, number
    with _guard:
        if key in _groups:
            _groups.move_to_end(key)
            return _groups[key]
    with _loading:
        if key not in _groups:
            images = table.group(number)
            with _guard:
                _groups[key] = images
                while len(_groups) > 1 and sum(sum(map(len, group)) for group in _groups.values()) > KEPT:
                    _groups.popitem(last=False)
        return _groups[key]


def _labels(address: str) -> Iterator[str | None]:
    """Yield every row's label, in order; None for rows without one (-1, as in Hugging Face's test splits)."""
    table = _table(address)
    if table.label is None:
        yield from [None] * (table.ends[-1] if table.ends else 0)
        return
    with table.lock:
        values = table.file.read([table.label]).column(0).to_pylist()
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool):
            named = table.names[value] if 0 <= value < len(table.names) else str(value)
            yield named if value >= 0 else None
        else:
            yield class_name(value) if value else None


def _class_names(metadata: dict[bytes, bytes], label: str | None) -> list[str]:
    """Return the names of Hugging Face's ClassLabel; ImageNet's 1,000 are spelled as everywhere else here."""
    facts = json.loads(metadata.get(b"huggingface", b"{}"))
    names = facts.get("info", {}).get("features", {}).get(label, {}).get("names") or []
    imagenet = imagenet_labels().names
    if len(names) == len(imagenet) and all(names[n].split(",")[0] == imagenet[n] for n in (0, -1)):
        return list(imagenet)
    return [class_name(name) or name for name in names]


def _address(root: str, file: str) -> str:
    return f"{hub.restore_slashes(root)}/{file}" if file else hub.restore_slashes(root)


def _failures() -> tuple[type[Exception], ...]:
    """Return the errors of reading a table: the disk's, the hub's, Arrow's (ValueError), and a missing row."""
    return (*hub.failures(), ValueError, LookupError)


def _broken(address: str, error: Exception) -> BadFolder:
    if hub.is_address(address):
        return hub.bad_address(hub.restore_slashes(address), error)
    return BadFolder(
        f"{address} cannot be read ({' '.join(str(error).split())}).",
        "It must be a whole parquet file.",
        "Copy it again.",
    )
