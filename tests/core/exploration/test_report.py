"""Tables, the record and the report of an exploration."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from core.exploration import Exploration, Settings, curves, report
from core.exploration.summary import sentence
from core.images import protocols
from core.images.paths import shift_path, size_path
from core.images.photographs import read
from core.index.search import FeatureIndex
from core.index.typicality import typicality
from core.inference.engine import Engine, Predictions
from core.inference.pairs import outcomes
from core.networks.card import SCENES, Labels
from core.statistics.sensitivity import Outcome, sensitivity
from tests.support.basics import CLASSES, TinyCard
from tests.support.reported import NAME, PAIRS, HandMade, flips

pytestmark = pytest.mark.usefixtures("one_thread")


EVIL = Labels(("</script><script>alert(1)</script>", "<i>cat</i>", *CLASSES[2:]))


@pytest.fixture
def shown_file(found: Exploration) -> Path:
    """Where a person has the photograph."""
    assert found.index is not None
    return found.index.path.parent / "shown.png"


def test_pairs_csv_holds_every_outcome(found: Exploration) -> None:
    table = pd.read_csv(io.StringIO(report.pairs_csv(found)), keep_default_na=False)
    assert len(table) == 2 * 4 * PAIRS
    for (key, name), rows in found.pairs.items():
        mine = table[(table.network == key) & (table.protocol == name)]
        assert mine.pair.tolist() == list(range(PAIRS))
        for (_, row), outcome in zip(mine.iterrows(), rows, strict=True):
            assert (row.p_before, row.p_after) == (outcome.p_before, outcome.p_after)
            assert row.feature_cosine == outcome.feature_cosine
            assert (row.class_before, row.class_after) == tuple(
                CLASSES[k] for k in (outcome.class_before, outcome.class_after)
            )
            assert (bool(row.changed), row.flip) == (outcome.changed, "")
            assert row.photograph == found.photograph.digest
        measured = found.measured(key, name)
        assert measured is not None
        assert mine.changed.sum() == measured.changed
        assert set(mine.unit) == ({"source"} if name == "crop" else {"network"})
        assert set(zip(mine.seed, mine.step, mine.direction, strict=True)) == {(3, 2, "diagonal")}
    assert table.changed.sum() > 0


def test_pairs_csv_names_the_kind_of_flip_where_the_label_is_known(hand_made: HandMade) -> None:
    rows = [Outcome("aa", k, before, after, 0.5, 0.4, 1.0, 1) for k, (before, after) in enumerate([(1, 2), (0, 1)])]
    table = pd.read_csv(io.StringIO(report.pairs_csv(hand_made(rows={"black": rows}))))
    assert table.flip.tolist() == ["right→wrong", "wrong→right"]


def test_curves_csv_holds_every_frame(found: Exploration) -> None:
    table = pd.read_csv(io.StringIO(curves.curves_csv(found)))
    assert len(table) == 2 * 2 * 11
    for (key, kind), trace in found.traces.items():
        mine = table[(table.network == key) & (table.path == kind)]
        p = trace.probabilities
        assert mine.pixels.tolist() == list(trace.path.values)
        assert mine.p.tolist() == p[:, found.followed[key]].tolist()
        assert mine.p_top1.tolist() == p.max(1).values.tolist()
        assert mine.top1.tolist() == [CLASSES[k] for k in p.argmax(1)]
        assert set(mine["class"]) == {CLASSES[found.followed[key]]}
        assert set(mine.unit) == {"network"}


def test_the_record_is_enough_to_make_every_number_again(
    found: Exploration, shown_file: Path, tiny_card: TinyCard
) -> None:
    record = json.loads(report.record_json(found))
    cards = {card.key: card for card in (tiny_card(9), tiny_card(5))}
    engine, shown = Engine("cpu"), read(shown_file)
    assert shown.digest == record["photograph"]["digest"]
    assert [network["weights_digest"] for network in record["networks"]] == [c.weights_digest for c in cards.values()]
    assert len(record["sensitivity"]) == 8
    for one in record["sensitivity"]:
        names = ("step", "direction", "unit" if one["protocol"] == "crop" else "side")
        protocol = protocols.create(one["protocol"], **{name: one[name] for name in names})
        network = engine.load(cards[one["network"]])
        parts = outcomes(
            engine,
            network,
            [shown],
            protocol,
            pairs=one["pairs_per_photograph"],
            seed=one["seed"],
            reduce_to=one["reduced_to"],
        )
        again = sensitivity(outcome for part in parts for outcome in part).as_dict()
        assert {name: one[name] for name in again} == again
    settings = Settings(**record["settings"])
    assert len(record["curves"]) == 4
    for one in record["curves"]:
        make = shift_path if one["path"] == "shift" else size_path
        path = make(shown, 32, view=settings.path_view(), direction=settings.direction)
        p = Predictions.join(engine.predict(engine.load(cards[one["network"]]), path.frames)).probabilities
        assert (tuple(one["pixels"]), one["description"]) == (path.values, path.description)
        assert one["p_of_first_top1"] == p[:, p[0].argmax()].tolist()
        assert one["top1"] == p.argmax(1).tolist()
    place = record["typicality"]
    index, card = FeatureIndex.open(Path(place["index"]["path"])), cards[place["index"]["network"]]
    [seen] = engine.predict(engine.load(card), [card.preprocessing.centre(shown)])
    again_typical = typicality(index, seen.features[0].numpy(), shown.digest, k=place["k"])
    assert (place["typicality"], place["percentile"]) == (again_typical.value, None)
    assert any(text.startswith("Typicality is of other classes only") for text in place["warnings"])
    assert [n["path"] for n in place["neighbours"]] == [n.path for n in again_typical.neighbours]
    assert place["index"]["plan"] == index.manifest.plan
    assert record["software"].keys() >= {"python", "torch", "torchvision", "pillow", "numpy"}
    assert (record["complete"], record["problems"], record["precision"]) == (True, {}, "float32")
    assert record["finding"] == sentence(found)


def test_a_photograph_that_was_not_reduced_says_so(hand_made: HandMade) -> None:
    record = report.record(hand_made(rows={"crop": flips(1, 4)}))
    assert [one["reduced_to"] for one in record["sensitivity"]] == [None]
    assert record["photograph"]["notes"] == []


def test_a_photograph_that_was_reduced_says_so(found: Exploration) -> None:
    record, size = report.record(found), f"{found.photograph.width} x {found.photograph.height}"
    assert {one["reduced_to"] for one in record["sensitivity"]} == {100}
    note = f"reduced from {size} to a short side of 100 px"
    assert record["photograph"]["notes"] == [*found.photograph.notes, note]


@pytest.mark.parametrize(
    "name", [NAME, "../../etc/passwd", "", ".jpg", "Käse & Brot (1).JPEG", "a" * 300 + ".png", "x\ny\0z.png"]
)
def test_stem_is_a_safe_file_name(hand_made: HandMade, name: str) -> None:
    made = hand_made()
    made.photograph = replace(made.photograph, name=name)
    stem = report.stem(made)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}", stem.removesuffix(f"-{made.photograph.digest[:8]}"))
    assert stem.endswith(f"-{made.photograph.digest[:8]}")


class Seen(HTMLParser):
    """Tags, their addresses, and the text outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "data", "srcset")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.tags[-1:] != ["style"]:
            self.words.append(data)


def test_the_page_is_one_file_and_names_are_text(found: Exploration) -> None:
    page = report.html(found)
    seen = Seen(page)
    assert page.startswith("<!doctype html>")
    assert seen.addresses  # the photograph
    assert all(address.startswith("data:image/png;base64,") for address in seen.addresses)
    assert not {"link", "iframe", "object", "base", "b"} & set(seen.tags)
    assert "@import" not in report.STYLE
    assert "url(" not in report.STYLE
    bundles = [script for script in seen.scripts if len(script) > 500_000]
    assert len(bundles) == 1  # plotly.js, once
    assert sum("Plotly.newPlot" in script for script in seen.scripts if len(script) < 500_000) == 4
    text = "".join(seen.words)
    assert seen.words[0] == f"{NAME}: Photographer's Bias"
    assert text.count(NAME) >= 3  # title, heading, record
    assert sentence(found) in text
    measured = found.measured("test/tiny-5", "black")
    assert measured is not None
    assert f"{measured.mean_absolute_change:.4f}" in text
    assert "reduced from " in text
    assert found.rating is not None
    assert f"{found.rating.typicality.neighbours[0].cosine:.4f}" in text
    assert found.rating.typicality.percentile is None
    assert "Typicality is of other classes only: the index has " in text
    assert "Typicality" not in seen.words  # the heading of its figure among the references, which claims a percentile


def test_the_photograph_in_the_page_is_the_photograph_as_decoded(found: Exploration) -> None:
    [address] = Seen(report.html(found)).addresses
    image = Image.open(io.BytesIO(base64.b64decode(address.split(",", 1)[1])))
    assert image.tobytes() == found.photograph.image().tobytes()


def test_class_names_cannot_leave_their_place(hand_made: HandMade) -> None:
    rows = {"black": flips(2, 4)}
    usual, evil = (
        Seen(report.html(hand_made(rows=rows, shift=[0, 1, 0], labels=labels))) for labels in (Labels(CLASSES), EVIL)
    )
    assert evil.tags == usual.tags
    assert "".join(evil.words).count(EVIL.names[0]) == 2  # as text: in the sentence, which the record repeats


def test_what_a_network_of_drawn_scenes_says_of_a_real_photograph_is_labelled(hand_made: HandMade) -> None:
    """Above every number of the page, and in the record; once for each such network, that of the index too."""
    made = hand_made(rows={"black": flips(4, 16)}, more=[{"black": flips(8, 16)}], labels=EVIL)
    drawn, real = replace(made.cards[0], trained_on=SCENES), replace(made.cards[1], trained_on="ImageNet")
    made.cards, made.index_card = (drawn, real), drawn
    [text] = made.strange
    assert text == drawn.warning_for(drawn=False)
    assert text.startswith("net-0 was trained on drawn scenes")
    page, record = Seen(report.html(made)), json.loads(report.record_json(made))
    words = "".join(page.words)
    assert sentence(made)
    assert words.index(f"{text}.") < words.index(sentence(made)) < words.index("0.250")
    assert page.tags.count("b") == 1
    assert record["warnings"] == [text]
    assert [network["trained_on"] for network in record["networks"]] == [SCENES, "ImageNet"]
    assert [one["network"] for one in record["sensitivity"]] == [drawn.key, real.key]
    made.index_card = replace(drawn, key="test/index-net")  # a third network, that gives typicality alone
    assert [warning.split(" was ")[0] for warning in report.record(made)["warnings"]] == ["net-0", "index-net"]
    made.photograph = replace(made.photograph, drawn=True)
    assert made.strange == ()
    assert report.record(made)["warnings"] == []
    assert "trained on drawn scenes" not in "".join(Seen(report.html(made)).words)


def test_a_page_of_nothing(hand_made: HandMade) -> None:
    made = hand_made()
    assert report.pairs_csv(made) == curves.curves_csv(made) == ""
    assert report.record(made)["sensitivity"] == report.record(made)["curves"] == []
    seen = Seen(report.html(made))
    assert not seen.scripts
    assert not report.bars(made)


def test_curves_follow_the_watched_class_and_the_network_keeps_its_place(found: Exploration) -> None:
    own = curves.curve(found, "shift")
    assert [c.slot for c in own] == [0, 1]
    assert [c.title for c in own] == ["tiny-9", "tiny-5"]
    assert [c.watched for c in own] == [CLASSES[found.followed[card.key]] for card in found.cards]
    assert [c.stride for c in own] == [4, 4]
    assert [c.stride for c in curves.curve(found, "size")] == [None, None]  # exact invariance is of shifts
    for name in CLASSES:
        for drawn, card in zip(curves.curve(found, "shift", name), found.cards, strict=True):
            p = found.traces[card.key, "shift"].probabilities
            assert drawn.watched == name
            assert list(drawn.p) == p[:, CLASSES.index(name)].tolist()
    assert curves.curve(found, "shift", "unheard of") == own
