"""core.index: an exact search, and builds that end in the same bytes however often they are stopped."""

from __future__ import annotations

import ast
import errno
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from stops import stopped_at
from torch import nn

from core.datasets import Source, find, listing
from core.engine import Engine, Network, Predictions
from core.errors import BadCard, BadFolder, Cancelled, IndexBroken, IndexMismatch
from core.index import exact
from core.index.build import Progress, build
from core.index.exact import Exact
from core.index.extract import stored
from core.index.search import FeatureIndex, Neighbour
from core.index.store import Manifest
from core.index.verify import verify
from core.networks.card import Labels, NetworkCard, Preprocessing
from core.photographs import read
from core.typicality import percentile, typicality

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).parent.parent
CLASSES = ("ant", "bee", "cat", "dog", "elk")
SHARD, BATCH = 8, 4
ENGINE = Engine("cpu", BATCH)


class Tiny(nn.Module):
    """5 classes, 32 features. A wholly black frame has no finite feature."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 5, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.ReLU()
        )
        self.head = nn.Linear(32, len(CLASSES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.body(x).mean((2, 3)) + 0 / x.amax((1, 2, 3))[:, None])
        return logits


def _seeded() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return Tiny().eval()


TINY = _seeded()  # once: several devices load at the same time, and the seed is the whole process's


def tiny() -> nn.Module:
    return deepcopy(TINY)


CARD = NetworkCard(
    key="test/tiny",
    title="Tiny",
    build=tiny,
    preprocessing=Preprocessing(resize=36, crop=32, interpolation="bilinear", mean=(0, 0, 0), std=(1, 1, 1)),
    labels=Labels(CLASSES),
    source="made here",
    license="none",
    weights=Path("none"),
    weights_digest="0123456789abcdef",
)


class Counting(Engine):
    """Counts the frames it is shown."""

    def __init__(self) -> None:
        super().__init__("cpu", BATCH)
        self.frames = self.loads = 0

    def load(self, card: NetworkCard) -> Network:
        self.loads += 1
        return super().load(card)

    def predict(self, network: Network, frames: Iterable[torch.Tensor]) -> Iterator[Predictions]:
        kept = list(frames)
        self.frames += len(kept)
        return super().predict(network, kept)


def draw(path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(34, 60, 2)
    ground = rng.integers(0, 200, 3) + np.linspace(0, 50, width)[None, :, None]
    pixels = np.clip(ground + rng.normal(0, 25, (height, width, 3)), 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


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


def make(photos: Any, out: Path, reference: Path | None = None, **more: Any) -> Manifest:
    more = {"card": CARD, "shard_rows": SHARD, **more}
    return build(photos, more.pop("card"), more.pop("engine", ENGINE), out, reference=reference, **more)


def content(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def features_of(path: Path) -> np.ndarray:
    return next(ENGINE.predict(ENGINE.load(CARD), [CARD.preprocessing.centre(read(path))])).features[0].numpy()


def stored_rows(out: Path) -> np.ndarray:
    return np.concatenate([np.load(path) for path in sorted(out.glob("shards/*.npy"))])


def brute_force(query: np.ndarray, rows: np.ndarray, k: int) -> tuple[list[int], list[float]]:
    """Cosines one row at a time, in float64; the k largest, ties by row number."""
    one, cosines = query.astype(float), []
    for row in rows.astype(float):
        length = float(np.sqrt(np.sum(row * row) * np.sum(one * one)))
        cosines.append(float(np.sum(row * one)) / length if length else 0.0)
    order = sorted(range(len(rows)), key=lambda n: (-cosines[n], n))[:k]
    return order, [cosines[n] for n in order]


# Search


@pytest.mark.parametrize("k", [1, 10, 43, 500])
def test_search_equals_brute_force(whole: Path, held_out: Path, k: int) -> None:
    index, rows = FeatureIndex.open(whole), stored_rows(whole)
    queries = np.stack([features_of(path) for path in sorted(held_out.iterdir())])
    found = index.search(queries, k)
    assert found.rows.shape == found.cosines.shape == (11, min(k, 43))
    for query, got, cosines in zip(queries, found.rows, found.cosines, strict=True):
        expected, values = brute_force(query, rows, k)
        assert got.tolist() == expected
        assert cosines == pytest.approx(values, abs=1e-12)
    one = index.search(queries[3] * 1000, k)  # the length of a query means nothing
    assert one.rows.tolist() == found.rows[3:4].tolist()


def test_a_stored_photograph_finds_itself_first(whole: Path) -> None:
    index = FeatureIndex.open(whole)
    copies = {row.digest for row in index.rows if Path(row.name).name == "copy.png"}
    for number, row in enumerate(index.rows):
        found = index.search(features_of(Path(index.manifest.roots[0]) / row.name))
        assert found.cosines[0, 0] >= 0.9999
        if row.digest not in copies:
            assert found.rows[0, 0] == number
        else:  # equal photographs are equally near, and go by row number
            same = [n for n, other in enumerate(index.rows) if other.digest == row.digest]
            assert found.rows[0, :3].tolist() == same
            assert len(set(found.cosines[0, :3])) == 1


def test_faiss_codes_are_the_stored_bytes() -> None:
    import faiss

    rows = stored(np.random.default_rng(0).normal(size=(7, 24)).astype(np.float32))
    rows[0, :3] = [6e-8, -6e-8, 0]  # subnormal
    index = faiss.IndexScalarQuantizer(24, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.add(rows.astype(np.float32))
    assert faiss.vector_to_array(index.codes).tobytes() == rows.tobytes()


@pytest.mark.parametrize("part", [10, 50_000])
@pytest.mark.parametrize("spread", [1e-4, 1e-3, 1.0])
def test_near_ties_duplicates_and_zeros(monkeypatch: pytest.MonkeyPatch, part: int, spread: float) -> None:
    monkeypatch.setattr(exact, "PART", part)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    rng = np.random.default_rng(5)
    raw = (rng.uniform(0, 1, 40) + spread * rng.normal(size=(400, 40))).astype(np.float32)
    raw[100:200] = raw[7]  # more equal rows than are fetched at first
    raw[300:305] = 0
    rows = stored(raw)
    search = Exact(np.array_split(rows, 9), "cpu")
    queries = np.concatenate([raw[[3, 7, 250]], -raw[[8]], np.zeros((1, 40), np.float32)])
    for k in (1, 10, 99, 400):
        for query, (found, cosines) in zip(queries, search.nearest(queries, k), strict=True):
            expected, values = brute_force(query, rows, k)
            assert found.tolist() == expected
            assert cosines == pytest.approx(values, abs=1e-12)
            assert np.abs(cosines).max() <= 1


def test_without_leaves_out_every_copy(whole: Path, album: Path) -> None:
    index, photograph = FeatureIndex.open(whole), read(album / "ant/00.png")
    feature = features_of(album / "ant/00.png")
    all_rows, values = brute_force(feature, stored_rows(whole), 43)
    others = [row for row in all_rows if index.rows[row].digest != photograph.digest]
    assert len(others) == 40
    for k in (1, 10, 40):
        found = index.neighbours(feature, k, without=photograph.digest)
        assert [n.row for n in found] == others[:k]
    first = index.neighbours(feature, 4)[0]
    assert first == Neighbour(0, "ant", pytest.approx(values[0]), str(album / "ant/00.png"), photograph.digest)
    with pytest.raises(IndexBroken, match=r"43 photographs.*3 of them the query itself.*at least 41"):
        index.neighbours(feature, 41, without=photograph.digest)
    with pytest.raises(IndexBroken, match="at least 44"):
        index.neighbours(feature, 44)


def test_many_copies_are_all_left_out(tmp_path: Path) -> None:
    for number in range(12):
        draw(tmp_path / f"photos/{number}.png", number)
    for number in range(60):
        shutil.copy(tmp_path / "photos/3.png", tmp_path / f"photos/copy{number}.png")
    make(tmp_path / "photos", tmp_path / "index")
    found = FeatureIndex.open(tmp_path / "index").neighbours(
        features_of(tmp_path / "photos/3.png"), 11, without=read(tmp_path / "photos/3.png").digest
    )
    assert sorted(Path(n.path).stem for n in found) == sorted(str(n) for n in range(12) if n != 3)


def test_typicality_of_a_reference_query_stands_in_the_manifest(whole: Path, held_out: Path) -> None:
    index = FeatureIndex.open(whole)
    reference = index.manifest.reference
    assert [r.typicality for r in reference] == sorted(r.typicality for r in reference)
    values = {r.digest: r.typicality for r in reference}
    for path in held_out.iterdir():
        photograph = read(path)
        found = typicality(index, features_of(path), photograph.digest)
        assert found.value == values[photograph.digest]  # to the bit: the same arithmetic
        place = [r.digest for r in reference].index(photograph.digest)
        assert found.percentile == pytest.approx(100 * (place + 0.5) / 11)
        assert (found.k, found.references) == (10, 11)


def test_percentile_equals_a_slow_loop() -> None:
    rng = np.random.default_rng(1)
    for size in (1, 2, 7, 50):
        reference = rng.integers(0, 6, size).astype(float).tolist()
        for value in (-1.0, 0.0, 2.0, 2.5, 5.0, 9.0):
            less, equal = 0, 0
            for other in reference:
                less, equal = less + (other < value), equal + (other == value)
            assert percentile(value, reference) == pytest.approx(100 * (less + equal / 2) / size)
    assert percentile(0.5, []) is None


def test_no_setting_of_faiss_or_torch_is_changed(whole: Path) -> None:
    import faiss

    before = faiss.omp_get_max_threads(), torch.get_num_threads()
    for queries in (1, 3):
        FeatureIndex.open(whole).search(np.ones((queries, 32), np.float32))
        assert (faiss.omp_get_max_threads(), torch.get_num_threads()) == before


def test_a_search_from_many_threads(whole: Path) -> None:
    index, queries = FeatureIndex.open(whole), np.random.default_rng(2).uniform(size=(16, 32)).astype(np.float32)
    found: dict[int, list[int]] = {}

    def ask(n: int) -> None:
        found[n] = index.search(queries[n]).rows[0].tolist()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n] for n in range(16)] == index.search(queries).rows.tolist()


def test_wrong_queries(whole: Path) -> None:
    index = FeatureIndex.open(whole)
    with pytest.raises(IndexMismatch, match=r"\(N, 32\), as test/tiny"):
        index.search(np.ones((2, 31), np.float32))
    with pytest.raises(BadCard, match="NaN"):
        index.search(np.full(32, np.nan, np.float32))
    with pytest.raises(ValueError, match="k = 0"):
        index.search(np.ones(32, np.float32), 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "test/other"}, r"holds features of test/tiny.*features of test/other.*--network test/other"),
        ({"weights_digest": "fedcba"}, r"weights 0123456789ab….*weights fedcba…"),
        ({"preprocessing": replace(CARD.preprocessing, resize=40)}, r"'resize': 36.*'resize': 40"),
    ],
)
def test_check_refuses_another_network(whole: Path, change: dict[str, Any], message: str) -> None:
    index = FeatureIndex.open(whole)
    index.check(CARD)
    with pytest.raises(IndexMismatch, match=message):
        index.check(replace(CARD, **change))


# Pictures


def test_picture(own: Path, album: Path, tmp_path: Path) -> None:
    copy = tmp_path / "photos"
    shutil.copytree(album, copy)
    shutil.rmtree(own)
    make(copy, own)
    index = FeatureIndex.open(own)
    near = index.neighbours(features_of(copy / "bee/06.png"), 1)[0]
    assert near.path == str(copy / "bee/06.png")
    picture = index.picture(near)
    assert picture is not None
    assert (picture.digest, picture.label) == (near.digest, "bee")
    outside = tmp_path / "outside.png"
    draw(outside, 600)
    for path in (copy / "../outside.png", outside, copy / "ant/00.png"):  # the row counts; a path is for people
        shown = index.picture(replace(near, path=str(path)))
        assert shown is not None
        assert shown.digest == near.digest
        assert index.picture(replace(near, path=str(path), digest=read(path).digest)) is None
    draw(copy / "bee/06.png", 5)
    assert index.picture(near) is None  # another photograph under that name
    (copy / "bee/06.png").unlink()
    assert index.picture(near) is None
    (copy / "bee/06.png").symlink_to(copy / "bee/06.png")  # a loop
    assert index.picture(near) is None
    (copy / "bee/06.png").unlink()
    (copy / "bee/06.png").symlink_to(outside)
    with pytest.raises(IndexBroken, match=r"a row that names .*bee/06\.png.; wanted a file below .*photos\. Do not"):
        index.picture(near)


@pytest.mark.parametrize("name", ["../../outside.png", "/etc/passwd", "ant/../../x.png", ""])
def test_a_tampered_name_is_refused(own: Path, name: str) -> None:
    """Even when all the hashes are made to fit."""
    table = own / "shards/00000.json"
    facts = json.loads(table.read_bytes())
    facts["rows"][0]["name"] = name
    table.write_text(json.dumps(facts))
    rewrite_manifest(own, lambda m: m["shards"][0].update(table=digest(table.read_bytes())))
    index = FeatureIndex.open(own)
    with pytest.raises(IndexBroken, match="below the index's root"):
        index.neighbours(stored_rows(own)[0].astype(np.float32), 1)


def digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def rewrite_manifest(out: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changed by someone who knows about the checksum."""
    facts = json.loads((out / "manifest.json").read_bytes())
    facts.pop("checksum")
    change(facts)
    plain = json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
    (out / "manifest.json").write_text(json.dumps({**facts, "checksum": digest(plain)}))


# Builds


def test_a_build(whole: Path, album: Path) -> None:
    index = FeatureIndex.open(whole)
    held = index.manifest
    assert (held.rows, held.bad, held.dim, held.dataset, held.roots) == (43, 4, 32, "photos", (str(album),))
    assert held.labels == {"ant": 8, "bee": 9, "cat": 8, "dog": 9, "elk": 9}
    assert [index.count(label) for label in ("ant", "bee", "eel")] == [8, 9, 0]
    assert set(held.software) == {"torch", "torchvision", "pillow", "numpy", "faiss"}
    assert sum(shard.rows for shard in held.shards) == 43
    assert not (whole / "reference").exists()
    assert verify(whole) == []
    assert len(index.rows) == 43
    assert [row.name for row in index.rows[:2]] == ["ant/00.png", "ant/05.png"]
    assert index.rows[-1].name == "elk/last.png"
    for row, got in zip(index.rows, stored_rows(whole), strict=True):
        feature = features_of(album / row.name)
        assert got.dtype == np.float16
        assert np.array_equal(got, (feature / np.linalg.norm(feature)).astype(np.float16))
        assert row.digest == read(album / row.name).digest
    bad = [entry for table in sorted(whole.glob("shards/*.json")) for entry in json.loads(table.read_bytes())["bad"]]
    reasons = {entry["name"]: entry["reason"] for entry in bad}
    assert "text file" in reasons["ant/text.jpg"]
    assert "empty" in reasons["dog/empty.png"]
    assert "truncated" in reasons["elk/cut.png"]
    assert "finite" in reasons["cat/black.png"]


def test_a_second_call_computes_nothing(own: Path, album: Path, held_out: Path) -> None:
    before, engine = content(own), Counting()
    assert make(album, own, held_out, engine=engine) == FeatureIndex.open(own).manifest
    assert (engine.frames, engine.loads) == (0, 0)
    assert content(own) == before


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_file(tmp_path: Path, whole: Path, album: Path, held_out: Path, after: bool) -> None:
    """Stopped just before, or just after, the n-th file takes its name."""
    expected = content(whole)
    for n in itertools.count():
        out = tmp_path / str(n)
        try:
            with stopped_at(n, after=after):
                make(album, out, held_out)
            break  # n files are all there are
        except KeyboardInterrupt:
            pass
        make(album, out, held_out)
        assert content(out) == expected, n
    assert n == 18  # plan, 6 shards and 2 of the reference with two files each, manifest


def test_stopped_at_every_report(tmp_path: Path, whole: Path, album: Path, held_out: Path) -> None:
    """Whole shards are kept, counted, and not computed again."""
    expected = content(whole)
    for n in itertools.count():
        out, seen = tmp_path / str(n), list[Progress]()

        def stop(progress: Progress, seen: list[Progress] = seen, n: int = n) -> None:
            seen.append(progress)
            if len(seen) > n:
                raise KeyboardInterrupt

        try:
            make(album, out, held_out, progress=stop)
            break
        except KeyboardInterrupt:
            pass
        seen.clear()
        kept = 8 * len(list(out.glob("shards/*.json"))) + 8 * len(list(out.glob("reference/*.json")))
        kept -= kept > 47  # the last shard has 7
        engine = Counting()
        make(album, out, held_out, engine=engine, progress=seen.append)
        assert content(out) == expected, n
        assert seen[0].done == kept
        assert (seen[-1].done, seen[-1].total, seen[-1].bad, seen[-1].seconds_left) == (58, 58, 3 + 1, 0)
        assert engine.frames <= 58 - kept
        assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert n == 16  # one report at the start, 12 batches, 3 of the reference


CHILD = """
import sys, time
sys.path[:0] = [{tests!r}, {root!r}]
import test_index as t
from pathlib import Path
print("ready", flush=True)
t.make(Path({album!r}), Path({out!r}), Path({held!r}), progress=lambda p: time.sleep(0.02))
"""


def test_killed_by_the_system(tmp_path: Path, whole: Path, album: Path, held_out: Path) -> None:
    out = tmp_path / "index"
    code = CHILD.format(tests=str(ROOT / "tests"), root=str(ROOT), album=str(album), out=str(out), held=str(held_out))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(random.uniform(0.02, 0.5))
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    make(album, out, held_out)
    assert content(out) == content(whole)


def test_cancel_keeps_whole_shards(tmp_path: Path, whole: Path, album: Path, held_out: Path) -> None:
    out, cancel = tmp_path / "index", threading.Event()

    def stop(progress: Progress) -> None:
        if progress.done >= 18:
            cancel.set()

    with pytest.raises(Cancelled):
        make(album, out, held_out, progress=stop, cancel=cancel)
    assert len(list(out.glob("shards/*.json"))) == 2
    with pytest.raises(IndexBroken, match=r"an unfinished build.*goes on where it stopped"):
        FeatureIndex.open(out)
    assert "unfinished" in verify(out)[0]
    make(album, out, held_out)
    assert content(out) == content(whole)


@pytest.mark.parametrize("n", [0, 1, 4, 5, 17])
def test_full_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, whole: Path, album: Path, held_out: Path, n: int
) -> None:
    out, left = tmp_path / "index", iter(range(n))

    def full(_handle: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(IndexBroken, match=r"full disk \(No space.*finished shards are kept"):
            make(album, out, held_out)
    files = content(out)
    assert not [name for name in files if name.endswith(".part")]
    assert len(files) == n + 1  # and the lock
    make(album, out, held_out)
    assert content(out) == content(whole)


def test_one_builder_at_a_time(tmp_path: Path, album: Path) -> None:
    refused = []

    def second(progress: Progress) -> None:
        if not refused:
            with pytest.raises(IndexBroken, match="another build is at work") as error:
                make(album, tmp_path / "index")
            refused.append(error)

    make(album, tmp_path / "index", progress=second)
    assert refused
    make(album, tmp_path / "index")


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, album: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(BadFolder, match=r"holds 'holiday.jpg'"):
        make(album, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]
    with pytest.raises(BadFolder, match="a folder to write to"):
        make(album, tmp_path / "holiday.jpg")


def test_what_cannot_be_read(tmp_path: Path, album: Path, held_out: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(SHARD):
        (photos / f"a{number}.png").write_text("text")
    with pytest.raises(BadFolder, match=r"8 files, none of which.*text file"):
        make(photos, tmp_path / "none")
    for number in range(10):
        draw(photos / f"b{number}.png", number)
    manifest = make(photos, tmp_path / "index")  # a whole shard of it bad
    assert (manifest.rows, manifest.bad, [s.rows for s in manifest.shards]) == (10, 8, [0, 8, 2])
    index = FeatureIndex.open(tmp_path / "index")
    assert index.search(features_of(photos / "b9.png"), 1).rows.tolist() == [[9]]
    assert verify(tmp_path / "index") == []
    few = listing(photos)[8:17]
    with pytest.raises(BadFolder, match="9 photographs; wanted at least 10"):
        make(few, tmp_path / "few", held_out)


def test_photographs_of_several_folders(tmp_path: Path, album: Path, held_out: Path) -> None:
    files = [*find([held_out, album / "ant/05.png"]), *find([held_out])]
    manifest = make(files, tmp_path / "index")
    assert (manifest.rows, set(manifest.roots)) == (12, {str(held_out), str(album / "ant")})
    index = FeatureIndex.open(tmp_path / "index")
    for path in (held_out / "03.png", album / "ant/05.png"):
        assert index.neighbours(features_of(path), 1)[0].path == str(path)
    assert content(tmp_path / "index") == content_of_build(files[::-1], tmp_path / "again")


def content_of_build(files: list[Source], out: Path) -> dict[str, bytes]:
    make(files, out)
    return content(out)


def test_photographs_that_go_away_stop_the_build(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number in range(200):
        (photos / f"{number:03d}.png").parent.mkdir(exist_ok=True)
        draw(photos / f"{number:03d}.png", number)

    def unplug(progress: Progress) -> None:
        if progress.done == 16:
            photos.rename(tmp_path / "elsewhere")

    with pytest.raises(BadFolder, match="gone during the build"):
        make(photos, tmp_path / "index", progress=unplug)
    (tmp_path / "elsewhere").rename(photos)
    assert make(photos, tmp_path / "index").bad == 0


# Other plans, broken files


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"card": replace(CARD, key="test/other")}, r"a build of network test/tiny; wanted one of network test/other"),
        ({"card": replace(CARD, weights_digest="fedc")}, r"weights 0123456789abcdef; wanted one of weights fedc"),
        ({"card": replace(CARD, preprocessing=replace(CARD.preprocessing, resize=40))}, "'resize': 40"),
        ({"shard_rows": 16}, r"8 rows a shard; wanted one of 16 rows"),
        ({"reference": None}, r"reference .*; wanted one of reference none"),
        ({"photos": 1}, r"47 photographs, number 0 'ant/00.png' labelled 'ant'; wanted one of 46 .*'ant/05.png'"),
    ],
)
def test_a_folder_of_another_plan(
    own: Path, album: Path, held_out: Path, change: dict[str, Any], message: str, finished: bool
) -> None:
    if not finished:
        (own / "manifest.json").unlink()
    before = content(own)
    photos = listing(album)[change.get("photos", 0) :]
    more = {"reference": held_out, **{key: value for key, value in change.items() if key != "photos"}}
    with pytest.raises(IndexMismatch, match=message):
        make(photos, own, **more)
    assert content(own) == before


@pytest.mark.parametrize("name", ["shards/00002.npy", "shards/00002.json", "manifest.json", "plan.json"])
@pytest.mark.parametrize("harm", ["flip", "cut", "remove", "empty"])
def test_verify_names_what_is_broken_and_a_build_mends_it(
    own: Path, whole: Path, album: Path, held_out: Path, name: str, harm: str
) -> None:
    path, data = own / name, (own / name).read_bytes()
    if harm == "remove":
        path.unlink()
    else:
        middle = len(data) * 2 // 3
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        path.write_bytes({"flip": flipped, "cut": data[:middle], "empty": b""}[harm])
    problems = verify(own)
    assert len(problems) == 1
    assert name in problems[0] or problems[0].startswith("an unfinished build")
    if name != "plan.json":  # a search never answers from changed features or names
        with pytest.raises(IndexBroken, match=r"build .* again|index build"):
            FeatureIndex.open(own).neighbours(np.ones(32, np.float32), 40)
    path.unlink(missing_ok=True)
    engine = Counting()
    make(album, own, held_out, engine=engine)
    assert content(own) == content(whole)
    assert engine.frames == {"s": SHARD + 11, "m": 11, "p": 0}[name[0]]  # that shard and the reference, or it alone


def test_counts_that_do_not_match(own: Path) -> None:
    rewrite_manifest(own, lambda m: m.update(rows=44))
    assert verify(own) == ["manifest.json: 44 rows, its shards hold 43"]
    rewrite_manifest(own, lambda m: m.update(rows=43, labels={"ant": 43}))
    assert verify(own) == ["manifest.json: other labels than its shards"]
    rewrite_manifest(own, lambda m: m["shards"][1].update(rows=5))
    assert any(problem.startswith("shards/00001") for problem in verify(own))
    with pytest.raises(IndexBroken, match="shards/00001"):
        FeatureIndex.open(own).search(np.ones(32, np.float32))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("dim"), "no field 'dim'"),
        (lambda m: m.update(colour="red"), "an unknown field 'colour'"),
        (lambda m: m.update(format=2), "another format"),
        (lambda m: m["shards"][0].pop("size"), "size"),
        (lambda m: m["shards"][0].update(name="../../x"), r"a shard named '../../x'"),
        (lambda m: m.update(reference=[{"typicality": 1.0}]), "digest"),
        (lambda m: m.update(shards=3), "manifest"),
    ],
)
def test_odd_manifests(own: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    rewrite_manifest(own, change)
    with pytest.raises(IndexBroken, match=message):
        FeatureIndex.open(own)
    assert message.strip("'") in verify(own)[0] or message in ("manifest", r"a shard named '../../x'")


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexBroken, match=r"no index in .*index build"):
        FeatureIndex.open(tmp_path / "nowhere")


def test_core_index_knows_nothing_of_what_stands_on_it() -> None:
    above = ("core.typicality", "core.sensitivity", "core.cli", "core.figures", "core.studies", "streamlit", "pages")
    for path in (ROOT / "core/index").glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith(above)], path
            assert "faiss" not in names or path.name in ("exact.py", "compact.py")
        assert not [n for n in tree.body if isinstance(n, ast.Import) and n.names[0].name == "faiss"], path
