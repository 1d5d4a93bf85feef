"""An index, opened to be searched exactly, by its compact copy, or in a collection on another machine."""

from __future__ import annotations

from pathlib import Path

from ..errors import UnknownName
from . import compact, milvus
from .search import FeatureIndex

EXACT, COMPACT = "exact", "compact"


def opened(folder: Path, how: str = EXACT) -> FeatureIndex:
    """The index in a folder. ``how``: exact, compact, or ``milvus://HOST[:PORT]``. Raises UnknownName, IndexBroken."""
    if how == EXACT:
        return FeatureIndex.open(folder)
    if how == COMPACT:
        return compact.opened(folder)
    if how.startswith(milvus.SCHEME):
        return milvus.opened(folder, how)
    raise UnknownName(
        got=f"a search {how!r}",
        wanted=f"{EXACT}, {COMPACT}, or {milvus.SCHEME}HOST[:PORT]",
        remedy="Choose one of these.",
    )
