"""Name → protocol. Each protocol's file registers itself; the package imports every file."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ...errors import BadProtocol
from ...registry import Registry
from .base import Protocol

_PROTOCOLS = Registry("protocol")
register = _PROTOCOLS.register
known = _PROTOCOLS.names  # every one


def names() -> tuple[str, ...]:
    """The four of § 2 in the paper's order: what "all" stands for."""
    return tuple(name for name in known() if _PROTOCOLS.get(name).one_of_four)


def settings(name: str) -> frozenset[str]:
    """Names of the settings that a protocol has."""
    return frozenset(field.name for field in fields(_PROTOCOLS.get(name)))


def create(name: str, **given: Any) -> Protocol:
    """Protocol of that name; settings it does not have are refused, out-of-range values too (BadProtocol)."""
    cls = _PROTOCOLS.get(name)
    try:
        protocol: Protocol = cls(**given)
    except TypeError as error:
        raise BadProtocol(got=str(error), wanted=f"settings of {name}", remedy="See the protocol's fields.") from None
    return protocol
