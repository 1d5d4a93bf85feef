"""The measures on real networks and real photographs: the whole way from files to figures."""

from __future__ import annotations

import math
from itertools import chain
from pathlib import Path

import pytest

from core.datasets import listing
from core.datasets.decoding import photographs
from core.images import protocols
from core.images.photographs import Photograph
from core.inference.engine import Engine, Network
from core.inference.pairs import accuracy, outcomes
from core.networks import registry
from core.statistics.sensitivity import Outcome, Sensitivity, sensitivity
from core.storage.data_folder import DataFolder

pytestmark = pytest.mark.real

# resnet50-pqf on 1,000 validation photographs, by a plain independent implementation: P(top-1 change), standard error
INDEPENDENT = {"crop": (0.096, 0.009), "black": (0.27, 0.014), "scale": (0.22, 0.013)}
TOP1 = 0.7218  # its card


def load(engine: Engine, data: DataFolder, key: str) -> Network:
    return engine.load(registry.get(key, data))


@pytest.fixture(scope="module")
def forty(shared: Path) -> list[Photograph]:
    return list(photographs(listing(shared / "data/imagenet-val")[:40]))


def rows(engine: Engine, network: Network, photos: list[Photograph], name: str, **settings: int) -> list[Outcome]:
    protocol = protocols.create(name, **settings)
    return list(chain.from_iterable(outcomes(engine, network, photos, protocol, pairs=1, seed=0)))


def test_forty_photographs_from_files_to_figures(
    engine: Engine, real_data: DataFolder, forty: list[Photograph]
) -> None:
    network = load(engine, real_data, "resnet18-pqf")
    assert len({p.digest for p in forty}) == 40
    found = accuracy(engine, network, forty)
    assert found is not None
    assert found.n == 40  # every label of labels.csv is a class of the network
    assert found.interval[0] < 0.6674 < found.interval[1]  # its card's top-1
    measured = {name: sensitivity(rows(engine, network, forty, name)) for name in ("crop", "black")}
    for name, result in measured.items():
        assert (result.photographs, result.pairs, result.labelled_pairs, result.method) == (40, 40, 40, "Wilson"), name
        assert result.flips is not None
        assert sum(result.flips.values()) == result.changed
        assert 0 < result.representation_change < 0.2
        assert 0.005 < result.mean_absolute_change < 0.2
    # embedded on black a photograph is far more sensitive than cropped (paper, Figure 2)
    assert measured["crop"].mean_absolute_change < measured["black"].mean_absolute_change
    assert measured["crop"].changed < measured["black"].changed


@pytest.mark.parametrize("name", protocols.names())
def test_a_pair_that_does_not_move_changes_nothing(
    engine: Engine, real_data: DataFolder, forty: list[Photograph], name: str
) -> None:
    for row in rows(engine, load(engine, real_data, "resnet18-pqf"), forty[:10], name, step=0):
        assert (row.change, row.changed, row.feature_cosine) == (0.0, False, 1.0)


@pytest.mark.full
def test_resnet50_lands_within_sampling_error_of_an_independent_implementation(
    engine: Engine, real_data: DataFolder, shared: Path
) -> None:
    network = load(engine, real_data, "resnet50-pqf")
    files = listing(shared / "data/imagenet-val")
    assert len(files) == 300
    found = accuracy(engine, network, photographs(files))
    assert found is not None
    lines = [f"resnet50-pqf, {found.n} photographs: top-1 {found.top1:.4f} {found.interval}"]
    results: dict[str, Sensitivity] = {}
    for name in INDEPENDENT:
        results[name] = sensitivity(rows(engine, network, list(photographs(files)), name))
        lines.append(f"{name}: {results[name].as_dict()}")
    print("\n".join(lines))
    assert abs(found.top1 - TOP1) < 3 * math.sqrt(TOP1 * (1 - TOP1) / 300)
    for name, (wanted, error) in INDEPENDENT.items():
        assert results[name].pairs == 300
        combined = math.hypot(error, math.sqrt(wanted * (1 - wanted) / 300))
        assert abs(results[name].p_top1_change - wanted) < 3 * combined, name
