""""""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import index as bench_index
from core.index.extract import stored
from core.index.store import Row, read_table, write_manifest, write_shard
from tests.support.clouds import DIM, LABELS, ROWS, Ranked, cloud
from tests.support.file_server import server
from tests.support.indexed import CLASSES, brute_force, draw, make


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """47 photographs of five classes; three are the same pixels; three files are broken, one has no finite feature."""
    folder = tmp_path_factory.mktemp("album") / "photos"
    for number in range(40):
        draw(folder / CLASSES[number % 5] / f"{number:02d}.png", number)
    for copy in ("bee/copy.png", "dog/copy.png"):
        shutil.copy(folder / "ant/00.png", folder / copy)
    Image.new("RGB", (40, 40)).save(folder / "cat/black.png")
    (folder / "ant/text.jpg").write_text("no photograph")
    (folder / "dog/empty.png").touch()
    (folder / "elk/cut.png").write_bytes((folder / "elk/04.png").read_bytes()[:900])
    draw(folder / "elk/last.png", 99)
    return folder


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("held-out")
    for number in range(11):
        draw(folder / f"{number:02d}.png", 1000 + number)
    return folder


@pytest.fixture(scope="session")
def whole(album: Path, held_out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index as an undisturbed build makes it. Read only."""
    out = tmp_path_factory.mktemp("whole") / "index"
    make(album, out, held_out)
    return out


@pytest.fixture
def own(whole: Path, tmp_path: Path) -> Path:
    """A copy of the index, to be spoilt."""
    return Path(shutil.copytree(whole, tmp_path / "index"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,500 rows, four labels; rows 5, 700 and 900 are the same photograph, and row 6 has the features of row 5."""
    folder = tmp_path_factory.mktemp("search") / "index"
    features = cloud(ROWS, 1)
    features[[700, 900, 6]] = features[5]
    held = bench_index.synthetic(folder, features, ROWS)
    plan, shards = held.plan, []
    for number, start in enumerate(range(0, ROWS, 400)):
        some = range(start, min(start + 400, ROWS))
        names = [Row(0, f"{n:07d}", LABELS[n % 4], f"{5 if n in (700, 900) else n:064x}") for n in some]
        write_shard(folder / "shards", f"{number:05d}", stored(features[some]), names, (), plan)
        shards.append(read_table(folder / "shards", f"{number:05d}")[1])
    labels = {name: sum(1 for n in range(ROWS) if LABELS[n % 4] == name) for name in LABELS if name}
    write_manifest(folder, replace(held, shards=tuple(shards), labels=labels))
    return folder


@pytest.fixture(scope="module")
def features(made: Path) -> np.ndarray:
    return np.concatenate([np.load(path) for path in sorted(made.glob("shards/*.npy"))])


@pytest.fixture(scope="module")
def queries(features: np.ndarray) -> np.ndarray:
    """Nine of no row, two that are rows, one of length 0."""
    return np.concatenate([cloud(9, 2), features[[5, 6]].astype(np.float32), np.zeros((1, DIM), np.float32)])


@pytest.fixture(scope="module")
def ranking(features: np.ndarray, queries: np.ndarray) -> Ranked:
    """All rows, one row at a time; once, as it takes longer than all the searches."""
    return [brute_force(query, features, len(features)) for query in queries]
