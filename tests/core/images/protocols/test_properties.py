"""Properties of every protocol: the step between the frames, their bounds, and the null step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import BadProtocol
from core.images import protocols
from core.images.frames import DIRECTIONS, Direction, FramePair
from core.images.photographs import Photograph, photograph
from core.images.protocols.base import generator, offset

quick = settings(deadline=None, max_examples=40, derandomize=True)
photographs = st.builds(
    lambda width, height, seed: picture(width, height, seed),
    st.integers(40, 120),
    st.integers(40, 120),
    st.integers(0, 99),
)
steps = st.integers(0, 6)
directions: Any = st.sampled_from(sorted(DIRECTIONS))
sizes = st.sampled_from((32, 48, 65))


def picture(width: int, height: int, seed: int) -> Photograph:
    """A photograph of noise without black pixels, so that true black is the surround."""
    pixels = np.random.default_rng(seed).integers(1, 256, (height, width, 3), dtype=np.uint8)
    return photograph(Image.fromarray(pixels), "noise")


def pair_of(name: str, photo: Photograph, size: int, number: int, **chosen: Any) -> FramePair | None:
    """A random pair, or None if none fits the photograph."""
    protocol = protocols.create(name, **chosen)
    try:
        return protocol.pair(photo, size, rng=generator(0, photo, protocol, number))
    except BadProtocol:
        return None


def inner(frame: torch.Tensor, dx: int, dy: int) -> torch.Tensor:
    """The part of a frame that is still inside after a shift by (dx, dy)."""
    return frame[:, dy:, dx:]


@quick
@given(st.sampled_from(protocols.known()), photographs, sizes, steps, directions, st.integers(0, 9))
def test_frames_have_the_networks_size_and_the_patch_stays_inside(
    name: str, photo: Photograph, size: int, step: int, direction: Direction, number: int
) -> None:
    pair = pair_of(name, photo, size, number, step=step, direction=direction)
    if pair is None:
        return
    for frame in (pair.before, pair.after):
        assert (frame.shape, frame.dtype) == ((3, size, size), torch.uint8)
    p, (dx, dy) = pair.placement, offset(step, direction)
    assert min(p.x, p.y) >= 0
    if name == "crop":
        assert p.x + p.side + dx <= photo.width
        assert p.y + p.side + dy <= photo.height
    elif name in ("black", "inpaint"):
        assert max(p.x + p.width + dx, p.y + p.height + dy) <= size


@quick
@given(st.sampled_from(protocols.known()), photographs, sizes, directions, st.integers(0, 9))
def test_the_null_step_changes_nothing(
    name: str, photo: Photograph, size: int, direction: Direction, number: int
) -> None:
    pair = pair_of(name, photo, size, number, step=0, direction=direction)
    assert pair is None or torch.equal(pair.before, pair.after)


@quick
@given(photographs, sizes, steps, directions, st.integers(0, 9))
def test_black_differs_by_exactly_the_step(
    photo: Photograph, size: int, step: int, direction: Direction, number: int
) -> None:
    pair = pair_of("black", photo, size, number, step=step, direction=direction)
    if pair is None:
        return
    dx, dy = offset(step, direction)
    assert torch.equal(inner(pair.after, dx, dy), pair.before[:, : size - dy, : size - dx])
    black = (pair.before == 0).all(0).sum()
    assert black == (pair.after == 0).all(0).sum() == size**2 - pair.placement.width * pair.placement.height


@quick
@given(st.sampled_from(("crop", "upscale")), photographs, sizes, steps, directions, st.integers(0, 9))
def test_a_crop_in_network_pixels_differs_by_exactly_the_step(
    name: str, photo: Photograph, size: int, step: int, direction: Direction, number: int
) -> None:
    unit = {"unit": "network"} if name == "crop" else {}
    pair = pair_of(name, photo, size, number, step=step, direction=direction, **unit)
    if pair is not None:
        dx, dy = offset(step, direction)
        assert torch.equal(inner(pair.before, dx, dy), pair.after[:, : size - dy, : size - dx])


@quick
@given(st.sampled_from(protocols.known()), photographs, sizes, steps, directions, st.integers(0, 9))
def test_a_placement_is_enough_to_make_the_pair_again(
    name: str, photo: Photograph, size: int, step: int, direction: Direction, number: int
) -> None:
    pair = pair_of(name, photo, size, number, step=step, direction=direction)
    if pair is not None:
        again = protocols.create(name).frames(photo, pair.placement)
        assert torch.equal(pair.before, again.before)
        assert torch.equal(pair.after, again.after)
