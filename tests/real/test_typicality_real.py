"""Sensitivity against typicality (paper, § 4, Figure 8) on ImageNet photographs: the typical ones are steadier."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import studies
from core.datasets import listing
from core.index.build import build
from core.inference.engine import Engine
from core.networks import registry
from core.statistics.association import quintiles, spearman
from core.statistics.tables import per_photograph
from core.storage.data_folder import DataFolder
from core.studies import Axes

pytestmark = [pytest.mark.real, pytest.mark.full, pytest.mark.timeout(3600)]
NETWORK = "resnet18-pqf"  # the cheapest with the paper's kind of features; its own index


def test_sensitivity_falls_with_typicality(shared: Path, real_data: DataFolder, engine: Engine, tmp_path: Path) -> None:
    """Four crops each of the queries, whose ten classes the index holds 350 times each. On mean absolute change, which
    tells more from few pairs than whether the class changed; the quintiles are printed (pytest -rP)."""
    card, data = registry.get(NETWORK, real_data), shared / "data"
    build(data / "imagenet-train", card, engine, tmp_path / "index", reference=data / "imagenet-val")
    study, axes = studies.create("typicality", pairs=4), Axes.of(real_data, index=tmp_path / "index")
    queries = listing(data / "imagenet-val-10")
    done = studies.run(study, queries, [card], tmp_path / "study", axes=axes, engine=engine)
    means = per_photograph(studies.read(tmp_path / "study").pairs)
    assert len(means) == done.used > 200
    for measure in ("p_top1_change", "mean_absolute_change"):
        found, table = spearman(means["typicality"], means[measure]), quintiles(means, "typicality", measure)
        print(f"{NETWORK}, {measure}: {found}\n{table.to_string(index=False)}")
        assert found.interval is not None
        assert found.interval[1] < 0
        assert table[measure].iloc[0] > table[measure].iloc[-1]
