"""Photographs in parquet files, as Hugging Face keeps its sets: columns ``image`` and ``label``; local or on the hub.

A row group is read at a time, by whoever needs it first, and the last few are kept: memory does not grow with the set.
"""

from __future__ import annotations

import json
import re
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from ..errors import BadFolder
from ..images.photographs import Photograph, decode
from ..networks.card import imagenet_labels
from . import hub
from .folder import class_name, inside
from .places import files_of, safe, split_at, unreadable

ENDING = hub.ENDING
IMAGES, LABELS = ("image", "img", "jpg", "photo"), ("label", "labels", "cls", "class", "wnid")
KEPT = 2**30  # bytes of row groups that stay
OPENED = 16  # files whose footers stay
DIGITS = 7  # of a row's number in a name: with zeros before it, so that names sort as rows do


@dataclass(frozen=True, slots=True)
class RowPhoto:
    """One photograph of a table: ``name`` is the file below ``root`` and the row's number in it."""

    root: str
    name: str
    label: str | None

    @property
    def lost(self) -> bool:
        """Whether its root is gone, or the hub is not reached."""
        return hub.lost(self.root) if hub.holds(self.root) else not Path(self.root).exists()

    def read(self) -> Photograph:
        """Decode it; raises BadPhotograph."""
        short = self.name.rpartition(f"{ENDING}/")[2]
        try:
            data = _content(self.root, self.name)
        except _failures() as error:
            raise unreadable(short, f"row {short} ({' '.join(str(error).split())})") from None
        return decode(data, short, self.label)


def tables(place: str) -> tuple[str, list[str]] | None:
    """Root and the parquet files' names below it; None where the place is none, nor a folder or pattern of them."""
    return hub.tables(place) if hub.holds(place) else files_of(place, ENDING, below=("", "data"))


def listing(root: str, files: Sequence[str]) -> Iterator[RowPhoto]:
    """The photographs of the tables below a root, row by row; ``files`` [""]: the root is the table."""
    for file in files:
        try:
            labels = list(_labels(_address(root, file)))
        except _failures() as error:
            raise _broken(f"{root}/{file}", error) from None
        below = f"{file}/" if file else ""
        for row, label in enumerate(labels):
            yield RowPhoto(root, f"{below}{row:0{DIGITS}d}", label)


def split(path: str) -> tuple[str, str] | None:
    """Path of a photograph in a table → (the table, the row); None for any other path."""
    if hub.holds(path):
        file, found, row = path.partition(f"{ENDING}/")
        return (hub.whole(file) + ENDING, row) if found else None
    return split_at(path, ENDING)


def again(root: str, name: str, label: str | None) -> RowPhoto:
    """The photograph that was listed under that root and name; raises BadFolder for a name that leads out of it."""
    table, row = split(f"{root}/{name}") or (root, "")
    within = hub.holds(root) or inside(root, Path(table))
    if not (safe(name) and within and re.fullmatch(f"[0-9]{{{DIGITS}}}", row)):
        raise BadFolder(
            got=f"{root}/{name}", wanted=f"a photograph in {root}", remedy="Do not trust where this is from."
        )
    return RowPhoto(hub.whole(root), name, label)


class _Table:
    """An open file: which rows are in which row group, and which columns hold the image and the label."""

    def __init__(self, address: str) -> None:
        import pyarrow.parquet

        self.file = pyarrow.parquet.ParquetFile(
            hub.filesystem().open(address.removeprefix("hf://")) if hub.holds(address) else address
        )
        held = self.file.metadata
        self.ends = list(accumulate(held.row_group(n).num_rows for n in range(held.num_row_groups)))
        names = self.file.schema_arrow.names
        self.image = next((name for name in IMAGES if name in names), None)
        self.label = next((name for name in LABELS if name in names), None)
        if self.image is None:
            raise BadFolder(
                got=f"{address} with the columns {', '.join(names)}",
                wanted=f"one of {', '.join(IMAGES)}",
                remedy="Choose another table.",
            )
        self.names = _class_names(self.file.schema_arrow.metadata or {}, self.label)
        self.turn = threading.Lock()  # a ParquetFile is one reader's at a time

    def group(self, number: int) -> list[bytes]:
        """The files of a row group."""
        with self.turn:
            column = self.file.read_row_group(number, [self.image]).column(0).to_pylist()
        return [(row or {}).get("bytes") or b"" if not isinstance(row, bytes) else row for row in column]


_opened: OrderedDict[str, _Table] = OrderedDict()
_groups: OrderedDict[tuple[str, int], list[bytes]] = OrderedDict()
_guard, _loading = threading.Lock(), threading.Lock()


def _table(address: str) -> _Table:
    with _guard:
        table = _opened.pop(address, None)
    table = table or _Table(address)
    with _guard:
        _opened[address] = table
        while len(_opened) > OPENED:
            _opened.popitem(last=False)
    return table


def _content(root: str, name: str) -> bytes:
    """The file in a row."""
    file, _, row = name.rpartition("/")
    address, number = _address(root, file), int(row)
    table = _table(address)
    place = bisect_right(table.ends, number)
    if place >= len(table.ends):
        raise LookupError(f"the table has {table.ends[-1] if table.ends else 0} rows")
    start = table.ends[place - 1] if place else 0
    return _group(address, table, place)[number - start]


def _group(address: str, table: _Table, number: int) -> list[bytes]:
    """A row group, from those that are kept or else read, by one thread while the others wait."""
    key = address, number
    with _guard:
        if key in _groups:
            _groups.move_to_end(key)
            return _groups[key]
    with _loading:
        if key not in _groups:
            found = table.group(number)
            with _guard:
                _groups[key] = found
                while len(_groups) > 1 and sum(sum(map(len, group)) for group in _groups.values()) > KEPT:
                    _groups.popitem(last=False)
        return _groups[key]


def _labels(address: str) -> Iterator[str | None]:
    """Every row's, in order; None for those that have none (-1, as Hugging Face's test splits)."""
    table = _table(address)
    if table.label is None:
        yield from [None] * (table.ends[-1] if table.ends else 0)
        return
    with table.turn:
        values = table.file.read([table.label]).column(0).to_pylist()
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool):
            named = table.names[value] if 0 <= value < len(table.names) else str(value)
            yield named if value >= 0 else None
        else:
            yield class_name(value) if value else None


def _class_names(metadata: dict[bytes, bytes], label: str | None) -> list[str]:
    """The names of a ClassLabel, as Hugging Face writes them; ImageNet's 1,000 as everywhere else here."""
    facts = json.loads(metadata.get(b"huggingface", b"{}"))
    names = facts.get("info", {}).get("features", {}).get(label, {}).get("names") or []
    imagenet = imagenet_labels().names
    if len(names) == len(imagenet) and all(names[n].split(",")[0] == imagenet[n] for n in (0, -1)):
        return list(imagenet)
    return [class_name(name) or name for name in names]


def _address(root: str, file: str) -> str:
    return f"{hub.whole(root)}/{file}" if file else hub.whole(root)


def _failures() -> tuple[type[Exception], ...]:
    """What reading a table raises: the disk's, the hub's, Arrow's (a ValueError), a row that is not there."""
    return (*hub.failures(), ValueError, LookupError)


def _broken(address: str, error: Exception) -> BadFolder:
    if hub.holds(address):
        return hub.unreached(hub.whole(address), error)
    return BadFolder(
        got=f"{address} ({' '.join(str(error).split())})", wanted="a whole parquet file", remedy="Copy it again."
    )
