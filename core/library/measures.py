"""Sensitivity and typicality of photographs in memory or in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..datasets import find
from ..datasets.colours import with_colour
from ..datasets.decoding import photographs as decoded
from ..errors import BadProtocol
from ..images import protocols
from ..images.colour import Colour
from ..images.photographs import Photograph
from ..images.protocols import Protocol
from ..images.protocols.readings import Reading, read_for
from ..images.reduction import IMAGENET_SIDE
from ..index.search import FeatureIndex
from ..index.typicality import NEIGHBOURS, Typicality, rate
from ..inference.engine import Network
from ..inference.pairs import outcomes
from ..statistics.sensitivity import Sensitivity, sensitivity
from .networks import engine, load_network


def measure(
    photographs: Photograph | Iterable[Photograph] | str | Path,
    network: Network,
    protocol: str | Protocol = "crop",
    *,
    pairs: int = 16,
    seed: int = 0,
    reduce_to: int | None = IMAGENET_SIDE,
    reading: Reading | None = None,
    colour: Colour = "srgb",
    **settings: Any,
) -> Sensitivity:
    """Return how often, and by how much, a network's answer changes when photographs move by one pixel.

    The same photographs, settings and seed give the same numbers as ``python -m core measure``.

    Args:
        photographs: One, several, or a place: a folder, ``"scenes:0-99"``, whatever the command line takes.
        network: From ``load_network`` or ``wrap``.
        protocol: ``"crop"``, ``"black"``, ``"inpaint"``, ``"scale"``, or a protocol with its settings.
        pairs, seed: Random pairs of frames for each photograph, and their seed.
        reduce_to: The short side in pixels to which the protocol reduces larger photographs first, 375 as for
            ImageNet's; None leaves them as they are.
        reading: ``"text"``, as the paper describes its protocols, or ``"script"``, as its authors' script does: crops
            move by a pixel of the frame, and the surround is the network's mean grey. None where the settings say it.
        colour: Of photographs read from a place: ``"srgb"`` or ``"ignore"``, as for ``read_photograph``.
        settings: The protocol's: ``step``, ``direction``, ``unit`` (crop), ``side`` (black, inpaint, scale),
            ``surround`` (black, scale).

    Raises BadPhotograph, BadProtocol, BadFolder, UnknownName.

    >>> network = load_network("embedded/resnet10.scenes-0")
    >>> result = measure("scenes:2000000-2000003", network, "black", pairs=4, side=60)
    >>> result.photographs, result.pairs
    (4, 16)
    >>> 0 <= result.p_top1_change <= 1
    True
    """
    chosen = _protocol(protocol, reading, settings)
    if isinstance(photographs, Photograph):
        photographs = [photographs]
    elif isinstance(photographs, str | Path):
        photographs = decoded(with_colour(find([photographs]), colour))
    parts = outcomes(engine(), network, photographs, chosen, pairs=pairs, seed=seed, reduce_to=reduce_to)
    return sensitivity(outcome for part in parts for outcome in part)


def _protocol(protocol: str | Protocol, reading: Reading | None, settings: dict[str, Any]) -> Protocol:
    if isinstance(protocol, str):
        return protocols.create(protocol, **read_for(protocol, reading, settings))
    if reading is not None or settings:
        raise BadProtocol(
            "The protocol has its settings already, and others are given.",
            "Settings and a reading belong to a protocol's name.",
            "Give the name of the protocol, or create the protocol with these settings.",
        )
    return protocol


def typicality(
    photograph: Photograph, index: FeatureIndex, network: Network | None = None, *, k: int = NEIGHBOURS
) -> Typicality:
    """Return the mean cosine of a photograph to its nearest training photographs, with these and the percentile.

    The percentile is None where the index has fewer than k other photographs of the predicted class or of the
    photograph's label; the result's ``warnings`` say why.

    Args:
        photograph: Where it is in the index itself, that row is left out.
        index: From ``open_index``.
        network: The network that the index was built with; it is loaded by its key without it.
        k: How many neighbours are averaged. The percentile needs the k that the index was built with (10).

    Raises IndexMismatch where the index holds features of another network.

    >>> from photobias import open_index, read_photograph
    >>> found = typicality(read_photograph("scenes:2000000"), open_index("scenes"))
    >>> len(found.neighbours), found.references, 0 <= found.percentile <= 100
    (10, 1600, True)
    """
    network = network or load_network(index.manifest.network)
    return next(rate(engine(), network, index, [photograph], k=k)).typicality
