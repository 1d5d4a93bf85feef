"""Studies by the authors' script: their rows, manifests and frames, beside those by the paper's text."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import studies
from core.datasets import PhotoFile
from core.errors import BadProtocol, StudyMismatch
from core.experiments.figure_02_protocols.accuracy_figure import against_accuracy
from core.experiments.figure_02_protocols.figure import protocol_bars
from core.experiments.figure_06_embedded_size.figure import embedded_size
from core.experiments.figure_07_08_typicality.figure import against_typicality
from core.experiments.figure_09_13_antialiasing.figure import antialiasing
from core.experiments.study_results import StudyResults, between_record
from core.experiments.wording import setting
from core.images.photographs import Photograph
from core.images.protocols import names
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from core.statistics.comparisons import GREYS as GREY_FRAMES
from core.statistics.comparisons import SAME, comparisons
from core.statistics.tables import about, measured, per_photograph, table_1, tidy
from core.storage.data_folder import EMBEDDED
from core.studies import rows
from core.studies.manifest import Manifest
from core.studies.request import Request
from core.studies.summary import summary
from tests.support.basics import TinyCard

PLACES = ["digest", "network", "protocol", "side", "source_side", "pair", "x", "y"]
GREYS = {"test/tiny-9": "#668099", "test/dark": "#1a330d"}  # 255 x the means below


@pytest.fixture
def cards(tiny_card: TinyCard) -> list[NetworkCard]:
    """Two networks that differ in their mean alone."""
    one = tiny_card()
    dark = dataclasses.replace(one.preprocessing, mean=(0.1, 0.2, 0.05))
    return [one, dataclasses.replace(one, key="test/dark", preprocessing=dark)]


@pytest.fixture
def files(natural: list[Photograph], tmp_path: Path) -> list[PhotoFile]:
    (tmp_path / "photos").mkdir()
    for number, photo in enumerate(natural[:4]):
        photo.image().save(tmp_path / "photos" / f"{number}.png")
    return [PhotoFile(str(tmp_path / "photos"), f"{number}.png", None) for number in range(4)]


def run(folder: Path, files: list[PhotoFile], cards: list[NetworkCard], engine: Engine, **settings: Any) -> Manifest:
    return studies.run(studies.create("protocols", pairs=2, **settings), files, cards, folder, engine=engine)


@pytest.fixture
def both(tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard]) -> list[studies.Results]:
    """One study by the text, and one by the script."""
    for reading in ("text", "script"):
        run(tmp_path / reading, files, cards, engine, reading=reading)
    return [studies.read(tmp_path / reading) for reading in ("text", "script")]


def test_the_rows_of_both_readings_have_the_same_placements(both: list[studies.Results]) -> None:
    text, script = (each.pairs for each in both)
    pd.testing.assert_frame_equal(text[PLACES], script[PLACES])
    assert list(text) == list(rows.PAIRS)
    assert list(script) == [*rows.PAIRS, "surround"]
    assert set(script["unit"]) == {"network"}
    filled = script["protocol"].isin(["black", "scale"])
    assert script["surround"].notna().equals(filled)
    assert script[filled]["surround"].astype(str).tolist() == script[filled]["network"].map(GREYS).tolist()
    unlike = text["p_after"] != script["p_after"]
    assert unlike[filled].mean() > 0.9
    assert not unlike[text["protocol"] == "inpaint"].any()


def test_each_network_sees_its_own_grey_again(both: list[studies.Results], engine: Engine, cards: list[Any]) -> None:
    """Networks share frames only where these are equal, and a row gives the frames that its network saw."""
    networks = {card.key: engine.load(card) for card in cards}
    for _, row in both[1].pairs.iterrows():
        pair = both[1].pair(row)
        assert pair is not None
        [predicted] = engine.predict(networks[row["network"]], [pair.before])
        assert float(predicted.probabilities[0][row["class_before"]]) == row["p_before"]
        if row["protocol"] in ("black", "scale"):
            assert pair.placement.surround == GREYS[row["network"]]


def test_the_summary_and_the_manifest_name_the_reading(both: list[studies.Results]) -> None:
    for name, results in zip(("text", "script"), both, strict=True):
        assert results.manifest.reading == name
        assert {record["reading"] for record in summary(results)} == {name}
    assert "reading" not in both[0].manifest.config
    assert both[1].manifest.config["reading"] == "script"
    shown = [(r["protocol"], r["surround"]) for r in summary(both[1]) if r["network"] == "test/dark"]
    assert shown == [("crop", None), ("black", "#1a330d"), ("inpaint", None), ("scale", "#1a330d")]
    assert [r["surround"] for r in summary(both[0])][:4] == [None, "black", None, "black"]
    assert set(tidy(measured(both[1].pairs))["surround"].dropna()) == set(GREYS.values())
    assert "surround" not in tidy(measured(both[0].pairs))


def test_compared_networks_have_the_same_frames_only_where_their_greys_are_equal(both: list[studies.Results]) -> None:
    text, script = (
        comparisons(each.pairs).drop_duplicates("protocol").set_index("protocol")["frames"] for each in both
    )
    assert set(text) == {SAME}
    assert dict(script) == {"crop": SAME, "black": GREY_FRAMES, "inpaint": SAME, "scale": GREY_FRAMES}


def test_a_comparison_of_both_readings_says_so(both: list[studies.Results]) -> None:
    record = between_record(both[1], both[0])
    assert record["warning"] == (
        "The studies read the paper's protocols differently: this one by the authors' script, the other by the paper's "
        "text. A difference between them may come from that alone."
    )
    assert record["against"]["reading"] == "text"
    assert {row["paired"] for row in record["between"]} == {True}
    assert StudyResults.of(both[1]).as_dict()["reading"] == "script"


def test_figures_and_sentences_name_the_reading(both: list[studies.Results]) -> None:
    for results, name, nouns in (
        (both[0], "the paper's text", ["crops", "placements on black"]),
        (both[1], "the authors' script", ["crops moved in network pixels", "placements on mean grey"]),
    ):
        found = [one for one in measured(results.pairs) if one.network == "test/dark"]
        assert f"; protocols by {name};" in about(found)
        assert [setting(one).split(" at ")[0] for one in found[:2]] == nouns
        figures = [
            protocol_bars(found, names(), "p_top1_change"),
            embedded_size(found),
            against_accuracy(found, {}),
            against_typicality(
                per_photograph(results.pairs[results.pairs["protocol"] == "black"].assign(typicality=0.5)), "i"
            ),
        ]
        for figure in figures:
            assert f"by {name}" in " ".join(note.text for note in figure.layout.annotations).replace("<br>", " ")
    couples = {"test/tiny-9": "test/dark"}
    caption = antialiasing(measured(both[1].pairs), couples).layout.annotations[-1].text
    assert "by the authors' script" in caption.replace("<br>", " ")
    (row,) = {row for row in table_1(measured(both[1].pairs)).index.get_level_values(1) if row.startswith("black")}
    assert "grey surround" in row  # of both networks, whose greys differ


def test_tables_of_both_readings_are_not_pooled(both: list[studies.Results]) -> None:
    """Only inpaint is the same in both."""
    groups = measured(pd.concat([each.pairs for each in both], ignore_index=True))
    assert len(groups) == 2 * (2 + 2 + 1 + 2)


def test_a_folder_of_one_reading_is_not_continued_by_the_other(
    tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard], both: list[studies.Results]
) -> None:
    with pytest.raises(StudyMismatch, match="config"):
        run(tmp_path / "text", files, cards, engine, reading="script")
    before = (tmp_path / "script" / rows.RESULTS).read_bytes()
    assert run(tmp_path / "script", files, cards, engine, reading="script") == both[1].manifest
    assert (tmp_path / "script" / rows.RESULTS).read_bytes() == before


def test_an_unfinished_study_by_the_script_is_read(both: list[studies.Results], tmp_path: Path) -> None:
    results = both[1]
    (tmp_path / "script" / rows.PARTS).mkdir(exist_ok=True)
    pairs, centres = (rows.decoded(tmp_path / "script" / name) for name in (rows.RESULTS, rows.PHOTOGRAPHS))
    rows.write_part(tmp_path / "script", 0, pairs, centres, b"")
    dataclasses.replace(results.manifest, finished=None).write(tmp_path / "script")
    pd.testing.assert_frame_equal(studies.read(tmp_path / "script").pairs, results.pairs)


@pytest.mark.parametrize("protocols", [("crop", "black"), ("black",), ("crop",)])
def test_a_request_keeps_its_reading(protocols: tuple[str, ...]) -> None:
    study = studies.create("protocols", protocols=protocols, reading="script")
    request = Request(study=study, photos="scenes:0-9", networks=("a",))
    assert Request.from_dict(json.loads(json.dumps(request.as_dict()))) == request
    assert "--reading script" in request.command
    assert "--unit" not in request.command
    assert studies.create("protocols", protocols=protocols, reading="text") == studies.create(
        "protocols", protocols=protocols
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"reading": "script", "unit": "source"}, "contradict"),
        ({"reading": "text", "unit": "network"}, "contradict"),
        ({"reading": "script", "protocols": ("inpaint",)}, "reading with inpaint"),
        ({"reading": "both"}, "no reading 'both'"),
    ],
)
def test_a_reading_that_cannot_be_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadProtocol, match=said):
        studies.create("protocols", **settings)


def test_a_manifest_without_a_reading_is_of_the_text() -> None:
    shipped = studies.read(EMBEDDED.studies / "protocols").manifest
    assert "reading" not in shipped.config
    assert shipped.reading == "text"


def test_crops_in_network_pixels_alone_are_neither_reading(
    tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard]
) -> None:
    assert run(tmp_path / "mixed", files, cards, engine, unit="network").reading == "mixed"
    assert run(tmp_path / "crop", files, cards, engine, unit="network", protocols=("crop",)).reading == "script"


def test_the_null_pair_is_null_by_the_script(
    tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard]
) -> None:
    run(tmp_path / "null", files, cards, engine, reading="script", step=0)
    pairs = studies.read(tmp_path / "null").pairs
    assert not pairs["changed"].any()
    assert np.array_equal(pairs["p_before"], pairs["p_after"])
    assert (pairs["feature_cosine"] == 1).all()


def test_the_study_of_sizes_has_the_surround_too(
    tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard]
) -> None:
    studies.run(studies.create("augmentation", reading="script"), files, cards[1:], tmp_path / "out", engine=engine)
    found = studies.read(tmp_path / "out")
    for protocol, own in found.pairs.groupby("protocol", observed=True):
        assert set(own["surround"].dropna()) == ({GREYS["test/dark"]} if protocol == "black" else set())
