"""What every study is: networks x protocols x pairs over photographs, and each photograph's centre crop."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch

from ..datasets import Source
from ..errors import BadProtocol
from ..images import protocols
from ..images.frames import Direction, Unit
from ..images.photographs import Photograph
from ..images.protocols import Protocol
from ..registry import Registry
from ..versions import PACKAGE

_STUDIES = Registry("study")
register = _STUDIES.register


def _load_experiments() -> None:
    """Import the experiments, which register their studies. By name: they lie above this package."""
    importlib.import_module(f"{PACKAGE}.experiments")


def names() -> tuple[str, ...]:
    """Return the names of all studies, sorted."""
    _load_experiments()
    return tuple(sorted(_STUDIES.names()))


Axis = Literal["index", "confidence"]
SMALL_PAIRS, SMALL_SIDES = 2, 3


@dataclass(frozen=True, kw_only=True)
class Study:
    """The settings of a study; an experiment of the paper is one with defaults of its own.

    ``sides``: embedded short sides in network pixels, None for the study's own. ``reduce_to``: short side that the
    photographs are first reduced to. ``needs``: the axes it cannot do without; ``twins``: whether antialiased twins of
    the networks come along; ``likeness``: whether PSNR and SSIM stand beside pairs that fail; ``layered``: whether
    readouts of their layers answer, a row each. ``own``: settings that no other study has, options of the command line;
    ``counts``: what its progress counts.
    """

    protocols: tuple[str, ...] = ("crop", "black", "inpaint", "scale")
    pairs: int = 1
    seed: int = 0
    step: int = 1
    direction: Direction = "diagonal"
    unit: Unit = "source"
    sides: tuple[int, ...] | None = None
    reduce_to: int | None = None

    name: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    needs: ClassVar[tuple[Axis, ...]] = ()
    twins: ClassVar[bool] = False
    likeness: ClassVar[bool] = False
    layered: ClassVar[bool] = False
    own: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[str] = "pairs"

    def __post_init__(self) -> None:
        for what, given in (("protocols", self.protocols), ("sides", self.sides or ())):
            if len(set(given)) < len(given):
                raise _bad(f"{what} {', '.join(map(str, given))}", "each of them once")
        if not self.protocols or self.pairs < 1 or self.seed < 0:
            raise _bad(
                f"{len(self.protocols)} protocols, {self.pairs} pairs, seed {self.seed}",
                "at least one protocol and one pair, and a seed of 0 or more",
            )
        has = frozenset[str]().union(*map(protocols.settings, self.protocols))
        for setting, field, chosen in (("sides", "side", bool(self.sides)), ("unit", "unit", self.unit != "source")):
            if chosen and field not in has:
                raise _bad(f"{setting} with {', '.join(self.protocols)}", "a setting that one of the protocols has")
        self._made([None])  # raises for steps and directions

    def default_sides(self, size: int) -> tuple[int | None, ...]:
        """Embedded sides for frames of ``size`` where none are named; None: the protocol's own."""
        return (None,)

    def instances(self, size: int) -> tuple[Protocol, ...]:
        """The protocols as a network with frames of ``size`` meets them. Raises BadProtocol where one does not fit."""
        made = self._for_frames(size)
        square = Photograph(torch.zeros(3, size, size, dtype=torch.uint8), "00" * 32, "a square")
        for protocol in made:
            protocol.place(square, size, rng=np.random.default_rng(0))
        return made

    def _for_frames(self, size: int) -> tuple[Protocol, ...]:
        return self._made(self.sides or self.default_sides(size))

    def _made(self, sides: tuple[int | None, ...] | list[None]) -> tuple[Protocol, ...]:
        made = []
        for name in self.protocols:
            has = protocols.settings(name)
            for side in sides if "side" in has else [None]:
                given = {"step": self.step, "direction": self.direction, "unit": self.unit, "side": side}
                made.append(protocols.create(name, **{k: v for k, v in given.items() if k in has}))
        return tuple(made)

    def settled(self, sources: Sequence[Source]) -> Self:
        """With what all its photographs decide, before any limit; most studies have nothing of the kind."""
        return self

    def small(self) -> Self:
        """A trial of the same kind: few pairs, few sides."""
        sides = self.sides[:SMALL_SIDES] if self.sides else None
        return replace(self, pairs=min(self.pairs, SMALL_PAIRS), sides=sides)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as a manifest keeps them; ``create`` takes them back."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def get(name: str) -> type[Study]:
    """The class of that name, or UnknownName."""
    _load_experiments()
    cls: type[Study] = _STUDIES.get(name)
    return cls


def create(name: str, **settings: Any) -> Study:
    """The study of that name; UnknownName and BadProtocol say what it does not take. Lists become tuples."""
    cls: Any = get(name)
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    try:
        study: Study = cls(**given)
    except TypeError as error:
        raise _bad(str(error), f"settings of {name}") from None
    return study


def _bad(got: str, wanted: str) -> BadProtocol:
    return BadProtocol(got=got, wanted=wanted, remedy="Correct the study's settings.")
