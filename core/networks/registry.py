"""All networks that can be named: torchvision's, the user's own checkpoints, then those embedded in the project."""

from __future__ import annotations

from core.errors import PhotobiasError, UnknownName
from core.folders import EMBEDDED, DataFolder
from core.networks import checkpoint, torchvision_zoo
from core.networks.card import NetworkCard, choices


def readable(data: DataFolder) -> tuple[dict[str, NetworkCard], list[PhotobiasError]]:
    """Key → card in order, and what is wrong with the cards that cannot be read (nothing is skipped silently)."""
    found = {card.key: card for card in torchvision_zoo.cards(data.weights)}
    problems: list[PhotobiasError] = []
    folders = [data.networks]
    if data.networks.resolve() != EMBEDDED.networks.resolve():  # the same one while the embedded ones are made
        folders.append(EMBEDDED.networks)
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
        try:
            card = checkpoint.read_card(path)
        except PhotobiasError as error:
            problems.append(error)
            continue
        if card.key in found:
            two = f"two cards with the key {card.key!r} ({path.name})"
            problems.append(UnknownName(got=two, wanted="one of each key", remedy="Rename one of them."))
        found.setdefault(card.key, card)
    return found, problems


def cards(data: DataFolder) -> dict[str, NetworkCard]:
    """Key → card, in order; the first broken card raises."""
    found, problems = readable(data)
    if problems:
        raise problems[0]
    return found


def get(key: str, data: DataFolder) -> NetworkCard:
    """The card of that key, or UnknownName listing the choices. Another card that is broken does not matter."""
    found, problems = readable(data)
    if key in found:
        return found[key]
    broken = f" A card that cannot be read may be it: {problems[0]}" if problems else ""
    raise UnknownName(
        got=f"network {key!r}",
        wanted=f"one of {choices(tuple(found))}",
        remedy=f"List them with: python -m core networks --data {data.root}.{broken}",
    )
