"""Photographs of sources, decoded ahead of their use in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from statistics import median

from ..errors import BadPhotograph, PhotobiasError
from ..images.photographs import Photograph
from ..jobs.streams import chunks, ordered_map
from .sources import Source

THREADS = 4
SAMPLE = 16  # photographs whose size stands for all
Skipped = Callable[[str, PhotobiasError], None]  # name of a photograph that is left out, and the reason
Decoded = tuple[Source, Photograph | PhotobiasError]


def photographs(files: Iterable[Source], *, skipped: Skipped | None = None) -> Iterator[Photograph]:
    """Yield the photographs of ``files`` in order, each set of pixels once.

    Args:
        skipped: called with the name of a photograph that cannot be decoded or repeats an earlier one, and the
            reason. Without it such a photograph raises BadPhotograph.
    """
    for file, result in each_once(decoded(files)):
        if isinstance(result, Photograph):
            yield result
        elif skipped is None:
            raise result
        else:
            skipped(file.name, result)


def decoded(files: Iterable[Source]) -> Iterator[Decoded]:
    """Yield each file with its photograph, or with the error that explains why it has none, in order."""

    def read(file: Source) -> Photograph | PhotobiasError:
        try:
            return file.read()
        except PhotobiasError as error:
            return error

    with ThreadPoolExecutor(THREADS, "decode") as pool:
        listed = list(files)
        yield from zip(listed, ordered_map(read, listed, pool=pool, ahead=2 * THREADS), strict=True)


def each_once(files: Iterable[Decoded], seen: dict[str, str] | None = None) -> Iterator[Decoded]:
    """Yield decoded files, with BadPhotograph in place of a photograph whose pixels came before.

    Repeated pixels would only count the same pairs twice. Each photograph is named as its file in its folder.

    Args:
        seen: digest → name of the photographs that came before; updated in place.
    """
    names = {} if seen is None else seen
    for file, result in files:
        if not isinstance(result, Photograph):
            yield file, result
        elif result.digest in names:
            f"{file.name!r} with the same pixels as {names[result.digest]!r}"
            yield (
                file,
                BadPhotograph(
                    f"{file.name!r} has the same pixels as {names[result.digest]!r}.",
                    "Every photograph must occur once.",
                    "Remove one of them.",
                ),
            )
        else:
            names[result.digest] = file.name
            yield file, replace(result, name=file.name)


def median_short_side(files: Iterable[Source]) -> float | None:
    """Return the median short side, in pixels, of the first 16 photographs that can be decoded; None without any."""
    results = (result for part in chunks(files, SAMPLE) for _, result in decoded(part))
    sides = (min(result.width, result.height) for result in results if isinstance(result, Photograph))
    first = list(islice(sides, SAMPLE))
    return median(first) if first else None
