"""Base classes of protocols: settings, randomness and interface."""

from __future__ import annotations

import numbers
import typing
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from ...errors import BadProtocol
from ..frames import DIRECTIONS, MAX_STEP, Direction, FramePair, Placement
from ..geometry import Interpolation
from ..photographs import Photograph, reduce_to


class Protocol(typing.Protocol):
    """A way to make a pair of frames from a photograph.

    ``place`` draws a random placement, ``frames`` makes the pair for it, and ``pair`` does both. ``placement`` is the
    same placement again, given its corner and side. ``with_grey`` is the protocol for a network whose mean colour is
    ``grey``.
    """

    @property
    def name(self) -> str: ...

    @property
    def family(self) -> int: ...

    def place(
        self, photograph: Photograph, size: int, *, rng: np.random.Generator, interpolation: Interpolation = "bilinear"
    ) -> Placement: ...

    def placement(
        self, photograph: Photograph, x: int, y: int, *, side: int, size: int, interpolation: Interpolation
    ) -> Placement: ...

    def frames(self, photograph: Photograph, placement: Placement) -> FramePair: ...

    def with_grey(self, grey: str) -> Protocol: ...

    def pair(
        self, photograph: Photograph, size: int, *, rng: np.random.Generator, interpolation: Interpolation = "bilinear"
    ) -> FramePair: ...


@dataclass(frozen=True, kw_only=True)
class Step:
    """Step and direction of the second frame. A step of 0 is the null pair, whose frames are equal."""

    step: int = 1
    direction: Direction = "diagonal"
    name: ClassVar[str] = ""
    one_of_four: ClassVar[bool] = True  # the four protocols of § 2

    def __post_init__(self) -> None:
        if not isinstance(self.step, numbers.Integral) or not 0 <= self.step <= MAX_STEP:
            raise BadProtocol(
                f"The step is {self.step}.", f"It must be 0 to {MAX_STEP} whole pixels.", "Choose one of these."
            )
        if self.direction not in DIRECTIONS:
            raise BadProtocol(
                f"There is no direction {self.direction!r}.",
                f"Accepted are {', '.join(DIRECTIONS)}.",
                "Choose one of these.",
            )

    def place(
        self, photograph: Photograph, size: int, *, rng: np.random.Generator, interpolation: Interpolation = "bilinear"
    ) -> Placement:
        """Return a random placement. Raises BadProtocol if none fits the photograph or the frame."""
        raise NotImplementedError

    def frames(self, photograph: Photograph, placement: Placement) -> FramePair:
        """Return the pair at a placement. Only the placement matters, not the settings of this object."""
        raise NotImplementedError

    def placement(
        self, photograph: Photograph, x: int, y: int, *, side: int, size: int, interpolation: Interpolation
    ) -> Placement:
        """Return the placement with this corner and side, whatever the side of this object."""
        return Placement(
            protocol=self.name,
            x=x,
            y=y,
            side=side,
            width=size,
            height=size,
            size=size,
            step=self.step,
            direction=self.direction,
            unit="network",
            interpolation=interpolation,
        )

    def with_grey(self, grey: str) -> Self:
        """Return the protocol for a network with the mean colour ``grey``, "#rrggbb". Most protocols do not use it."""
        return self

    def pair(
        self, photograph: Photograph, size: int, *, rng: np.random.Generator, interpolation: Interpolation = "bilinear"
    ) -> FramePair:
        """Return a random pair of frames uint8 (3, S, S). Raises BadProtocol if none fits photograph or frame."""
        return self.frames(photograph, self.place(photograph, size, rng=rng, interpolation=interpolation))


@dataclass(frozen=True, kw_only=True)
class SideProtocol(Step):
    """A protocol that resizes the photograph to short side ``side``, in network pixels; None is its default."""

    side: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.side is not None and (not isinstance(self.side, numbers.Integral) or self.side < 1):
            raise BadProtocol(
                f"The side is {self.side}.", "It must be 1 or more whole pixels.", "Choose a larger side."
            )


def offset(step: int, direction: Direction) -> tuple[int, int]:
    """Return (dx, dy) of a step in pixels.

    >>> offset(2, "down")
    (0, 2)
    """
    right, down = DIRECTIONS[direction]
    return right * step, down * step


def reduce_pixels(photograph: Photograph, short_side: int | None) -> Photograph:
    """Return the photograph as protocols cut and place it: its pixels are reduced, its digest stays.

    One source pixel of a 12-megapixel photograph is a fraction of a network's pixel, so without a reduction every
    network would look stable in crops. The random choices do not depend on the reduction.
    """
    return replace(reduce_to(photograph, short_side), digest=photograph.digest)


def generator(seed: int, photograph: Photograph, protocol: Protocol, pair: int) -> np.random.Generator:
    """Return the random generator of one pair. It depends only on seed, pixels, protocol family and pair number.

    So a shorter run is a prefix of a longer one, and neither order nor parallelism changes a placement.
    """
    if seed < 0 or pair < 0:
        raise BadProtocol(
            f"The seed is {seed} and the pair {pair}.", "Both must be 0 or more.", "Choose a positive number."
        )
    digest = int.from_bytes(bytes.fromhex(photograph.digest)[:8], "big")
    return np.random.default_rng([seed, digest, protocol.family, pair])
