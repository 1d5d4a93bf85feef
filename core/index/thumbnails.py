"""Small pictures of the indexed photographs in one file, to show neighbours whose photographs are gone.

An SQLite file stores a shard's pictures whole or not at all, even when its writer is killed. A picture is found by the
number of its shard and its position there; each has a checksum.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from PIL import Image

from ..errors import IndexBroken
from ..images.photographs import Photograph, photograph
from .files import CHANGED, broken, disk_refused, sha256
from .store import Manifest

PACK = "thumbnails.sqlite"
JOURNAL = f"{PACK}-journal"  # beside it while it is written, and after a kill
SIDE = 160  # pixels of the longer side
QUALITY = 80  # of WebP: about 4 kB a picture
_TABLES = """
create table if not exists pictures (
    shard integer, place integer, webp blob not null, sha256 text not null, primary key (shard, place)
) without rowid;
create table if not exists shards (shard integer primary key, rows integer not null);
"""


def webp(picture: Photograph) -> bytes:
    """Return the whole photograph as WebP, its longer side at most SIDE pixels."""
    image, buffer = picture.image(), io.BytesIO()
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    image.save(buffer, "WEBP", quality=QUALITY)
    return buffer.getvalue()


class Pack:
    """Pictures of the index in ``folder``. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / PACK

    def __bool__(self) -> bool:
        return self.path.is_file()

    def add(self, shard: int, pictures: Sequence[bytes]) -> None:
        """Store a shard's pictures, in the order of its rows, in place of earlier ones. Raises IndexBroken."""
        rows = [(shard, place, data, sha256(data)) for place, data in enumerate(pictures)]
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as store, store:
                store.executescript(_TABLES)
                store.execute("delete from pictures where shard = ?", (shard,))
                store.executemany("insert into pictures values (?, ?, ?, ?)", rows)
                store.execute("insert or replace into shards values (?, ?)", (shard, len(rows)))
        except sqlite3.OperationalError as error:
            raise disk_refused(self.path, sum(map(len, pictures)), str(error), full="full" in str(error)) from error

    def rows(self) -> dict[int, int]:
        """Return the number of pictures of each shard; empty where there is no pack."""
        if not self:
            return {}
        with self._reading() as store:
            return dict(store.execute("select shard, rows from shards"))

    def missing(self, manifest: Manifest) -> int:
        """Return the number of rows without a picture."""
        held = self.rows()
        return sum(shard.rows for shard in manifest.shards if held.get(int(shard.name)) != shard.rows)

    def picture(self, shard: int, place: int, name: str, label: str | None) -> Photograph | None:
        """Return the picture of a row; None where there is none. Raises IndexBroken for a changed one."""
        if not self:
            return None
        with self._reading() as store:
            found = store.execute(
                "select webp, sha256 from pictures where shard = ? and place = ?", (shard, place)
            ).fetchone()
        if found is None:
            return None
        if sha256(found[0]) != found[1]:
            raise broken(self.path, CHANGED, "the picture that was stored")
        note = f"the index's own picture, at most {SIDE} pixels: the photograph is no longer where it was"
        return replace(photograph(Image.open(io.BytesIO(found[0])), name, label), notes=(note,))

    def problems(self, manifest: Manifest) -> list[str]:
        """Return the problems of the pack, one sentence each, beginning with its name; every picture is read."""
        if not self:
            return []
        try:
            with self._reading() as store:
                changed = [
                    f"{PACK}: picture {place} of shard {shard} {CHANGED}"
                    for shard, place, data, known in store.execute("select shard, place, webp, sha256 from pictures")
                    if sha256(data) != known
                ]
            lacking = self.missing(manifest)
        except IndexBroken as error:
            return [error.happened]
        return changed + ([f"{PACK}: no picture of {lacking} rows"] if lacking else [])

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as store:
                yield store
        except sqlite3.DatabaseError as error:
            raise broken(self.path, str(error), "the pictures that were stored") from None
