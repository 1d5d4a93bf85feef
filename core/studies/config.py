"""The base class of studies: networks x protocols x pairs over photographs, and each photograph's centre crop."""

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
from ..images.protocols.readings import READINGS, read_settings
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
    """The settings of a study. Each experiment of the paper is a subclass with its own defaults.

    Attributes:
        protocols: names of protocols, each once.
        pairs: random pairs for each photograph, network and protocol.
        step, direction, unit: the displacement within a pair, as protocols take it.
        reading: "text", or "script" with the unit "network" (``core.images.protocols.readings``).
        sides: short sides of embedded photographs in network pixels; None for the study's own.
        reduce_to: the short side in pixels to which protocols reduce larger photographs first. None, as in the paper,
            leaves them as they are. Digests, centre crops and axes are always of the photographs as decoded.
        name, paper: the name of the study, and the figure or section of the paper.
        needs: the axes without which the study cannot run.
        twins: whether antialiased twins of the networks are measured too.
        likeness: whether pairs that fail get PSNR and SSIM.
        layered: whether linear probes of the networks' layers are measured, one row each.
        own: settings that other studies do not have, as options of the command line.
        counts: the unit of its progress.
    """

    protocols: tuple[str, ...] = ("crop", "black", "inpaint", "scale")
    pairs: int = 1
    seed: int = 0
    step: int = 1
    direction: Direction = "diagonal"
    unit: Unit = "source"
    reading: str = "text"
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
        script = self.reading != "text"
        read_settings({"reading": self.reading} | ({"unit": self.unit} if script else {}))  # raises where they differ
        for setting, own, chosen in (
            ("sides", {"side"}, bool(self.sides)),
            ("unit", {"unit"}, self.unit != "source" and not script),
            ("reading", {"unit", "surround"}, script),
        ):
            if chosen and not own & has:
                raise _bad(f"{setting} with {', '.join(self.protocols)}", "a setting of one of the protocols")
        self._made([None])  # raises for steps and directions

    def default_sides(self, size: int) -> tuple[int | None, ...]:
        """Return the embedded sides for frames of ``size`` pixels if none are chosen; None: the protocol's own."""
        return (None,)

    def instances(self, size: int) -> tuple[Protocol, ...]:
        """Return the protocols for frames of ``size`` pixels. Raises BadProtocol if one does not fit.

        >>> from core.studies import create
        >>> [protocol.name for protocol in create("protocols").instances(224)]
        ['crop', 'black', 'inpaint', 'scale']
        """
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
            made += [self.protocol(name, side) for side in (sides if "side" in protocols.settings(name) else [None])]
        return tuple(made)

    def protocol(self, name: str, side: int | None) -> Protocol:
        """Return the protocol of that name with the study's settings. Raises BadProtocol."""
        given: dict[str, Any] = {"step": self.step, "direction": self.direction, "unit": self.unit, "side": side}
        given |= {"surround": READINGS[self.reading]["surround"]}
        has = protocols.settings(name)
        return protocols.create(name, **{k: v for k, v in given.items() if k in has})

    def settled(self, sources: Sequence[Source]) -> Self:
        """Return the study with the settings that depend on all its photographs, before any limit. Most have none."""
        return self

    def small(self) -> Self:
        """Return a trial of the study: few pairs, few sides."""
        sides = self.sides[:SMALL_SIDES] if self.sides else None
        return replace(self, pairs=min(self.pairs, SMALL_PAIRS), sides=sides)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as a manifest keeps them; ``create`` takes them. The reading "text" has no entry, as in
        earlier versions."""
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return {k: v for k, v in plain.items() if (k, v) != ("reading", "text")}


def get(name: str) -> type[Study]:
    """Return the class of the study of that name. Raises UnknownName."""
    _load_experiments()
    cls: type[Study] = _STUDIES.get(name)
    return cls


def create(name: str, **settings: Any) -> Study:
    """Return a study by its name and settings; lists become tuples. Raises UnknownName, BadProtocol.

    >>> create("protocols", pairs=2, protocols=["crop", "black"]).protocols
    ('crop', 'black')
    """
    cls: Any = get(name)
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    if "reading" in given:
        given |= {"unit": read_settings({k: v for k, v in given.items() if k in ("reading", "unit")})["unit"]}
    try:
        study: Study = cls(**given)
    except TypeError as error:
        raise _bad(str(error), f"settings of {name}") from None
    return study


def _bad(got: str, wanted: str) -> BadProtocol:
    return BadProtocol(
        f"The settings do not fit together: {got.rstrip('.')}.", f"Expected {wanted}.", "Correct the study's settings."
    )
