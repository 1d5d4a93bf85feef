"""Every figure of a study, on real networks and ImageNet photographs: what it draws is what the tables hold."""

from __future__ import annotations

import math
from pathlib import Path

import plotly.graph_objects as go
import pytest

from core import studies
from core.datasets import listing
from core.index.build import build
from core.inference.engine import Engine
from core.networks import registry
from core.storage.data_folder import DataFolder
from core.studies.request import Request
from tests.support.drawn import figures_of, text_below

pytestmark = pytest.mark.real
NETWORKS = ("resnet18-pqf", "squeezenet1_0-dc")
BLURRED = "resnet18-pqf~bin5"  # the same weights with filters in front of their strides: no twin that was trained so
PHOTOGRAPHS, INDEXED = 8, 16


@pytest.fixture(scope="module")
def index(shared: Path, real_data: DataFolder, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one, of training photographs by resnet18-pqf."""
    folder = tmp_path_factory.mktemp("index") / "small"
    sources = listing(shared / "data" / "imagenet-train")
    spread = sources[:: len(sources) // INDEXED][:INDEXED]
    build(spread, registry.get(NETWORKS[0], real_data), engine, folder)
    return folder


@pytest.mark.parametrize("name", studies.names())
def test_each_study_is_drawn(
    name: str, shared: Path, real_data: DataFolder, engine: Engine, index: Path, tmp_path: Path
) -> None:
    twins = {NETWORKS[0]: BLURRED} if studies.create(name).twins else {}
    study, photos = studies.create(name), shared / "data" / "imagenet-val"
    if study.layered:  # of ten classes there are enough to train on
        study = studies.create(name, train=str(shared / "data" / "imagenet-train"), per_class=2)
        photos = shared / "data" / "imagenet-val-10"
    asked = Request(
        study=study,
        photos=str(photos),
        limit=PHOTOGRAPHS,
        networks=(NETWORKS[0], BLURRED) if twins else NETWORKS,
        index=str(index),
        confidence=NETWORKS[1],
        trial=True,
    )
    asked.run(real_data, tmp_path / "out", engine=engine)
    results = studies.read(tmp_path / "out")
    assert results.pairs["digest"].nunique() == PHOTOGRAPHS
    assert results.pairs[["p_before", "p_after", "typicality", "confidence"]].notna().all(axis=None)
    drawn = figures_of(results, twins)
    for title, fig in drawn.items():
        assert fig.data, title
        assert "n = " in text_below(fig), title
    if name == "protocols":
        rates = results.pairs.groupby(["network", "protocol"], observed=True)["changed"].mean()
        assert sorted(heights(drawn["p_top1_change"])) == pytest.approx(sorted(rates))


def heights(fig: go.Figure) -> list[float]:
    """Return the heights of all bars."""
    return [float(y) for trace in fig.data if trace.type == "bar" for y in trace.y if not math.isnan(y)]
