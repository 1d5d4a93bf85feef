"""An index opened for exact search, for search by its compact copy, or for search on another machine."""

from __future__ import annotations

from pathlib import Path

from ..errors import UnknownName
from . import compact, milvus
from .search import FeatureIndex

EXACT, COMPACT = "exact", "compact"


def opened(folder: Path, how: str = EXACT) -> FeatureIndex:
    """Return the index in a folder. Raises UnknownName, IndexBroken.

    ``how``: "exact", "compact", or ``milvus://HOST[:PORT]``.
    """
    if how == EXACT:
        return FeatureIndex.open(folder)
    if how == COMPACT:
        return compact.opened(folder)
    if how.startswith(milvus.SCHEME):
        return milvus.opened(folder, how)
    raise UnknownName(
        f"There is no search {how!r}.",
        f"Accepted are {EXACT}, {COMPACT}, and {milvus.SCHEME}HOST[:PORT].",
        "Choose one of these.",
    )
