"""Sizes of large photographs that are reduced to about ImageNet's, and the sentences that say so."""

from __future__ import annotations

from collections.abc import Sequence

IMAGENET_SIDE = 375  # the usual short side of an ImageNet photograph, in pixels
MUCH_LARGER = 2  # photographs with a short side of so many times IMAGENET_SIDE need a warning

Size = tuple[int, int]  # width, height


def reduced_size(width: int, height: int, short_side: int | None) -> Size:
    """Return the size of a photograph reduced to a short side. A smaller one keeps its size, and with None every one.

    >>> reduced_size(4032, 3024, 375), reduced_size(300, 200, 375), reduced_size(4032, 3024, None)
    ((500, 375), (300, 200), (4032, 3024))
    """
    short = min(width, height)
    if short_side is None or short <= short_side:
        return width, height
    return round(width * short_side / short), round(height * short_side / short)


def describe_reduction(sizes: Sequence[Size], short_side: int | None) -> str:
    """Return a note on photographs of these sizes that are reduced to a short side; empty if none is larger.

    >>> describe_reduction([(4032, 3024)], 375)
    "reduced from 4032 x 3024: ImageNet's photographs are about 375 high"
    >>> describe_reduction([(4032, 3024), (300, 200)], 375)
    "1 of 2 photographs reduced to a short side of 375 px, because ImageNet's are about 375 high"
    >>> describe_reduction([(4032, 3024)], 500)
    'reduced from 4032 x 3024 to a short side of 500 px'
    """
    large = [size for size in sizes if reduced_size(*size, short_side) != size]
    if not large:
        return ""
    usual, to = short_side == IMAGENET_SIDE, f"to a short side of {short_side} px"
    if len(sizes) > 1:
        why = f", because ImageNet's are about {IMAGENET_SIDE} high" if usual else ""
        return f"{len(large)} of {len(sizes)} photographs reduced {to}{why}"
    [(width, height)] = large
    how = f": ImageNet's photographs are about {IMAGENET_SIDE} high" if usual else f" {to}"
    return f"reduced from {width} x {height}{how}"


def size_warning(short_side: float | None) -> str:
    """Return the warning of a study whose photographs have this median short side; empty unless they are much larger
    than ImageNet's.
    """
    if short_side is None or short_side < MUCH_LARGER * IMAGENET_SIDE:
        return ""
    return (
        f"The photographs are much larger than ImageNet's: the median short side of the first ones is {short_side:g} "
        f"px, ImageNet's is about {IMAGENET_SIDE} px. One pixel of such a photograph is a fraction of a network's "
        f"pixel, so every network looks stable in crops. --reduce-to {IMAGENET_SIDE} reduces them"
    )
