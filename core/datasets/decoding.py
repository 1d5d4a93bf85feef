"""Photographs of sources, decoded ahead of their use in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..errors import BadPhotograph, PhotobiasError
from ..images.photographs import Photograph, reduce_to
from ..jobs.streams import ordered_map
from .sources import Source

THREADS = 4
Skipped = Callable[[str, PhotobiasError], None]  # name of a photograph that is left out, and the reason
Decoded = tuple[Source, Photograph | PhotobiasError]


def photographs(
    files: Iterable[Source], *, short_side: int | None = None, skipped: Skipped | None = None
) -> Iterator[Photograph]:
    """Yield the photographs of ``files`` in order, each set of pixels once.

    Args:
        short_side: reduce larger photographs to this short side, in pixels; None keeps them as they are.
        skipped: called with the name of a photograph that cannot be decoded or repeats an earlier one, and the
            reason. Without it such a photograph raises BadPhotograph.
    """
    for file, result in each_once(decoded(files, short_side=short_side)):
        if isinstance(result, Photograph):
            yield result
        elif skipped is None:
            raise result
        else:
            skipped(file.name, result)


def decoded(files: Iterable[Source], *, short_side: int | None = None) -> Iterator[Decoded]:
    """Yield each file with its photograph, or with the error that explains why it has none, in order."""

    def read(file: Source) -> Photograph | PhotobiasError:
        try:
            photograph = file.read()
        except PhotobiasError as error:
            return error
        return photograph if short_side is None else reduce_to(photograph, short_side)

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
