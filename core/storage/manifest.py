"""Records in files: JSON that is checked against a dataclass when it is read.

A record class is a frozen dataclass with ``__pydantic_config__ = CLOSED`` (or ``OPEN``). pydantic checks the types of
its fields, and of records within it. pydantic is imported on first use, because importing it takes a third of a second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")

OPEN: Any = {"extra": "ignore", "strict": True, "allow_inf_nan": False}  # skips fields that the class does not have
CLOSED: Any = {**OPEN, "extra": "forbid"}  # refuses them


class RecordError(ValueError):
    """A record that cannot be read. ``got`` says what is wrong with it, ``wanted`` what is accepted there."""

    def __init__(self, got: str, wanted: str) -> None:
        self.got, self.wanted = got, wanted
        super().__init__(f"{got}; wanted {wanted}")


def read_record(path: Path, kind: type[T]) -> T:
    """Return the record in a JSON file.

    Raises:
        RecordError: the file is missing, is not JSON, or does not fit the class.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(error.strerror or str(error), "a file that can be read") from None
    return parse_record(content, kind)


def parse_record(content: bytes | str, kind: type[T]) -> T:
    """Return the record that a JSON text describes. Raises RecordError, naming the first field that does not fit.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Step:
    ...     pixels: int
    ...     __pydantic_config__ = CLOSED
    >>> parse_record('{"pixels": 2}', Step)
    Step(pixels=2)
    >>> parse_record('{"pixels": 2.5}', Step)
    Traceback (most recent call last):
    core.storage.manifest.RecordError: pixels = 2.5; wanted a valid integer
    """
    from pydantic import ValidationError

    try:
        record: T = _adapter(kind).validate_json(content)  # type: ignore[arg-type]
    except ValidationError as error:
        raise _first_problem(error.errors(include_url=False)[0], kind) from None
    return record


def check_record(facts: Mapping[str, Any], kind: type[T]) -> T:
    """Return the record with these plain values, such as those of a TOML file. Raises RecordError."""
    return parse_record(json.dumps(facts, default=str), kind)


def identity(facts: Mapping[str, Any]) -> str:
    """Return the sha256 of plain values; the order of their names does not matter.

    >>> identity({"a": 1, "b": 2}) == identity({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _first_problem(problem: Any, kind: type[Any]) -> RecordError:
    """Return pydantic's first complaint in our words; ``[table]`` names the record within the record."""
    names = [part for part in problem["loc"] if isinstance(part, str)]
    if problem["type"] == "json_invalid" or not names:
        return RecordError("a text that is not JSON" if problem["type"] == "json_invalid" else "no record", "a record")
    *tables, name = names
    table = f" in [{'.'.join(tables)}]" if tables else ""
    if problem["type"] == "missing" and problem["loc"][-1] == name:
        return RecordError(f"no field {name!r}{table}", f"the fields {_fields(kind, tables)}")
    if problem["type"] == "unexpected_keyword_argument":
        return RecordError(f"an unknown field {name!r}{table}", f"the fields {_fields(kind, tables)}")
    if problem["type"] == "missing":
        return RecordError(f"too few values in {name}{table}", "one more")
    wanted = problem["msg"].removeprefix("Input should be ")
    return RecordError(f"{name} = {problem['input']!r}{table}", wanted)


def _fields(kind: Any, tables: Sequence[str]) -> str:
    """Return the names of the fields of a record, or of a record within it, with commas."""
    for table in tables:
        hint = get_type_hints(kind)[table]
        kind = next(part for part in (hint, *get_args(hint)) if is_dataclass(part))
    return ", ".join(field.name for field in fields(kind))
