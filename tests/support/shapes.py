"""Shapes of plain values (which keys, which types), and how two contracts differ, entry by entry."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

MAPS = frozenset({"labels", "per_class", "problems"})  # fields whose keys are data, such as names of classes
ALIKE = {"faiss-cpu": "faiss-*", "faiss-gpu": "faiss-*"}  # keys that depend on what is installed
ANY = "*"  # stands for every key of a map

Shape = dict[str, str]  # where in the value → the types found there


def shape(*values: Any) -> Shape:
    """Say where in plain values which JSON types stand; several values (or items of a list) are one shape."""
    found: dict[str, set[str]] = {}
    for value in values:
        for where, kind in _leaves(value, "$", False):
            found.setdefault(where, set()).add(kind)
    return {where: "|".join(sorted(kinds)) for where, kinds in sorted(found.items())}


def _leaves(value: Any, where: str, is_map: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield where, "object"
        for key, part in value.items():
            yield from _leaves(part, f"{where}.{ANY if is_map else ALIKE.get(key, key)}", key in MAPS)
    elif isinstance(value, list | tuple):
        yield where, "array"
        for part in value:
            yield from _leaves(part, f"{where}[]", False)
    else:
        yield where, _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return name
    return type(value).__name__


def header(text: str) -> list[str]:
    """Read the first row of a CSV; none of an empty one."""
    return next(csv.reader(io.StringIO(text)), [])


def flat(value: Any, where: tuple[str, ...] = ()) -> dict[str, Any]:
    """Name every entry of a contract by its path; lists are entries as a whole."""
    if not isinstance(value, dict) or not value:
        return {" › ".join(where): value}
    found: dict[str, Any] = {}
    for key, part in value.items():
        found |= flat(part, (*where, key))
    return found


def differences(golden: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """List what was removed from a contract, changed in it and added to it, a line each."""
    before, after = flat(dict(golden)), flat(dict(now))
    lines = [f"removed  {name}: {before[name]!r}" for name in before.keys() - after.keys()]
    lines += [f"added    {name}: {after[name]!r}" for name in after.keys() - before.keys()]
    lines += [_changed(name, before[name], after[name]) for name in before.keys() & after.keys()
              if before[name] != after[name]]  # fmt: skip
    return sorted(lines)


def _changed(name: str, before: Any, after: Any) -> str:
    if not (isinstance(before, list) and isinstance(after, list)):
        return f"changed  {name}: {before!r} → {after!r}"
    gone, new = [x for x in before if x not in after], [x for x in after if x not in before]
    parts = [f"without {gone!r}"] * bool(gone) + [f"with the new {new!r}"] * bool(new)
    return f"changed  {name}: {', '.join(parts) or f'another order, {after!r}'}"
