"""The page Photographer's bias without a browser: its sentences are those of core."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import studies
from core.datasets.annotations import files_at, read, scene_boxes
from core.datasets.scenes.source import scenes
from core.experiments.figure_05_photographers_bias import bias
from core.experiments.figure_05_photographers_bias.bias import Places
from core.experiments.figure_05_photographers_bias.sentence import sentence as bias_sentence
from core.experiments.figure_07_08_typicality.sentence import sentence as distance_sentence
from core.statistics.tables import per_photograph
from core.storage.data_folder import EMBEDDED, DataFolder
from tests.support.framed import app, read_out, settled, texts

SCENES = "scenes:0-59"
pytestmark = pytest.mark.usefixtures("one_thread")


def opened(boxes: str = SCENES) -> AppTest:
    at = app("photographers_bias")
    at.query_params["boxes"] = boxes
    return at.run()


def of(text: str) -> Places:
    return bias.measure_places(scene_boxes(scenes(text)))


def test_scenes_are_tested_and_joined_with_the_study_that_ships(fresh: DataFolder) -> None:
    at = settled(opened(), "with distance")
    found = of(SCENES)
    said = read_out(at.markdown)
    assert bias_sentence(found, bias.by_class(found)) in said
    assert at.dataframe[0].value["class"].tolist() == bias.by_class(found)["class"].tolist()
    results = studies.read(EMBEDDED.studies / "protocols")
    theirs = of("scenes:2000000-2000399")
    crops = results.pairs[results.pairs["protocol"] == "crop"]
    joined = bias.add_distance(per_photograph(crops), theirs, found)
    assert joined["distance"].notna().all()
    assert distance_sentence(joined, "distance", "from the mean centre of 60 boxes (drawn scenes)") in said
    assert len(at.get("plotly_chart")) == 6
    at.selectbox(key="bias_class").set_value("owl").run()
    settled(at, "Fewer than 25 photographs of owl, too few for a test.")


def test_annotations_of_this_server(fresh: DataFolder, tmp_path: Path) -> None:
    rows = "".join(f"photo{k},cat,{10 + k % 5},5,{40 + k % 5},35\n" for k in range(40))
    (tmp_path / "boxes.csv").write_text("image,label,xmin,ymin,xmax,ymax\n" + rows)
    (tmp_path / "sizes.csv").write_text("image,width,height\n" + "".join(f"photo{k},99,60\n" for k in range(35)))
    at = settled(
        opened(f"{tmp_path}/boxes.csv; {tmp_path}/sizes.csv"),
        "None of these boxes is of a photograph of this study.",
    )
    found = bias.measure_places(read(files_at([tmp_path])))
    assert bias_sentence(found, bias.by_class(found)) in read_out(at.markdown)
    assert "35 photographs of known size, 1 classes; 5 photographs without a known size are left out" in texts(at)
    assert at.dataframe[0].value["u"].tolist() == [bias.BIASED]
    at.selectbox(key="bias_class").set_value("cat").run()
    assert all(str(test) in texts(at) for test in bias.over_all(found.of("cat")))


def test_files_that_are_dropped_in(fresh: DataFolder) -> None:
    rows = "".join(f"photo{k},cat,{k},5,{k + 40},35\n" for k in range(30))
    boxes = ("boxes.csv", b"image,label,xmin,ymin,xmax,ymax\n" + rows.encode(), "text/csv")
    sizes = ("sizes.csv", b"image,width,height\n" + b"".join(b"photo%d,70,60\n" % k for k in range(28)), "text/csv")
    at = settled(opened(), "not uniform")
    at.file_uploader(key="box_files").set_value([boxes, sizes]).run()
    settled(at, "CSV: 28 photographs of known size, 1 classes; 2 photographs without a known size are left out")
    at.file_uploader(key="box_files").set_value([("boxes.json", b"{", "application/json")]).run()
    settled(at, "boxes.json")


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        ("/nowhere/boxes.csv", "/nowhere/boxes.csv does not exist"),
        ("/" + 300 * "x", "a file or folder of annotations"),
        ("scenes:9-3", "a last number, 3, below the first"),
        ("scenes:0-99999", "These are 100,000 scenes. The page takes at most 5,000"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(fresh: DataFolder, boxes: str, said: str) -> None:
    settled(opened(boxes), said)
