"""Pages of studies: their results as JSON, another study beside them, and what a new study can show."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.statistics.between import between
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import read
from tests.support.framed import app, read_out

PAGES = {"protocols": "protocols", "typicality": "typicality", "antialiasing": "failures"}


def opened(page: str = "protocols") -> AppTest:
    at = app(page)
    at.query_params[page if page != "antialiasing" else "failures"] = f"embedded/{PAGES[page]}"
    at.run()
    assert not at.exception
    return at


def other_study(at: AppTest) -> object:
    return next(box for box in at.selectbox if box.label == "The other study")


@pytest.mark.parametrize(
    ("page", "other"),
    [("protocols", "failures"), *(pytest.param(page, "protocols", marks=pytest.mark.full) for page in list(PAGES)[1:])],
)
def test_another_study_is_compared_in_pairs(fresh: DataFolder, page: str, other: str) -> None:
    at = opened(page)
    box = other_study(at)
    box.set_value(next(option for option in box.options if option.endswith(f"embedded/{other}"))).run()
    assert not at.exception
    wanted = between(read(EMBEDDED.studies / PAGES[page]).pairs, read(EMBEDDED.studies / other).pairs)
    table = next(one.value for one in at.dataframe if "the other" in one.value.columns)
    assert len(table) == len(wanted) > 0
    for shown, (_, row) in zip(table.to_dict("records"), wanted.iterrows(), strict=True):
        assert shown["difference"] == f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
        assert shown["photographs"] == f"{row['photographs']:,}, paired"
    assert any("p is corrected by Holm's method" in text for text in read_out(at.caption))


def test_a_study_by_another_reading_is_named_so(fresh: DataFolder) -> None:
    folder = fresh.studies / "by-script"
    shutil.copytree(EMBEDDED.studies / "protocols", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["config"] |= {"reading": "script", "unit": "network"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    at = opened("antialiasing")
    box = other_study(at)
    (option,) = (option for option in box.options if option.endswith("by-script"))
    assert " · the authors' script · " in option
    assert not [text for text in read_out(at.warning) if "read the paper's protocols differently" in text]
    box.set_value(option).run()
    assert not at.exception
    assert [
        text
        for text in read_out(at.warning)
        if "this one by the paper's text, the other by the authors' script" in text
    ]


@pytest.mark.full
def test_studies_without_a_common_side_are_said_to_have_none(fresh: DataFolder) -> None:
    at = opened()
    box = other_study(at)
    box.set_value(next(option for option in box.options if option.endswith("embedded/embedded_size"))).run()
    assert read_out(at.info)[-1].startswith("The two studies have no network under the same protocol and side")


def test_a_study_is_not_offered_to_itself_nor_one_that_is_not_finished(fresh: DataFolder) -> None:
    shutil.copytree(EMBEDDED.studies / "protocols", fresh.studies / "mine")
    manifest = fresh.studies / "mine" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"finished": "', '"finished": null, "was": "', 1))
    options = other_study(opened("antialiasing")).options
    assert not any(option.endswith(("embedded/failures", " mine")) for option in options)
    assert any(option.endswith("embedded/protocols") for option in options)
    assert not any(option.endswith("embedded/readouts") for option in options)  # of layers, not of whole networks


def test_the_form_says_what_a_study_can_show(fresh: DataFolder) -> None:
    at = opened()
    said = [text for text in read_out(at.caption) if "is found with a probability of 80 %" in text]
    assert said
    assert said[0].startswith("200 photographs, ")


@pytest.mark.parametrize("folder", ["missing", pytest.param("", marks=pytest.mark.full)])
def test_the_form_says_what_is_wrong_before_anything_starts(fresh: DataFolder, tmp_path: Path, folder: str) -> None:
    at = opened()
    box = next(one for one in at.text_input if one.label.startswith("Photographs: a folder on this server"))
    box.set_value(str(tmp_path / folder) if folder else "").run()
    assert not at.exception
    assert len(at.error) == 1
    for button in [button for button in at.button if button.label == "Start"]:
        button.click().run()
        assert len(at.error) == 1
    assert not fresh.studies.exists()
