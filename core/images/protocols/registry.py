"""Registry of protocols. Each protocol's file registers it, and the package imports every file."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ...errors import BadProtocol
from ...registry import Registry
from .base import Protocol

_PROTOCOLS = Registry("protocol")
register = _PROTOCOLS.register
known = _PROTOCOLS.names  # all protocols


def names() -> tuple[str, ...]:
    """Return the four protocols of § 2 in the paper's order, for which "all" stands.

    >>> names()
    ('crop', 'black', 'inpaint', 'scale')
    """
    return tuple(name for name in known() if _PROTOCOLS.get(name).one_of_four)


def settings(name: str) -> frozenset[str]:
    """Return the names of a protocol's settings. Raises UnknownName."""
    return frozenset(field.name for field in fields(_PROTOCOLS.get(name)))


def create(name: str, **given: Any) -> Protocol:
    """Return a protocol with the given settings. Raises UnknownName, and BadProtocol for a wrong setting or value."""
    cls = _PROTOCOLS.get(name)
    try:
        protocol: Protocol = cls(**given)
    except TypeError as error:
        raise BadProtocol(
            f"The protocol {name} cannot be made ({error}).",
            f"It accepts the settings {', '.join(sorted(settings(name))) or 'none'}.",
            "Correct the settings.",
        ) from None
    return protocol
