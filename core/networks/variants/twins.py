"""Antialiased twins: networks that were trained as another one, with blur before subsampling."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

TWINS = (
    (re.compile(r"torchvision/(\w+)\.imagenet1k_v1"), r"antialiased/\1.bin5"),
    (re.compile(r"(\w+/resnet10)\.(.+)"), r"\1_bin5.\2"),  # as recipes name them
)


def twin(key: str) -> str | None:
    """Key of the antialiased network that was trained as the one of that key was; None where none is known."""
    for pattern, replacement in TWINS:
        if pattern.fullmatch(key):
            return pattern.sub(replacement, key)
    return None


def couples(keys: Collection[str]) -> dict[str, str]:
    """Original → its trained twin, of those networks of which both are there."""
    return {key: other for key in keys if (other := twin(key)) is not None and other in keys}


def with_twins(keys: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """Keys, each followed by its twin where that is known and not named already."""
    found = list[str]()
    for key in keys:
        other = twin(key)
        wanted = [key] if other is None or other not in known or other in keys else [key, other]
        found += [one for one in wanted if one not in found]
    return tuple(found)
