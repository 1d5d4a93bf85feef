"""Name → class, for what registers itself: protocols, studies. Duplicates raise, misses list the choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .errors import UnknownName

T = TypeVar("T")


class Registry:
    """The classes of one kind (``what``), in the order in which they were registered."""

    def __init__(self, what: str) -> None:
        self._what, self._classes = what, dict[str, type[Any]]()

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        """Class decorator: makes it known by ``name``; a second of that name raises UnknownName."""

        def keep(cls: type[T]) -> type[T]:
            if name in self._classes:
                got = f"a second {self._what} {name!r}"
                raise UnknownName(got=got, wanted="one of each name", remedy="Rename it.")
            self._classes[name] = cls
            return cls

        return keep

    def names(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._classes)

    def get(self, name: str) -> type[Any]:
        """The class of that name, or UnknownName."""
        if name not in self._classes:
            known = ", ".join(self._classes)
            raise UnknownName(got=f"{self._what} {name!r}", wanted=f"one of {known}", remedy="Choose one of these.")
        return self._classes[name]
