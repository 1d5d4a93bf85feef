"""Studies over many photographs: the rows are those of single measurements, and nothing that happens changes them."""

from __future__ import annotations

import errno
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ROOT, TinyCard
from PIL import Image
from skimage import metrics
from stops import stopped_at
from torch import nn

from core import studies
from core.datasets import PhotoFile
from core.engine import Engine, Network, Predictions
from core.errors import BadFolder, BadPhotograph, BadProtocol, Cancelled, StudyBroken, StudyMismatch, UnknownName
from core.frames import FramePair
from core.index.build import build
from core.index.search import FeatureIndex
from core.measure import accuracy, outcomes, redo
from core.networks.card import NetworkCard
from core.photographs import Photograph, photograph, read, reduce_to
from core.progress import Progress
from core.sensitivity import Outcome, rank, sensitivity
from core.studies import Axes, Study, compute, manifest, rows, runner
from core.studies.antialiasing import twin, with_twins
from core.studies.block import Block
from core.studies.summary import summary
from core.typicality import typicality

pytestmark = pytest.mark.usefixtures("one_thread")

PAIRS = {
    "digest": "category", "name": "category", "label": "category", "network": "category", "protocol": "category",
    "side": "Int32", "step": "int64", "direction": "category", "unit": "category", "seed": "int64", "pair": "int64",
    "x": "int64", "y": "int64", "class_before": "Int32", "class_after": "Int32", "p_before": "float32",
    "p_after": "float32", "changed": "boolean", "kind": "category", "feature_cosine": "float64",
    "label_index": "Int32", "typicality": "float64", "confidence": "float64",
}  # fmt: skip
CENTRES = {
    "digest": "category", "name": "category", "label": "category", "network": "category", "label_index": "Int32",
    "class_top1": "Int32", "p_top1": "float32", "right": "boolean", "p_label": "float32", "typicality": "float64",
    "confidence": "float64",
}  # fmt: skip


@dataclass(frozen=True)
class Held:
    """A photograph that is in memory already, as a source."""

    photo: Photograph
    name: str
    root: str = "/held"
    lost: bool = False

    @property
    def label(self) -> str | None:
        return self.photo.label

    def read(self) -> Photograph:
        return self.photo


class Counting(Engine):
    """Counts frames and loads."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.frames = self.loads = 0

    def load(self, card: NetworkCard) -> Network:
        self.loads += 1
        return super().load(card)

    def predict(self, network: Network, frames: Iterable[torch.Tensor]) -> Iterator[Predictions]:
        listed = list(frames)
        self.frames += len(listed)
        return super().predict(network, listed)


def held(photos: Sequence[Photograph]) -> list[Held]:
    return [Held(photo, f"{number:03}.png") for number, photo in enumerate(photos)]


@pytest.fixture(scope="session")
def many(natural: list[Photograph]) -> list[Held]:
    """36 photographs: two whole blocks and the rest of one."""
    turned = [photograph(p.image().transpose(Image.Transpose.FLIP_LEFT_RIGHT), p.name, p.label) for p in natural]
    upside = [photograph(p.image().transpose(Image.Transpose.FLIP_TOP_BOTTOM), p.name, p.label) for p in natural]
    return held([*natural, *turned, *upside])


@pytest.fixture
def cards(tiny_card: TinyCard) -> list[NetworkCard]:
    return [tiny_card(), tiny_card(3)]


def headless() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        return nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()


@pytest.fixture
def representation(tiny_card: TinyCard) -> NetworkCard:
    return replace(tiny_card(4, key="test/representation", build=headless), labels=None)


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (rows.RESULTS, rows.PHOTOGRAPHS)}


def plain(frame: pd.DataFrame) -> list[list[Any]]:
    """Values as Python has them, None where one is missing."""
    return [[None if pd.isna(v) else v for v in row] for row in frame.itertuples(index=False)]


# what the tables hold


def test_the_columns_and_their_types(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    studies.run(studies.create("protocols"), many[:20], cards, tmp_path, engine=engine)
    found = studies.read(tmp_path)
    for frame, name, wanted in ((found.pairs, rows.RESULTS, PAIRS), (found.photographs, rows.PHOTOGRAPHS, CENTRES)):
        assert {column: str(kind) for column, kind in frame.dtypes.items()} == wanted
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / name), frame)  # for whoever knows pandas alone
    assert len(found.pairs) == found.manifest.rows == 20 * 2 * 4
    assert len(found.photographs) == 20 * 2
    assert found.pairs["typicality"].isna().all()
    assert found.pairs["confidence"].isna().all()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["manifest.json", *sorted(content(tmp_path)), runner.LOCK]


@pytest.mark.parametrize(("name", "sides"), [("protocols", None), ("embedded_size", (8, 20))])
def test_rows_are_the_outcomes_of_single_measurements(
    tmp_path: Path,
    engine: Engine,
    many: list[Held],
    cards: list[NetworkCard],
    representation: NetworkCard,
    name: str,
    sides: tuple[int, ...] | None,
) -> None:
    """To the bit, in the order photograph, network, protocol and side, pair."""
    study, all_cards = studies.create(name, pairs=3, seed=5, sides=sides), [*cards, representation]
    studies.run(study, many[:20], all_cards, tmp_path, engine=engine)
    found = studies.read(tmp_path).pairs
    wanted: dict[tuple[int, int, int, int], Outcome] = {}
    photos = [one.photo for one in many[:20]]
    for n, card in enumerate(all_cards):
        network = engine.load(card)
        for i, protocol in enumerate(study.instances(card.size)):
            parts = outcomes(engine, network, photos, protocol, pairs=3, seed=5)
            for k, outcome in enumerate(itertools.chain.from_iterable(parts)):
                wanted[k // 3, n, i, k % 3] = outcome
    ordered = [wanted[key] for key in sorted(wanted)]
    assert len(found) == len(ordered)
    columns = ["digest", "pair", "class_before", "class_after", "p_before", "p_after", "feature_cosine", "label_index"]
    assert plain(found[columns]) == [
        [o.photograph, o.pair, o.class_before, o.class_after, None if o.classless else o.p_before,
         None if o.classless else o.p_after, o.feature_cosine, o.label] for o in ordered
    ]  # fmt: skip
    assert plain(found[["changed", "kind"]]) == [[None if o.classless else o.changed, o.flip] for o in ordered]
    assert {o.flip for o in ordered} >= {"right→wrong", "wrong→wrong", None}  # or the test would see nothing
    shown = found["side"].to_numpy(dtype=object, na_value=None).reshape(20, 3, -1, 3)
    wanted_sides = [None, 14, 14, 14] if sides is None else list(sides)  # 100 of 224, as 14 of 32
    assert (shown == np.array(wanted_sides, object)[:, None]).all()


def test_a_row_is_made_again_from_what_it_says(
    tmp_path: Path, engine: Engine, natural: list[Photograph], cards: list[NetworkCard]
) -> None:
    for number, photo in enumerate(natural[:4]):
        photo.image().save(tmp_path / f"{number}.png")
    files = [PhotoFile(str(tmp_path), path.name, None) for path in sorted(tmp_path.glob("*.png"))]
    study = studies.create("protocols", pairs=2, step=2, direction="right", unit="network", reduce_to=100)
    studies.run(study, files, cards[:1], tmp_path / "out", engine=engine)
    found, network = studies.read(tmp_path / "out"), engine.load(cards[0])
    for _, row in found.pairs.iterrows():
        pair = found.pair(row)
        assert pair is not None
        photo = reduce_to(read(tmp_path / row["name"]), 100)
        protocol = next(p for p in study.instances(32) if p.name == row["protocol"])
        again = redo(photo, protocol, network, seed=0, pair=row["pair"])
        assert torch.equal(pair.before, again.before)
        assert torch.equal(pair.after, again.after)
        assert (pair.placement.x, pair.placement.y) == (row["x"], row["y"])
    photo = natural[0]
    photo.image().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "0.png")  # another photograph by now
    assert found.pair(found.pairs.iloc[0]) is None
    (tmp_path / "0.png").unlink()
    assert found.photograph(str(found.pairs["digest"].iloc[0])) is None
    assert found.photograph("0" * 64) is None


def test_centre_crops(tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]) -> None:
    photos = [replace(many[0].photo, label="a class of no network"), *(one.photo for one in many[1:11])]
    studies.run(studies.create("protocols"), held(photos), cards, tmp_path, engine=engine)
    found = studies.read(tmp_path).photographs
    assert list(found["network"]) == [card.key for _ in photos for card in cards]
    for n, card in enumerate(cards):
        network, rows_of = engine.load(card), found.iloc[n::2]
        for photo, row in zip(photos, rows_of.itertuples(), strict=True):
            (result,) = engine.predict(network, [card.preprocessing.centre(photo)])
            p = result.probabilities[0]
            assert (row.class_top1, row.p_top1) == (int(p.argmax()), float(p.max()))
            label = card.labels.find(photo.label) if card.labels else None
            if label is None:
                assert all(pd.isna(v) for v in (row.label_index, row.right, row.p_label))
            else:
                assert (row.label_index, row.right, row.p_label) == (label, label == int(p.argmax()), float(p[label]))
        right = accuracy(engine, network, photos)
        assert right is not None
        assert rows_of["right"].mean() == right.top1


def test_both_axes_are_of_one_network_each(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard], tiny_card: TinyCard
) -> None:
    """Also where the index's network and the confidence network are not measured themselves."""
    indexed, sure = tiny_card(5), tiny_card(6)
    build(many[:20], indexed, engine, tmp_path / "index")
    axes = Axes(index=FeatureIndex.open(tmp_path / "index"), index_card=indexed, confidence=sure)
    studies.run(studies.create("typicality"), many[10:30], cards, tmp_path / "out", axes=axes, engine=engine)
    found = studies.read(tmp_path / "out")
    assert found.manifest.index is not None
    assert (found.manifest.index["network"], found.manifest.index["rows"]) == (indexed.key, 20)
    for one in many[10:30]:
        (result,) = engine.predict(engine.load(indexed), [indexed.preprocessing.centre(one.photo)])
        assert axes.index is not None
        typical = typicality(axes.index, result.features[0].numpy(), one.photo.digest).value
        (result,) = engine.predict(engine.load(sure), [sure.preprocessing.centre(one.photo)])
        for frame, count in ((found.pairs, 2 * 4), (found.photographs, 2)):
            mine = frame[frame["digest"] == one.photo.digest]
            assert list(mine["typicality"]) == [typical] * count
            assert list(mine["confidence"]) == [float(result.probabilities[0].max())] * count


@pytest.mark.parametrize("name", ["typicality", "confidence"])
def test_an_axis_that_is_needed_is_asked_for(
    tmp_path: Path, many: list[Held], cards: list[NetworkCard], name: str
) -> None:
    with pytest.raises(StudyMismatch, match="Name it with --"):
        studies.run(studies.create(name), many, cards, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_classes(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard], representation: NetworkCard
) -> None:
    studies.run(studies.create("failures"), many[:5], [representation, cards[0]], tmp_path, engine=engine)
    found = studies.read(tmp_path)
    mine = found.pairs[found.pairs["network"] == representation.key]
    empty = ["class_before", "class_after", "p_before", "p_after", "changed", "kind", "label_index"]
    assert mine[empty].isna().all(axis=None)
    assert mine["feature_cosine"].between(0, 1, inclusive="neither").all()
    centres = found.photographs[found.photographs["network"] == representation.key]
    assert centres[["class_top1", "p_top1", "right", "p_label", "label_index"]].isna().all(axis=None)
    records = {(r["network"], r["protocol"]): r for r in summary(found)}
    record = records[representation.key, "crop"]
    assert (record["p_top1_change"], record["top1"]) == (None, None)
    assert record["representation_change"] > 0
    assert records[cards[0].key, "crop"]["p_top1_change"] is not None
    with pytest.raises(StudyMismatch, match="without classes, for confidence"):
        studies.run(studies.create("confidence"), many, cards, tmp_path / "c", axes=Axes(confidence=representation))


def test_failures_say_how_alike_the_frames_are(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    studies.run(studies.create("failures", pairs=3), many[:8], cards, tmp_path, engine=engine)
    found, photos = studies.read(tmp_path), {one.photo.digest: one.photo for one in many}
    frame = found.pairs
    changed = frame["changed"].to_numpy(dtype=bool)
    assert 0 < changed.sum() < len(frame)
    assert frame.loc[changed, ["psnr", "ssim"]].notna().all(axis=None)
    quiet = 0
    for _, group in frame.groupby(["digest", "network"], observed=True):
        if not group["changed"].any():  # the worst is looked at
            quiet += 1
            moved = (group["p_after"].astype(float) - group["p_before"].astype(float)).abs()
            assert list(group.index[group["psnr"].notna()]) == [moved.idxmax()]
    assert quiet
    protocols = {p.name: p for p in studies.create("failures").instances(32)}
    for _, row in frame[frame["psnr"].notna()].iterrows():
        pair = redo(photos[row["digest"]], protocols[row["protocol"]], engine.load(cards[0]), seed=0, pair=row["pair"])
        a, b = pair.before.numpy(), pair.after.numpy()
        assert row["psnr"] == pytest.approx(metrics.peak_signal_noise_ratio(a, b, data_range=255))
        assert row["ssim"] == pytest.approx(
            np.mean([metrics.structural_similarity(a[c], b[c], gaussian_weights=True, sigma=1.5,
                                                   use_sample_covariance=False, data_range=255) for c in range(3)])
        )  # fmt: skip


def test_equal_frames_are_infinitely_alike() -> None:
    frame = torch.zeros(3, 32, 32, dtype=torch.uint8)
    pair = FramePair(frame, frame, None)  # type: ignore[arg-type]
    assert (studies.likeness.psnr(pair), studies.likeness.ssim(pair)) == (float("inf"), 1.0)


def test_the_summary_is_of_the_same_outcomes(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    study = studies.create("embedded_size", pairs=2, sides=(8, 20))
    studies.run(study, many[:9], cards, tmp_path, engine=engine)
    records = summary(studies.read(tmp_path))
    assert [(r["network"], r["side"]) for r in records] == [(c.key, side) for c in cards for side in (8, 20)]
    photos = [one.photo for one in many[:9]]
    for record, (card, protocol) in zip(records, itertools.product(cards, study.instances(32)), strict=True):
        network = engine.load(card)
        found = list(itertools.chain.from_iterable(outcomes(engine, network, photos, protocol, pairs=2, seed=0)))
        assert record.items() >= sensitivity(found).as_dict().items()
        right = accuracy(engine, network, photos)
        assert right is not None
        assert (record["top1"], record["top1_interval"], record["top1_n"]) == (right.top1, list(right.interval), 9)
        assert record["weights_digest"] == card.weights_digest


# frames are made once


def test_networks_that_see_the_same_frames_share_them(
    tmp_path: Path, engine: Engine, many: list[Held], tiny_card: TinyCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, str, int]] = []
    guard = threading.Lock()

    def counting(photo: Photograph, protocol: Any, network: Network, *, seed: int, pair: int) -> FramePair:
        with guard:
            made.append((photo.digest, protocol.name, pair))
        return redo(photo, protocol, network, seed=seed, pair=pair)

    monkeypatch.setattr(compute, "redo", counting)
    sharper = tiny_card(7)
    sharper = replace(sharper, preprocessing=replace(sharper.preprocessing, interpolation="bicubic"))
    other_crop = tiny_card(8)
    other_crop = replace(other_crop, preprocessing=replace(other_crop.preprocessing, resize=40))
    alike = [tiny_card(), tiny_card(3), other_crop]
    studies.run(studies.create("protocols", pairs=2), many[:6], alike, tmp_path / "1", engine=engine)
    assert len(made) == len(set(made)) == 6 * 4 * 2
    made.clear()
    studies.run(studies.create("protocols", pairs=2), many[:6], [*alike, sharper], tmp_path / "2", engine=engine)
    assert len(made) == 2 * len(set(made)) == 2 * 6 * 4 * 2


def test_no_batch_is_padded_within_a_block(
    tmp_path: Path, many: list[Held], cards: list[NetworkCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    engine, inner = Engine("cpu"), Engine._batch

    def watched(self: Engine, network: Network, frames: torch.Tensor) -> Predictions:
        sizes.append(len(frames))
        return inner(self, network, frames)

    monkeypatch.setattr(Engine, "_batch", watched)
    studies.run(studies.create("protocols"), many[:32], cards, tmp_path, engine=engine)
    assert set(sizes) == {8}
    assert len(sizes) * 8 == 2 * 32 * (4 * 2 + 1)


# whatever happens, the rows are the same


def study_of() -> Study:
    return studies.create("protocols", protocols=("crop", "black"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, engine: Engine, many: list[Held], tiny_card: TinyCard) -> Path:
    """A study that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    studies.run(study_of(), many, [tiny_card(), tiny_card(3)], folder, engine=engine)
    return folder


def test_fewer_photographs_are_a_prefix(
    tmp_path: Path, whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    studies.run(study_of(), many[:21], cards, tmp_path, engine=engine)
    part, full = studies.read(tmp_path), studies.read(whole)
    assert plain(part.pairs) == plain(full.pairs)[: len(part.pairs)]
    assert plain(part.photographs) == plain(full.photographs)[: len(part.photographs)]
    assert len(part.pairs) == 21 * 4


def test_a_second_run_does_nothing(whole: Path, many: list[Held], cards: list[NetworkCard]) -> None:
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in whole.iterdir() if path.name != runner.LOCK
    }
    engine, told = Counting(), list[Progress]()
    done = studies.run(study_of(), many, cards, whole, engine=engine, progress=told.append)
    assert (engine.frames, engine.loads, told) == (0, 0, [])
    assert done == manifest.read_manifest(whole)
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_file(
    tmp_path: Path, whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard], after: bool
) -> None:
    """Stopped just before, or just after, the n-th file takes its name."""
    for n in itertools.count():
        out = tmp_path / str(n)
        try:
            with stopped_at(n, after=after):
                studies.run(study_of(), many, cards, out, engine=engine)
            break  # n files are all there are
        except KeyboardInterrupt:
            pass
        studies.run(study_of(), many, cards, out, engine=engine)
        assert content(out) == content(whole), n
    assert n == 1 + 3 * 2 + 2 + 1  # manifest, two files of three parts, both tables, manifest


def test_cancelled_after_every_batch(tmp_path: Path, whole: Path, many: list[Held], cards: list[NetworkCard]) -> None:
    """What is finished is kept, counted, and not computed again."""
    out, counts, stops = tmp_path / "out", [0], 0
    total = 2 * 36 * (2 * 2 + 1)
    while True:
        engine, cancel, told = Counting(), threading.Event(), list[Progress]()

        def stop(progress: Progress, told: list[Progress] = told, cancel: threading.Event = cancel) -> None:
            told.append(progress)
            if len(told) > 11:
                cancel.set()

        try:
            studies.run(study_of(), many, cards, out, engine=engine, progress=stop, cancel=cancel)
            break
        except Cancelled:
            stops += 1
        counts.append(rows.parts(out))
        kept = studies.read(out)
        assert len(kept.pairs) == min(36, 16 * counts[-1]) * 2 * 2
        assert plain(kept.pairs) == plain(studies.read(whole).pairs)[: len(kept.pairs)]
        assert told[0].done == min(36, 16 * counts[-2]) * 4
        assert engine.frames < total
        if counts[-1] == counts[-2]:  # a block is more than so few batches: it is let through once
            studies.run(study_of(), many, cards, out, engine=engine)
            break
    assert stops
    assert content(out) == content(whole)
    assert not (out / "parts").exists()


def test_a_block_that_is_still_being_written_is_kept_at_a_cancel(
    tmp_path: Path, many: list[Held], engine: Engine, cards: list[NetworkCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables are made after whoever computes has stopped, and everything that they need is there until then."""
    real, cancel = Block.tables, threading.Event()

    def late(self: Block, *given: Any) -> Any:
        assert cancel.wait(60)
        time.sleep(0.5)  # by now the computation has stopped, and waits
        return real(self, *given)

    monkeypatch.setattr(Block, "tables", late)

    def stop(progress: Progress) -> None:
        if progress.done > 16 * 4:
            cancel.set()

    with pytest.raises(Cancelled):
        studies.run(study_of(), many, cards, tmp_path, engine=engine, progress=stop, cancel=cancel)
    assert rows.parts(tmp_path) == 1


CHILD = """
import os, random, signal, sys, time
sys.path[:0] = [{root!r}]
import pandas, pyarrow.parquet, torch, torch.fx.experimental.optimization
torch.set_num_threads(1)
from pathlib import Path
from core import studies
from core.datasets import listing
from core.folders import DataFolder
from core.networks import registry

cards = [registry.get("embedded/resnet10.scenes-0", DataFolder(Path("/nowhere")))]

def work(out):
    studies.run(studies.create("protocols", protocols=("black",)), listing("scenes:0-39"), cards, out)

def child(out):
    pid = os.fork()
    if not pid:
        work(out)
        os._exit(0)
    return pid

began = time.monotonic()
os.waitpid(child(Path({whole!r})), 0)
takes = time.monotonic() - began
kills = 0
for _ in range(10):
    pid = child(Path({out!r}))
    time.sleep(random.uniform(0.02, 0.4) * takes)
    os.kill(pid, signal.SIGKILL)
    kills += os.waitpid(pid, 0)[1] == signal.SIGKILL
os.waitpid(child(Path({out!r})), 0)
print(kills)
"""


def test_killed_by_the_system_ten_times(tmp_path: Path) -> None:
    """Processes that are killed at random moments, and one that never was."""
    straight, killed = tmp_path / "whole", tmp_path / "killed"
    code = CHILD.format(root=str(ROOT), whole=str(straight), out=str(killed))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 2
    assert content(killed) == content(straight)
    assert len(studies.read(killed).pairs) == 40


def test_damaged_and_foreign_parts_are_made_again(
    tmp_path: Path, whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    out, cancel = tmp_path / "out", threading.Event()

    def stop(progress: Progress) -> None:
        if progress.done >= 36 * 4 - 8:
            cancel.set()

    with pytest.raises(Cancelled):
        studies.run(study_of(), many, cards, out, engine=engine, progress=stop, cancel=cancel)
    first, second = (rows.part_paths(out, number)[0] for number in (0, 1))
    assert rows.parts(out) == 2
    kept = studies.create("protocols", protocols=("crop", "black"), seed=1)
    studies.run(kept, many[:16], cards, tmp_path / "other", engine=engine, cancel=None)
    second.write_bytes(first.read_bytes()[:500])  # no table
    engine = Counting()
    studies.run(study_of(), many, cards, out, engine=engine)
    assert content(out) == content(whole)
    assert engine.frames == 2 * 20 * 5  # the first block was kept
    (out / manifest.MANIFEST).unlink()
    (out / rows.RESULTS).unlink()
    engine = Counting()
    studies.run(study_of(), many, cards, out, engine=engine)
    assert content(out) == content(whole)
    assert engine.frames == 2 * 36 * 5


# one folder, one study


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "pairs": ({"pairs": 2}, "config, pairs: 1; wanted one of config, pairs: 2"),
    "seed": ({"seed": 3}, "config, seed: 0"),
    "step": ({"step": 2}, "config, step: 1"),
    "protocols": ({"protocols": ("crop",)}, "config, protocols: crop, black; wanted one of config, protocols: crop"),
    "sides": ({"sides": (10,)}, "config, sides: None"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_configuration_is_refused(
    whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard], change: str
) -> None:
    before, (settings, said) = content(whole), CHANGES[change]
    with pytest.raises(StudyMismatch) as error:
        studies.run(replace(study_of(), **settings), many, cards, whole, engine=engine)
    assert said in str(error.value)
    assert "Choose another folder" in str(error.value)
    assert content(whole) == before


def test_other_networks_photographs_and_axes_are_refused(
    whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    before = (whole / manifest.MANIFEST).read_bytes()

    def refused(said: str, *, sources: Sequence[Held] = many, of: Sequence[NetworkCard] = cards, **more: Any) -> None:
        with pytest.raises(StudyMismatch, match=said):
            studies.run(more.pop("study", study_of()), sources, of, whole, engine=engine, **more)

    refused("networks test/tiny-9, test/tiny-3; wanted one of networks test/tiny-9", of=cards[:1])
    refused("test/tiny-9, weights_digest: 0", of=[replace(cards[0], weights_digest="another"), cards[1]])
    wider = replace(cards[0], preprocessing=replace(cards[0].preprocessing, resize=40))
    refused("test/tiny-9, preprocessing, resize: 36", of=[wider, cards[1]])
    refused("photographs, given: 36; wanted one of photographs, given: 35", sources=many[:-1])
    refused("photographs, sha256", sources=many[::-1])
    refused("confidence None", axes=Axes(confidence=cards[0]))
    refused("study protocols; wanted one of study antialiasing", study=studies.create("antialiasing"))
    assert (whole / manifest.MANIFEST).read_bytes() == before


def test_other_software_does_not_go_on_but_reads(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        studies.run(study_of(), many[:3], cards, tmp_path, engine=engine, cancel=cancel)
    with monkeypatch.context() as patched:
        patched.setattr(manifest, "software", lambda *_: {"pillow": "1.0"})
        with pytest.raises(StudyMismatch, match="software"):
            studies.run(study_of(), many[:3], cards, tmp_path, engine=engine)
    studies.run(study_of(), many[:3], cards, tmp_path, engine=engine)
    monkeypatch.setattr(manifest, "software", lambda *_: {"pillow": "1.0"})
    idle = Counting()
    assert studies.run(study_of(), many[:3], cards, tmp_path, engine=idle).finished
    assert idle.frames == 0


def test_a_folder_that_holds_something_else(tmp_path: Path, many: list[Held], cards: list[NetworkCard]) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(BadFolder, match=r"holds 'holiday\.jpg'.*or a study"):
        studies.run(study_of(), many, cards, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_second_run_beside_the_first_is_refused(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    refused: list[StudyBroken] = []

    def again(progress: Progress) -> None:
        if not refused:
            with pytest.raises(StudyBroken, match="another run is at work") as error:
                studies.run(study_of(), many[:3], cards, tmp_path, engine=engine)
            refused.append(error.value)

    studies.run(study_of(), many[:3], cards, tmp_path, engine=engine, progress=again)
    assert refused


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"study": "protocols"}'])
def test_a_manifest_that_is_none(tmp_path: Path, text: bytes, many: list[Held], cards: list[NetworkCard]) -> None:
    with pytest.raises(StudyBroken, match=r"manifest\.json \(No such file"):
        studies.read(tmp_path)
    (tmp_path / manifest.MANIFEST).write_bytes(text)
    for work in (lambda: studies.read(tmp_path), lambda: studies.run(study_of(), many, cards, tmp_path)):
        with pytest.raises(StudyBroken, match="is no manifest"):
            work()


def test_a_table_that_is_damaged(tmp_path: Path, whole: Path) -> None:
    for path in whole.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / rows.RESULTS).write_bytes(b"no table")
    with pytest.raises(StudyBroken, match=r"results\.parquet that cannot be read"):
        studies.read(tmp_path)


def test_finished_while_it_is_read(
    tmp_path: Path,
    whole: Path,
    engine: Engine,
    many: list[Held],
    cards: list[NetworkCard],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The parts that a reader has counted are gone when it opens them."""
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        studies.run(
            study_of(),
            many,
            cards,
            tmp_path,
            engine=engine,
            cancel=cancel,
            progress=lambda p: p.done > 70 and cancel.set(),
        )
    real = rows.parts

    def counted(folder: Path) -> int:
        count = real(folder)
        monkeypatch.setattr(rows, "parts", real)
        studies.run(study_of(), many, cards, tmp_path, engine=engine)
        return count

    monkeypatch.setattr(rows, "parts", counted)
    assert plain(studies.read(tmp_path).pairs) == plain(studies.read(whole).pairs)


def test_a_full_disk_is_named_and_what_was_finished_is_kept(
    tmp_path: Path,
    whole: Path,
    engine: Engine,
    many: list[Held],
    cards: list[NetworkCard],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = os.replace

    def full(source: Any, target: Any) -> None:
        if Path(target).name == "000001.parquet":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BadFolder, match=r"000001\.parquet \(No space left on device\).*what was finished is kept"):
        studies.run(study_of(), many, cards, tmp_path, engine=engine)
    assert rows.parts(tmp_path) == 1
    assert not list(tmp_path.rglob("*.part"))
    monkeypatch.setattr(os, "replace", real)
    studies.run(study_of(), many, cards, tmp_path, engine=engine)
    assert content(tmp_path) == content(whole)


# photographs that cannot be used


def test_who_is_left_out_and_why(tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]) -> None:
    """Also across blocks, and across a stop: a copy of a photograph of an earlier run is still a copy."""

    class Torn(Held):
        def read(self) -> Photograph:
            raise BadPhotograph(got="a torn file", wanted="a whole one", remedy="Copy it again.")

    narrow = photograph(Image.fromarray(np.zeros((64, 700, 3), np.uint8)), "narrow")
    sources = [*many[:10], Torn(many[0].photo, "torn.png"), Held(narrow, "narrow.png"), *many[10:20],
               Held(many[2].photo, "copy.png")]  # fmt: skip
    study = studies.create("protocols", protocols=("black", "crop"), step=6, sides=(10,))
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.done > 14 * 4:
            cancel.set()

    with pytest.raises(Cancelled):
        studies.run(study, sources, cards, tmp_path, engine=engine, progress=stop, cancel=cancel)
    assert rows.parts(tmp_path) == 1
    told: list[Progress] = []
    done = studies.run(study, sources, cards, tmp_path, engine=engine, progress=told.append)
    reasons = dict(map(tuple, done.skipped or []))
    assert list(reasons) == ["torn.png", "narrow.png", "copy.png"]
    assert "a torn file" in reasons["torn.png"]
    assert "700 x 64 pixels and a step of 6" in reasons["narrow.png"]
    assert "'copy.png' with the same pixels as '002.png'" in reasons["copy.png"]
    assert (done.used, done.rows, done.photographs["given"]) == (20, 20 * 4, 23)
    assert (told[-1].done, told[-1].total) == (80, 84)  # the last block's were not known to be left out yet
    assert list(studies.read(tmp_path).photographs["name"][::2]) == [one.name for one in many[:20]]


def test_nothing_usable_is_an_error(tmp_path: Path, engine: Engine, cards: list[NetworkCard]) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    files = [PhotoFile(str(tmp_path), "a.png", None)]
    with pytest.raises(BadPhotograph, match=r"no usable photograph among 1 \(the first: got a text file"):
        studies.run(study_of(), files, cards, tmp_path / "out", engine=engine)


def test_a_disk_that_goes_away_leaves_nobody_out(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    gone = PhotoFile(str(tmp_path / "usb"), "a.png", None)
    with pytest.raises(BadFolder, match="gone during the study"):
        studies.run(study_of(), [*many[:3], gone], cards, tmp_path / "out", engine=engine)


# configurations


@pytest.mark.parametrize("name", studies.names())
def test_every_study_is_said_whole_and_made_again(name: str) -> None:
    study = studies.create(name)
    assert (study.name, bool(study.paper), bool(study.__doc__)) == (name, True, True)
    assert f"core study {name} --photos" in str(study.__doc__)
    assert studies.create(name, **json.loads(json.dumps(study.as_dict()))) == study
    assert study.instances(224)
    small = study.small()
    assert small.pairs <= 2
    assert len(small.instances(224)) <= max(4, len(small.protocols))


def test_default_sides_are_in_absolute_pixels() -> None:
    def sides(size: int, **settings: Any) -> list[int]:
        made = studies.create("embedded_size", **settings).instances(size)
        return [p.side for p in made]  # type: ignore[attr-defined]

    assert sides(224) == list(range(40, 221, 20))
    assert sides(299) == list(range(40, 281, 20))
    assert sides(96) == list(range(16, 95, 8))
    assert sides(224, step=3)[-1] == 200
    assert sides(299, sides=(100, 50)) == [100, 50]
    with pytest.raises(BadProtocol, match="embedded side of 100 with a step of 1 in a frame of 96"):
        sides(96, sides=(50, 100))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"protocols": ("crop", "crop")}, "each of them once"),
        ({"protocols": ()}, "at least one protocol"),
        ({"protocols": ("zoom",)}, "got protocol 'zoom'"),
        ({"pairs": 0}, "0 pairs"),
        ({"seed": -1}, "seed -1"),
        ({"step": 40}, "got step 40"),
        ({"protocols": ("crop",), "sides": (40,)}, "sides with crop"),
        ({"protocols": ("black", "scale"), "unit": "network"}, "unit with black, scale"),
        ({"colour": 1}, "settings of protocols"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises((BadProtocol, UnknownName), match=said):
        studies.create("protocols", **settings)


def test_an_unknown_study_lists_the_known() -> None:
    with pytest.raises(UnknownName, match=r"wanted one of .*antialiasing.*confidence"):
        studies.create("protocol")


def test_twins() -> None:
    assert twin("torchvision/resnet50.imagenet1k_v1") == "antialiased/resnet50.bin5"
    assert twin("embedded/resnet10.scenes-2") == "embedded/resnet10_bin5.scenes-2"
    assert twin("embedded/resnet10_bin5.scenes-2") is None
    keys = ["embedded/resnet10.scenes-0", "mine/x", "embedded/resnet10.scenes-1"]
    known = {"embedded/resnet10_bin5.scenes-0", "embedded/resnet10_bin5.scenes-9"}
    assert with_twins(keys, known) == (keys[0], "embedded/resnet10_bin5.scenes-0", *keys[1:])
    assert with_twins([*keys[:1], *known], known) == (*keys[:1], *known)


def test_the_worst_pair_is_that_of_the_ranking() -> None:
    flip, more = Outcome("a", 0, 1, 2, 0.5, 0.4, 1.0), Outcome("a", 1, 1, 1, 0.9, 0.1, 1.0)
    assert rank(flip) > rank(more)
