"""Names of what ships in data/embedded."""

from __future__ import annotations

from pathlib import Path

from core.images import protocols
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.inference.pairs import outcomes
from core.networks import registry
from core.networks.card import NetworkCard
from core.statistics.sensitivity import Outcome
from core.storage.data_folder import EMBEDDED, DataFolder

SEEDS = (0, 1, 2)
OF_SCENES = ("resnet10.scenes", "resnet10_bin5.scenes")
KEYS = [f"embedded/{name}-{seed}" for name in OF_SCENES for seed in SEEDS]
SETS = ("cifar10", "scenes32")
AT_32 = {
    "figure_10": ("resnet8", "resnet8_black", "resnet8_crop"),
    "figure_11": ("alexnet32", "alexnet32_stride1_zero", "alexnet32_stride1"),
}
JPEG = "cifar10-jpeg-{}.parquet"  # of CIFAR-10, a copy whose photographs were compressed again
INDEX = EMBEDDED.indexes / "scenes"


def card_of(key: str, folder: Path) -> NetworkCard:
    return registry.get(key, DataFolder(folder))


def measured(card: NetworkCard, shown: list[Photograph], protocol: protocols.Protocol, pairs: int) -> list[Outcome]:
    engine = Engine("cpu", 16)
    parts = outcomes(engine, engine.load(card), shown, protocol, pairs=pairs, seed=0)
    return [outcome for part in parts for outcome in part]
