"""Registries of classes by name: protocols and studies. Duplicates raise, and an unknown name lists the choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .errors import UnknownName

T = TypeVar("T")


class Registry:
    """The classes of one kind (``what``), in the order of their registration."""

    def __init__(self, what: str) -> None:
        self._what, self._classes = what, dict[str, type[Any]]()

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        """Return a class decorator that registers the class as ``name``. Raises UnknownName for a second one."""

        def keep(cls: type[T]) -> type[T]:
            if name in self._classes:
                raise UnknownName(f"There is a second {self._what} {name!r}.", remedy="Rename it.")
            self._classes[name] = cls
            return cls

        return keep

    def names(self) -> tuple[str, ...]:
        """Return all names."""
        return tuple(self._classes)

    def get(self, name: str) -> type[Any]:
        """Return the class of that name. Raises UnknownName."""
        if name not in self._classes:
            choices = ", ".join(self._classes)
            raise UnknownName(f"There is no {self._what} {name!r}.", f"There are {choices}.", "Choose one of these.")
        return self._classes[name]
