"""All networks by key: the libraries' own, the user's checkpoints, then those embedded in the project."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import PhotobiasError, UnknownName
from ..storage.data_folder import EMBEDDED, DataFolder
from .card import NetworkCard, choices
from .variants import derived
from .zoo import antialiased, checkpoint, keras, lite, timm, torchvision

Cards = Iterator[tuple[str, NetworkCard | PhotobiasError]]  # file name, and the card or what is wrong with it


def _zoo(cards: Callable[[Path], Iterator[NetworkCard | PhotobiasError]]) -> Callable[[DataFolder], Cards]:
    return lambda data: (("" if isinstance(c, PhotobiasError) else c.weights.name, c) for c in cards(data.weights))


def _checkpoints(data: DataFolder) -> Cards:
    folders = [data.networks]
    if data.networks.resolve() != EMBEDDED.networks.resolve():  # the same folder while the embedded ones are made
        folders.append(EMBEDDED.networks)
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
        try:
            yield path.name, checkpoint.read_card(path)
        except PhotobiasError as error:
            yield path.name, error


ZOOS = {  # by the start of their keys
    "torchvision/": _zoo(torchvision.cards),
    "keras/": _zoo(keras.cards),
    "antialiased/": _zoo(antialiased.cards),
    lite.FAMILY: _zoo(lite.cards),
    timm.FAMILY: _zoo(timm.downloaded_cards),
}


def readable(data: DataFolder) -> tuple[dict[str, NetworkCard], list[PhotobiasError]]:
    """Return (key → card in order, the errors of the cards that cannot be read).

    Only those timm networks are listed whose weights are on this machine; ``get`` returns the others too.
    """
    cards: dict[str, NetworkCard] = {}
    problems: list[PhotobiasError] = []
    for file, card in (each for family in (*ZOOS.values(), _checkpoints) for each in family(data)):
        if isinstance(card, PhotobiasError):
            problems.append(card)
        elif card.key in cards:
            problems.append(
                UnknownName(
                    f"There are two cards with the key {card.key!r} ({file}).",
                    "Every key must occur once.",
                    "Rename one of them.",
                )
            )
        else:
            cards[card.key] = card
    return cards, problems


def cards(data: DataFolder) -> dict[str, NetworkCard]:
    """Return key → card, in order. Raises the error of the first card that cannot be read."""
    readable_cards, problems = readable(data)
    if problems:
        raise problems[0]
    return readable_cards


def get(key: str, data: DataFolder) -> NetworkCard:
    """Return the card with a key. Raises UnknownName, which lists the choices.

    ``timm/NAME`` is any pretrained network of timm. ``KEY~NAME`` is a variant of KEY's network (``derived.NAMES``).
    Other cards that cannot be read do not matter here.

    >>> get("torchvision/resnet50.imagenet1k_v1", DataFolder(Path("data"))).size
    224
    """
    family = next((zoo for start, zoo in ZOOS.items() if key.startswith(start)), _checkpoints)
    for _, card in family(data):  # one family only: importing the others' libraries takes seconds
        if isinstance(card, NetworkCard) and card.key == key:
            return card
    original, variant = derived.split(key)
    if variant is not None:
        return derived.derive(get(original, data), variant)
    readable_cards, problems = readable(data)
    if key in readable_cards:
        return readable_cards[key]
    if key.startswith(timm.FAMILY):
        return timm.card(key.removeprefix(timm.FAMILY), data.weights)
    broken = f" A card that cannot be read may be it: {problems[0]}" if problems else ""
    similar_first = sorted(readable_cards, key=lambda each: (key not in each, not readable_cards[each].available))
    raise UnknownName(
        f"There is no network {key!r}.",
        f"Accepted are {choices(similar_first, most=20)}, and {timm.FAMILY} with a name of timm's.",
        f"List them with: python -m core networks --data {data.root}.{broken}",
    )
