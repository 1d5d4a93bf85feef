"""The two frames of a row of a study, made again from the photograph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import StudyMismatch
from ..images.frames import BLACK, FramePair
from ..images.geometry import Interpolation
from ..images.photographs import Photograph
from ..images.protocols import Protocol, create, generator, settings

if TYPE_CHECKING:
    import pandas as pd

    Row = pd.Series[Any] | Mapping[str, Any]


def frames(
    row: Row,
    photograph: Photograph,
    *,
    size: int,
    interpolation: Interpolation = "bilinear",
) -> FramePair:
    """Return the two frames uint8 (3, S, S) of a row of ``Results.pairs``, as its network saw them.

    The row's columns and the photograph determine the frames; nothing is drawn at random. Only a crop in a file of an
    earlier version, which lacks the column ``source_side``, is drawn again from its seed.

    Args:
        row: a row of ``Results.pairs``, or a mapping with its columns.
        photograph: the photograph with the row's digest, as the protocol saw it. If the study has ``reduce_to``, this
            is ``protocols.reduce_pixels(photograph, reduce_to)``.
        size, interpolation: the frame's edge S and the resampling, from the preprocessing of the row's network.

    Raises:
        StudyMismatch: the row is of another photograph.
        BadProtocol: the photograph has another size than in the study, so that the row's square is not inside it.
    """
    import pandas as pd

    if photograph.digest != row["digest"]:
        raise StudyMismatch(
            f"The row is of {row['name']} with digest {row['digest'][:12]}, and {photograph.name} has another digest, "
            f"{photograph.digest[:12]}.",
            "The photograph must be the one that the study measured.",
            "Give that one, for instance from Results.photograph(digest).",
        )
    protocol, x, y = _protocol(row), int(row["x"]), int(row["y"])
    side = row["side"] if "side" in settings(row["protocol"]) else row.get("source_side")
    if pd.isna(side):
        side = _draw_side(row, photograph, protocol, size)
    placement = protocol.placement(photograph, x, y, side=int(side), size=size, interpolation=interpolation)
    return protocol.frames(photograph, placement)


def _protocol(row: Row) -> Protocol:
    """Return the protocol of a row, with its settings except the side."""
    given = {"step": int(row["step"]), "direction": row["direction"], "unit": row["unit"]}
    given |= {"surround": row.get("surround", BLACK)}  # a study by the paper's text has no such column
    accepted = settings(row["protocol"])
    return create(row["protocol"], **{name: value for name, value in given.items() if name in accepted})


def _draw_side(row: Row, photograph: Photograph, protocol: Protocol, size: int) -> int:
    """Return the side of a row of an earlier version. Raises StudyMismatch if its seed gives another corner."""
    placement = protocol.place(
        photograph, size, rng=generator(int(row["seed"]), photograph, protocol, int(row["pair"]))
    )
    if (placement.x, placement.y) != (row["x"], row["y"]):
        raise StudyMismatch(
            f"The row's square is at ({row['x']}, {row['y']}), and its seed gives ({placement.x}, {placement.y}).",
            "A row without a source side is drawn again from the photograph as the protocol saw it.",
            "Give the photograph with the size that it had in the study.",
        )
    return placement.side
