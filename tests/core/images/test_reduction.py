"""Sizes of reduced photographs, what is said about them, and their pixels."""

from __future__ import annotations

import pytest
import torch

from core.images.photographs import reduce_to
from core.images.protocols import reduce_pixels
from core.images.reduction import describe_reduction, reduced_size, size_warning
from tests.support.pairs import picture

SHAPES = ((375, 500), (376, 377), (800, 601), (90, 1000), (40, 40))  # (H, W)


@pytest.mark.parametrize(("height", "width"), SHAPES)
@pytest.mark.parametrize("short_side", [None, 40, 375, 376])
def test_a_reduced_photograph_has_the_size_that_was_foretold(height: int, width: int, short_side: int | None) -> None:
    photo = picture(height, width)
    small = reduce_to(photo, short_side)
    assert (small.width, small.height) == reduced_size(width, height, short_side)
    assert (small is photo) == (short_side is None or min(height, width) <= short_side)


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_protocols_see_reduced_pixels_and_the_photographs_own_digest(height: int, width: int) -> None:
    photo = picture(height, width)
    seen = reduce_pixels(photo, 60)
    assert torch.equal(seen.pixels, reduce_to(photo, 60).pixels)
    assert (seen.digest, seen.name, seen.label) == (photo.digest, photo.name, photo.label)
    for untouched in (reduce_pixels(photo, None), reduce_pixels(photo, 1000)):
        assert untouched.pixels is photo.pixels


def test_a_note_counts_the_photographs_that_are_reduced() -> None:
    sizes = [(4032, 3024)] * 12 + [(500, 375), (375, 900)] * 4
    wanted = "12 of 20 photographs reduced to a short side of 375 px, because ImageNet's are about 375 high"
    assert describe_reduction(sizes, 375) == wanted
    assert describe_reduction(sizes, 500) == "12 of 20 photographs reduced to a short side of 500 px"
    assert describe_reduction(sizes, None) == describe_reduction(sizes[12:], 375) == describe_reduction([], 375) == ""


@pytest.mark.parametrize(("short_side", "warned"), [(None, False), (375, False), (749.5, False), (750, True)])
def test_photographs_of_twice_imagenets_size_are_warned_of(short_side: float | None, warned: bool) -> None:
    text = size_warning(short_side)
    assert ("--reduce-to 375" in text) == bool(text) == warned
