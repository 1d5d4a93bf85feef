"""Pairs of networks trained alike, one of them with blur before each subsampling (antialiased)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

PATTERNS = (
    (re.compile(r"torchvision/(\w+)\.imagenet1k_v1"), r"antialiased/\1.bin5"),
    (re.compile(r"(\w+/resnet10)\.(.+)"), r"\1_bin5.\2"),  # as recipes name them
)


def antialiased_key(key: str) -> str | None:
    """Return the key of the antialiased network that was trained like a given one, or None if none is known.

    >>> antialiased_key("torchvision/resnet50.imagenet1k_v1")
    'antialiased/resnet50.bin5'
    """
    for pattern, replacement in PATTERNS:
        if pattern.fullmatch(key):
            return pattern.sub(replacement, key)
    return None


def antialiased_pairs(keys: Collection[str]) -> dict[str, str]:
    """Return original → antialiased for all pairs among the keys."""
    return {key: other for key in keys if (other := antialiased_key(key)) is not None and other in keys}


def with_antialiased(keys: Sequence[str], available: Collection[str]) -> tuple[str, ...]:
    """Return the keys, each once, with an available antialiased network after its original if it is not named yet."""
    result = list[str]()
    for key in keys:
        other = antialiased_key(key)
        wanted = [key] if other is None or other not in available or other in keys else [key, other]
        result += [each for each in wanted if each not in result]
    return tuple(result)
