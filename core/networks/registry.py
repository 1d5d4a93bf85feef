"""All networks that can be named: the libraries' own, the user's checkpoints, then those embedded in the project."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import PhotobiasError, UnknownName
from ..storage.data_folder import EMBEDDED, DataFolder
from .card import NetworkCard, choices
from .variants import derived
from .zoo import antialiased, checkpoint, keras, timm, torchvision

Found = Iterator[tuple[str, NetworkCard | PhotobiasError]]  # where it stands, and the card or what is wrong with it


def _zoo(cards: Callable[[Path], Iterator[NetworkCard | PhotobiasError]]) -> Callable[[DataFolder], Found]:
    return lambda data: (("" if isinstance(c, PhotobiasError) else c.weights.name, c) for c in cards(data.weights))


def _checkpoints(data: DataFolder) -> Found:
    folders = [data.networks]
    if data.networks.resolve() != EMBEDDED.networks.resolve():  # the same one while the embedded ones are made
        folders.append(EMBEDDED.networks)
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
        try:
            yield path.name, checkpoint.read_card(path)
        except PhotobiasError as error:
            yield path.name, error


ZOOS = {  # what their keys begin with
    "torchvision/": _zoo(torchvision.cards),
    "keras/": _zoo(keras.cards),
    "antialiased/": _zoo(antialiased.cards),
    timm.FAMILY: _zoo(timm.here),
}


def readable(data: DataFolder) -> tuple[dict[str, NetworkCard], list[PhotobiasError]]:
    """Key → card in order, and what is wrong with the cards that cannot be read (nothing is skipped silently).

    Of timm's networks those whose weights are here; ``get`` knows the others too.
    """
    found: dict[str, NetworkCard] = {}
    problems: list[PhotobiasError] = []
    for place, card in (each for family in (*ZOOS.values(), _checkpoints) for each in family(data)):
        if isinstance(card, PhotobiasError):
            problems.append(card)
        elif card.key in found:
            two = f"two cards with the key {card.key!r} ({place})"
            problems.append(UnknownName(got=two, wanted="one of each key", remedy="Rename one of them."))
        else:
            found[card.key] = card
    return found, problems


def cards(data: DataFolder) -> dict[str, NetworkCard]:
    """Key → card, in order; the first broken card raises."""
    found, problems = readable(data)
    if problems:
        raise problems[0]
    return found


def get(key: str, data: DataFolder) -> NetworkCard:
    """The card of that key, or UnknownName listing the choices. Another card that is broken does not matter.

    ``timm/NAME`` is any of timm's, ``KEY~NAME`` a network derived from that of KEY (``derived.NAMES``).
    """
    family = next((zoo for start, zoo in ZOOS.items() if key.startswith(start)), _checkpoints)
    for _, card in family(data):  # not of all families: to import their libraries takes seconds
        if isinstance(card, NetworkCard) and card.key == key:
            return card
    original, change = derived.split(key)
    if change is not None:
        return derived.derive(get(original, data), change)
    found, problems = readable(data)
    if key in found:
        return found[key]
    if key.startswith(timm.FAMILY):
        return timm.card(key.removeprefix(timm.FAMILY), data.weights)
    broken = f" A card that cannot be read may be it: {problems[0]}" if problems else ""
    near = sorted(found, key=lambda known: (key not in known, not found[known].available))
    raise UnknownName(
        got=f"network {key!r}",
        wanted=f"one of {choices(near)}, or {timm.FAMILY} and a name of timm's",
        remedy=f"List them with: python -m core networks --data {data.root}.{broken}",
    )
