"""Name → protocol class. Each protocol's file registers itself; the package imports every file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from core.errors import BadProtocol, UnknownName
from core.protocols.base import Protocol

_CLASSES: dict[str, type[Any]] = {}

P = TypeVar("P")


def register(name: str) -> Callable[[type[P]], type[P]]:
    """Class decorator: makes the protocol known by ``name``; a second of that name raises UnknownName."""

    def keep(cls: type[P]) -> type[P]:
        if name in _CLASSES:
            raise UnknownName(got=f"a second protocol {name!r}", wanted="one of each name", remedy="Rename it.")
        _CLASSES[name] = cls
        return cls

    return keep


def names() -> tuple[str, ...]:
    """All protocols, in the paper's order."""
    return tuple(_CLASSES)


def create(name: str, **settings: Any) -> Protocol:
    """Protocol of that name; settings it does not have are refused, out-of-range values too (BadProtocol)."""
    if name not in _CLASSES:
        raise UnknownName(
            got=f"protocol {name!r}", wanted=f"one of {', '.join(names())}", remedy="Choose one of these."
        )
    try:
        protocol: Protocol = _CLASSES[name](**settings)
    except TypeError as error:
        raise BadProtocol(got=str(error), wanted=f"settings of {name}", remedy="See the protocol's fields.") from None
    return protocol
