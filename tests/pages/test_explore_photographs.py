"""Photographs on Explore: uploads, folders, examples and scenes."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets.examples import examples
from core.datasets.scenes import USUAL, render
from core.images.photographs import read
from core.storage.data_folder import DataFolder
from pages.parts.sidebar.networks import OPENING
from tests.support.finished import finish
from tests.support.framed import app, read_out
from tests.support.profiled import encoded


def test_what_a_scenes_network_says_of_a_real_photograph_is_labelled(fresh: DataFolder) -> None:
    at = app().run()
    finish(at)
    at.selectbox(key="source").set_value("Example").run()
    found = finish(at)
    assert len(found.strange) == len(OPENING)
    *above, colours = read_out(at.warning)
    assert above == [f"{text}." for text in found.strange]
    assert "colours were converted to sRGB, and those of the index were not" in colours  # the rocket has Adobe RGB
    at.toggle(key="colour").set_value(False).run()
    assert finish(at).photograph.unconverted == ""
    assert read_out(at.warning) == above
    assert all("trained on drawn scenes" in text for text in above)
    at.selectbox(key="source").set_value("Scene").run()
    assert not finish(at).strange
    assert not at.warning


def test_the_photographers_dials_move_the_same_scene(fresh: DataFolder) -> None:
    at = app().run()
    at.slider(key="spread").set_value(1.0).run()
    at.slider(key="subject").set_value(0.4).run()
    photographer = replace(USUAL, spread=1.0, size_mean=0.4)
    assert finish(at).photograph.digest == render(7, photographer, label="cat").digest


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.jpg", b"not a picture at all", "a text file"),
        ("empty.png", b"", "empty file"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
    ],
)
def test_a_bad_upload_is_one_sentence_and_the_page_stays_alive(
    equipped: DataFolder, name: str, content: bytes, said: str
) -> None:
    at = app().run()
    at.file_uploader(key="upload").set_value((name, content, "image/jpeg")).run()
    assert not at.exception
    assert any(said in error and name in error for error in read_out(at.error))
    buffer = io.BytesIO()
    Image.fromarray(np.full((90, 120, 3), 90, np.uint8)).save(buffer, "PNG")
    at.file_uploader(key="upload").set_value(("good.png", buffer.getvalue(), "image/png")).run()
    assert not at.error
    assert finish(at).photograph.name == "good.png"


def test_a_missing_folder_is_said_and_a_tar_is_one(equipped: DataFolder, tmp_path: Path) -> None:
    at = app().run()
    at.selectbox(key="source").set_value("Folder").run()
    at.text_input(key="folder").set_value(str(tmp_path / "nowhere")).run()
    assert any("nowhere" in error for error in read_out(at.error))
    at.text_input(key="folder").set_value(str(tmp_path / "pictures" / "val")).run()
    assert not at.error
    assert finish(at).photograph.label == "bowl"
    with tarfile.open(tmp_path / "val.tar", "w") as tar:
        tar.add(tmp_path / "pictures" / "val", ".")
    at.text_input(key="folder").set_value(str(tmp_path / "val.tar")).run()
    assert (list(at.exception), list(at.error)) == ([], [])
    assert finish(at).photograph.label == "bowl"


def test_every_example_decodes(fresh: DataFolder) -> None:
    for example in examples().values():
        assert min(read(example.path).pixels.shape[1:]) >= 200


def test_a_scene_is_measured_and_its_unknown_class_is_said(equipped: DataFolder) -> None:
    at = app().run()
    at.selectbox(key="source").set_value("Scene").run()
    at.selectbox(key="scene").set_value("owl").run()
    found = finish(at)
    assert found.photograph.label == "owl"
    assert any("does not know the class “owl”" in info for info in read_out(at.info))


def test_recent_uploads_are_taken_again_and_put_away(equipped: DataFolder) -> None:
    at = app().run()
    for name, grey in (("one.png", 60), ("two.heic", 90)):
        content = encoded(Image.new("RGB", (120, 90), (grey, 2 * grey, 20)), "PNG" if name.endswith("png") else "HEIF")
        at.file_uploader(key="upload").set_value((name, content, "image/png")).run()
        assert finish(at).photograph.name == name
    [first] = [button for button in at.button if button.label.replace("\\", "") == "one.png"]
    first.click().run()
    assert finish(at).photograph.name == "one.png"
    assert at.file_uploader(key="upload 1").value is None
    at.button(key="to_examples").click().run()
    assert finish(at).photograph.name not in ("one.png", "two.heic")
    [second] = [button for button in at.button if button.label.replace("\\", "") == "two.heic"]
    second.click().run()
    assert finish(at).photograph.name == "two.heic"
    at.button(key="take Coffee").click().run()
    assert finish(at).photograph.name == "coffee.png"
