"""Search on another machine: an index's features in a Milvus collection, behind the same interface.

The collection is flat with the inner product as its metric, so its answers are exact up to float32's rounding. Rows
are fetched until no other can be among the nearest, and ranked in float64. Only this file knows Milvus.
``milvus://HOST[:PORT]`` is a server, ``milvus:///PATH.db`` a file of Milvus Lite.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import IndexBroken, IndexMismatch
from ..jobs.progress import Meter, Report
from ..jobs.streams import chunks
from .exact import MARGIN, Mask, Ranked, complete, cosine, ranked
from .files import SHARDS
from .search import FeatureIndex
from .store import Manifest, read_features, read_manifest

SCHEME, PORT = "milvus://", 19530
MOST = 16_384  # rows that Milvus returns at once; among more equally near rows than these the order is arbitrary
MESSAGE = 2**24  # bytes of features in one message; a server takes 64 MB
ROW, FEATURE = "row", "feature"


def push(folder: Path, where: str, report: Report | None = None) -> int:
    """Fill the collection of an index, or the rest of it, and return its number of rows.

    ``told``: called with rows done and rows in all.
    """
    manifest = read_manifest(folder)
    meter = Meter(report, manifest.rows, "rows")
    with _client(where) as client:
        name = collection(manifest)
        if not client.has_collection(name):
            _create(client, name, manifest.dim)
        there, done = _rows(client, name), 0
        for shard in manifest.shards:
            if (
                shard.rows and done + shard.rows > there
            ):  # rows are pushed in order, so those present are the first ones
                features = read_features(folder / SHARDS, shard).astype(np.float32)
                for rows in chunks(range(shard.rows), max(1, MESSAGE // (4 * manifest.dim))):
                    client.upsert(name, [{ROW: done + n, FEATURE: features[n]} for n in rows])
            done += shard.rows
            meter(done)
        client.flush(name)
        return _rows(client, name)


def opened(folder: Path, where: str) -> FeatureIndex:
    """Return the index, searched in its collection; the folder's features need not be here."""
    return FeatureIndex(folder, read_manifest(folder), lambda _, held: MilvusSearch(where, held), how=where)


def collection(manifest: Manifest) -> str:
    """Return the collection's name, by the build's plan: the same photographs, network and preprocessing."""
    return f"photobias_{manifest.plan[:24]}"


class MilvusSearch:
    """Search of the rows of an index in its collection."""

    def __init__(self, where: str, manifest: Manifest) -> None:
        self._where, self._name, self._held = where, collection(manifest), manifest
        with _client(where) as client:
            if not client.has_collection(self._name):
                raise IndexMismatch(
                    f"{where} has no collection {self._name}.",
                    "It must hold the index's features.",
                    f"Fill it: python -m core index push DIR --to {where}",
                )
            rows = _rows(client, self._name)
        if rows != manifest.rows:
            raise IndexBroken(
                f"{where} has {rows} rows.",
                f"It must have the index's {manifest.rows}.",
                "Run the same index push again.",
            )

    def nearest(self, queries: npt.NDArray[np.float32], k: int, among: Mask | None = None) -> list[Ranked]:
        """Return the nearest rows, as ``ExactSearch.nearest`` does; ``among`` goes to the server as a list of rows."""
        rows = self._held.rows if among is None else int(among.sum())
        wanted = "" if among is None else f"{ROW} in {np.flatnonzero(among).tolist()}"
        with _client(self._where) as client:
            return [self._settled(client, query, min(k, rows), rows, wanted) for query in queries]

    def _settled(self, client: Any, query: npt.NDArray[np.float32], k: int, there: int, wanted: str) -> Ranked:
        unit = (query / (np.linalg.norm(query.astype(np.float64)) or 1)).astype(np.float32)
        fetch = k + MARGIN
        while k:
            fetch = min(fetch, there, MOST)
            [found] = client.search(
                self._name,
                data=[unit],
                limit=fetch,
                anns_field=FEATURE,
                filter=wanted,
                output_fields=[ROW, FEATURE],
                search_params={"metric_type": "IP"},
                consistency_level="Strong",
            )
            scores = np.array([hit["distance"] for hit in found], np.float32)
            if len(found) >= min(there, MOST) or complete(scores, k, self._held.dim):
                rows = np.array([hit["entity"][ROW] for hit in found], np.int64)
                features = np.array([hit["entity"][FEATURE] for hit in found], np.float32)
                return ranked(rows, cosine(query, features), k)
            fetch *= 2
        return np.empty(0, np.int64), np.empty(0)


def _create(client: Any, name: str, dim: int) -> None:
    from pymilvus import DataType

    schema, index = client.create_schema(auto_id=False), client.prepare_index_params()
    schema.add_field(ROW, DataType.INT64, is_primary=True)
    schema.add_field(FEATURE, DataType.FLOAT_VECTOR, dim=dim)
    index.add_index(FEATURE, index_type="FLAT", metric_type="IP")
    client.create_collection(name, schema=schema, index_params=index)


def _rows(client: Any, name: str) -> int:
    [found] = client.query(name, filter=f"{ROW} >= 0", output_fields=["count(*)"], consistency_level="Strong")
    return int(found["count(*)"])


@contextmanager
def _client(where: str) -> Iterator[Any]:
    """Yield a connection. Raises IndexBroken where the server or the library is missing."""
    try:
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException
    except ImportError:
        raise IndexBroken(
            "The package pymilvus is not installed.",
            f"It is needed to reach {where}.",
            "Install it: pip install -r requirements-milvus.txt",
        ) from None
    place = where.removeprefix(SCHEME)
    try:
        client = MilvusClient(
            uri=place if place.startswith("/") else f"http://{place if ':' in place else f'{place}:{PORT}'}"
        )
    except MilvusException as error:
        raise _unreached(where, error) from None
    try:
        yield client
    except MilvusException as error:
        raise _unreached(where, error) from None
    finally:
        client.close()


def _unreached(where: str, error: Exception) -> IndexBroken:
    return IndexBroken(
        f"{where} does not answer ({' '.join(str(error).split())}).",
        "A Milvus server must answer there.",
        "Check the server and its address. Pushed rows are kept.",
    )
