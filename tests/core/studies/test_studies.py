"""Studies over many photographs: the rows are those of single measurements."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from core import studies
from core.datasets import PhotoFile
from core.errors import BadFolder, BadPhotograph, Cancelled, StudyMismatch
from core.images.photographs import Photograph, photograph, read
from core.images.protocols import reduce_pixels
from core.index.build import build
from core.index.search import FeatureIndex
from core.index.typicality import typicality
from core.inference.batching import redo
from core.inference.engine import Engine
from core.inference.pairs import accuracy, outcomes
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.networks.card import NetworkCard
from core.networks.variants.twins import antialiased_key, with_antialiased
from core.statistics.sensitivity import Outcome, rank, sensitivity
from core.studies import Axes, rows, runner
from core.studies.summary import summary
from tests.support.basics import TinyCard
from tests.support.runs import CENTRES, PAIRS, Held, content, held, plain, study_of

pytestmark = pytest.mark.usefixtures("one_thread")


def headless() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        return nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()


@pytest.fixture
def representation(tiny_card: TinyCard) -> NetworkCard:
    return replace(tiny_card(4, key="test/representation", build=headless), labels=None)


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
        [
            o.photograph,
            o.pair,
            o.class_before,
            o.class_after,
            None if o.classless else o.p_before,
            None if o.classless else o.p_after,
            o.feature_cosine,
            o.label,
        ]
        for o in ordered
    ]
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
        photo = reduce_pixels(read(tmp_path / row["name"]), 100)
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
    with pytest.raises(StudyMismatch, match="Add --"):
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
    with pytest.raises(StudyMismatch, match=r"without classes.*confidence"):
        studies.run(studies.create("confidence"), many, cards, tmp_path / "c", axes=Axes(confidence=representation))


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


# photographs that cannot be used


def test_who_is_left_out_and_why(tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]) -> None:
    """Also across blocks, and across a stop: a copy of a photograph of an earlier run is still a copy."""

    class Torn(Held):
        def read(self) -> Photograph:
            raise BadPhotograph("It is a torn file.", "It must be whole.", "Copy it again.")

    narrow = photograph(Image.fromarray(np.zeros((64, 700, 3), np.uint8)), "narrow")
    sources = [
        *many[:10],
        Torn(many[0].photo, "torn.png"),
        Held(narrow, "narrow.png"),
        *many[10:20],
        Held(many[2].photo, "copy.png"),
    ]
    study = studies.create("protocols", protocols=("black", "crop"), step=6, sides=(10,))
    cancel = Cancel()

    def stop(progress: Progress) -> None:
        if progress.done > 14 * 4:
            cancel.request()

    with pytest.raises(Cancelled):
        studies.run(study, sources, cards, tmp_path, engine=engine, progress=stop, cancel=cancel)
    assert rows.parts(tmp_path) == 1
    told: list[Progress] = []
    done = studies.run(study, sources, cards, tmp_path, engine=engine, progress=told.append)
    reasons = dict(map(tuple, done.skipped or []))
    assert list(reasons) == ["torn.png", "narrow.png", "copy.png"]
    assert "a torn file" in reasons["torn.png"]
    assert "700 x 64 pixels is too small or too narrow for a step of 6" in reasons["narrow.png"]
    assert "'copy.png' has the same pixels as '002.png'" in reasons["copy.png"]
    assert (done.used, done.rows, done.photographs["given"]) == (20, 20 * 4, 23)
    assert (told[-1].done, told[-1].total) == (80, 80)
    assert list(studies.read(tmp_path).photographs["name"][::2]) == [one.name for one in many[:20]]


def test_nothing_usable_is_an_error(tmp_path: Path, engine: Engine, cards: list[NetworkCard]) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    files = [PhotoFile(str(tmp_path), "a.png", None)]
    with pytest.raises(BadPhotograph, match=r"None of 1 photographs is usable \(the first: .*a text file"):
        studies.run(study_of(), files, cards, tmp_path / "out", engine=engine)


def test_a_disk_that_goes_away_leaves_nobody_out(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    gone = PhotoFile(str(tmp_path / "usb"), "a.png", None)
    with pytest.raises(BadFolder, match="disappeared during the study"):
        studies.run(study_of(), [*many[:3], gone], cards, tmp_path / "out", engine=engine)


def test_twins() -> None:
    assert antialiased_key("torchvision/resnet50.imagenet1k_v1") == "antialiased/resnet50.bin5"
    assert antialiased_key("embedded/resnet10.scenes-2") == "embedded/resnet10_bin5.scenes-2"
    assert antialiased_key("embedded/resnet10_bin5.scenes-2") is None
    keys = ["embedded/resnet10.scenes-0", "mine/x", "embedded/resnet10.scenes-1"]
    known = {"embedded/resnet10_bin5.scenes-0", "embedded/resnet10_bin5.scenes-9"}
    assert with_antialiased(keys, known) == (keys[0], "embedded/resnet10_bin5.scenes-0", *keys[1:])
    assert with_antialiased([*keys[:1], *known], known) == (*keys[:1], *known)


def test_the_worst_pair_is_that_of_the_ranking() -> None:
    flip, more = Outcome("a", 0, 1, 2, 0.5, 0.4, 1.0), Outcome("a", 1, 1, 1, 0.9, 0.1, 1.0)
    assert rank(flip) > rank(more)
