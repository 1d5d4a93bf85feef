"""Studies over a few scenes by the networks that ship, made once: for pages and browsers."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import studies
from core.datasets import listing
from core.inference.engine import Engine
from core.networks import registry
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import Axes, Study

NETWORKS = ("embedded/resnet10.scenes-0", "embedded/resnet10_bin5.scenes-0")
SCENES = "scenes:2000000-2000015"
SIDES = (20, 44)


def make(folder: Path, study: Study, photos: str = SCENES, *, axes: Axes | None = None) -> Path:
    """A finished study in its folder."""
    cards = [registry.get(key, DataFolder(folder / "nothing")) for key in NETWORKS]
    command = f"python -m core study {study.name} --photos {photos} --network {','.join(NETWORKS)}"
    studies.run(study, listing(photos), cards, folder, axes=axes, engine=Engine("cpu"), command=command)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two studies: ``figure-2`` and ``figure-6``."""
    root = tmp_path_factory.mktemp("studies")
    make(root / "figure-2", studies.create("protocols"))
    make(root / "figure-6", studies.create("embedded_size", sides=SIDES))
    return root


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two studies with the index that ships: ``figure-8`` (with confidence) and ``figure-13``."""
    root = tmp_path_factory.mktemp("laid_out")
    axes = Axes.of(DataFolder(root / "nothing"), index=EMBEDDED.indexes / "scenes", confidence=NETWORKS[0])
    make(root / "figure-8", studies.create("typicality", protocols=("crop", "black"), pairs=2), axes=axes)
    make(root / "figure-13", studies.create("failures", pairs=2), axes=axes)
    return root
