"""The networks of Table 3 as the paper prints them, and their comparison with the networks' cards (paper, A.2)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ...networks.card import NetworkCard

PUBLISHED = ("top1", "top5", "parameters", "depth")  # columns of Table 3, as cards call them


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedNetwork:
    """A row of Table 3: accuracies on ImageNet, number of parameters, and depth in layers.

    ``subsampling``: the product of all strides, which § 3 prints for one network.
    """

    name: str
    top1: float
    top5: float
    parameters: int
    depth: int
    subsampling: int | None = None

    @property
    def key(self) -> str:
        """Return the key of the network in the registry."""
        return f"keras/{self.name.lower()}.imagenet"


TABLE_3 = (
    PrintedNetwork(name="VGG16", top1=0.715, top5=0.901, parameters=138_357_544, depth=16),
    PrintedNetwork(name="ResNet50", top1=0.759, top5=0.929, parameters=25_636_712, depth=50),
    PrintedNetwork(
        name="InceptionResNetV2", top1=0.804, top5=0.953, parameters=55_873_736, depth=134, subsampling=60
    ),
)  # fmt: skip


def differences(printed: PrintedNetwork, card: NetworkCard) -> dict[str, tuple[float, float | None]]:
    """Return the columns of Table 3 in which a card differs: column → (printed value, the card's value or None).

    Empty for a card of the network that the paper printed.
    """
    values = asdict(printed)
    pairs = {name: (values[name], card.published.get(name)) for name in PUBLISHED}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
