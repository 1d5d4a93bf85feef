"""core.index with real networks and ImageNet photographs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.datasets.folder import PhotoFile, listing
from core.images.photographs import Photograph, read
from core.index.build import build
from core.index.search import FeatureIndex
from core.index.typicality import typicality
from core.index.verify import verify
from core.inference.engine import Engine, Predictions
from core.networks import registry
from core.networks.card import NetworkCard
from core.storage.data_folder import DataFolder

SHARED = Path(__file__).resolve().parents[3] / "shared"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not (SHARED / "unpack").exists(), reason=f"{SHARED} is not here: real networks and photographs"),
]
EACH, REFERENCES, QUERIES = 16, 20, 30


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """The shared checkpoints, unpacked."""
    data = DataFolder(tmp_path_factory.mktemp("data"))
    command = [sys.executable, str(SHARED / "unpack"), str(data.networks)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return data


@dataclass
class Built:
    """An index, with what made it."""

    index: FeatureIndex
    card: NetworkCard
    engine: Engine

    def features(self, photographs: list[Photograph]) -> np.ndarray:
        frames = (self.card.preprocessing.centre(photograph) for photograph in photographs)
        return Predictions.join(self.engine.predict(self.engine.load(self.card), frames)).features.numpy()


@pytest.fixture(scope="session")
def small(networks: DataFolder, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """160 photographs, 16 each of the well covered classes, by resnet18-pqf; 20 references."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "reference").mkdir()
    for path in sorted((SHARED / "data/imagenet-val").glob("*.JPEG"))[:REFERENCES]:
        (folder / "reference" / path.name).write_bytes(path.read_bytes())
    train, files = listing(SHARED / "data/imagenet-train"), list[PhotoFile]()
    for wnid in sorted(p.name for p in (SHARED / "data/imagenet-val-10").iterdir() if p.is_dir()):
        files += [f for f in train if f.name.startswith(wnid)][:EACH]
    card, engine = registry.get("resnet18-pqf", networks), Engine("cpu")
    build(files, card, engine, folder / "index", reference=folder / "reference", shard_rows=64)
    return Built(FeatureIndex.open(folder / "index"), card, engine)


def brute_force(query: np.ndarray, rows: np.ndarray, k: int = 10) -> tuple[list[int], np.ndarray]:
    wide, one = rows.astype(float), query.astype(float)
    cosines = np.sum(wide * one, axis=1) / np.sqrt(np.sum(wide * wide, axis=1) * np.sum(one * one))
    order = sorted(range(len(rows)), key=lambda n: (-cosines[n], n))[:k]
    return order, cosines[order]


def stored_rows(index: FeatureIndex) -> np.ndarray:
    return np.concatenate([np.load(path) for path in sorted(index.path.glob("shards/*.npy"))])


def check_self_first(built: Built, every: int = 1) -> None:
    """Photographs of the index, read again, find themselves; equal photographs share the first places."""
    index = built.index
    for number in range(0, len(index.rows), every):
        row = index.rows[number]
        photograph = read(Path(index.manifest.roots[row.root]) / row.name)
        assert photograph.digest == row.digest
        near = index.neighbours(built.features([photograph])[0], 2)
        assert near[0].cosine >= 0.9999
        assert near[0].digest == row.digest


def check_every_row_first(index: FeatureIndex) -> None:
    """Every stored feature finds its own row first; the photographs themselves are read again by check_self_first."""
    rows = stored_rows(index).astype(np.float32)
    found = index.search(rows, 1)
    digests = [row.digest for row in index.rows]
    assert all(digests[first] == digests[k] for k, first in enumerate(found.rows[:, 0].tolist()))
    assert found.cosines.min() >= 0.9999


def check_queries(built: Built, queries: list[PhotoFile]) -> float:
    """Ten neighbours equal brute force; median seconds of a query."""
    index, rows, seconds = built.index, stored_rows(built.index), []
    features = built.features([file.read() for file in queries])
    index.neighbours(features[0], 10)  # reads the features
    for feature in features:
        began = time.perf_counter()
        near = index.neighbours(feature, 10)
        seconds.append(time.perf_counter() - began)
        expected, cosines = brute_force(feature, rows)
        assert [n.row for n in near] == expected
        assert [n.cosine for n in near] == pytest.approx(cosines.tolist(), abs=1e-12)
    assert np.array_equal(index.search(features).rows, [brute_force(feature, rows)[0] for feature in features])
    return statistics.median(seconds)


def test_the_index(small: Built) -> None:
    held = small.index.manifest
    assert (held.rows, held.bad, held.dim, len(held.reference)) == (160, 0, 512, REFERENCES)
    assert set(held.labels.values()) == {EACH}
    assert small.index.count("tench") == EACH
    assert verify(small.index.path) == []
    small.index.check(small.card)


def test_self_first(small: Built) -> None:
    check_self_first(small, every=5)
    check_every_row_first(small.index)


def test_neighbours_equal_brute_force_and_come_at_once(small: Built) -> None:
    queries = listing(SHARED / "data/imagenet-val-10")
    assert check_queries(small, queries[:: len(queries) // QUERIES][:QUERIES]) < 0.010


def test_neighbours_make_sense(small: Built) -> None:
    """Photographs of the indexed classes mostly have neighbours of their class, and pictures of them."""
    queries = listing(SHARED / "data/imagenet-val-10")[::10]
    features = small.features([file.read() for file in queries])
    near = [small.index.neighbours(feature)[0] for feature in features]
    assert np.mean([n.label == file.label for n, file in zip(near, queries, strict=True)]) > 0.7
    picture = small.index.picture(near[0])
    assert picture is not None
    assert picture.digest == near[0].digest


def test_a_reference_query_again(small: Built) -> None:
    """Measured live, it has to the bit the typicality that the manifest holds."""
    values = {r.digest: r.typicality for r in small.index.manifest.reference}
    for path in sorted((SHARED / "data/imagenet-val").glob("*.JPEG"))[:REFERENCES:5]:
        photograph = read(path)
        found = typicality(small.index, small.features([photograph])[0], photograph.digest)
        assert found.value == values[photograph.digest]
        assert found.percentile is not None
        assert 0 < found.percentile < 100


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_all_of_it_with_resnet50(networks: DataFolder, tmp_path: Path) -> None:
    """4,500 photographs, 300 references, all queries."""
    card, engine = registry.get("resnet50-pqf", networks), Engine("cpu")
    build(SHARED / "data/imagenet-train", card, engine, tmp_path / "index", reference=SHARED / "data/imagenet-val")
    built = Built(FeatureIndex.open(tmp_path / "index"), card, engine)
    held = built.index.manifest
    assert (held.rows, held.bad, held.dim, len(held.reference), len(held.labels)) == (4500, 0, 2048, 300, 1000)
    assert verify(built.index.path) == []
    check_self_first(built, every=45)
    check_every_row_first(built.index)
    assert check_queries(built, listing(SHARED / "data/imagenet-val-10")) < 0.010
