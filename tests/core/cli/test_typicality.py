"""``typicality`` of photographs whose class the index has, has not, or cannot have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.typicality import _predicted
from core.storage.data_folder import EMBEDDED
from tests.support.commanded import DRAWN, Run, parsed, warnings

pytestmark = pytest.mark.usefixtures("one_thread")
SCENES = EMBEDDED.indexes / "scenes"


def test_a_photograph_whose_class_is_indexed_has_a_percentile(run: Run) -> None:
    result = parsed(run("typicality", "scenes:2000000", "--index", SCENES, "--json"))
    assert (result["other_classes"], result["warnings"]) == (False, [])
    assert 0 <= result["percentile"] <= 100
    status, out, err = run("typicality", "scenes:2000000", "--index", SCENES)
    assert (status, warnings(err)) == (0, [])
    line, second = out.splitlines()[:2]
    assert f"(more typical than {result['percentile']:.0f} % of {result['references']} reference photographs)" in line
    number = result["indexed_of_predicted"]
    assert second == f"predicted {result['predicted']}: {number} other indexed photographs of that class"


@pytest.mark.parametrize("photo", ["scenes:7,label=owl", "scenes:8,label=fish"])
def test_a_photograph_of_a_class_that_is_not_indexed_has_none(run: Run, tmp_path: Path, photo: str) -> None:
    """An index of cats says nothing about an owl."""
    index = tmp_path / "index"
    of = ["--photos", "scenes:0-11,label=cat", "--reference", "scenes:100-104,label=cat"]
    assert run("index", "build", *of, "--network", DRAWN, "--out", index)[0] == 0
    status, out, err = run("typicality", photo, "--index", index, "--json")
    result, label = json.loads(out), photo.split("=")[1]
    assert (status, result["percentile"], result["other_classes"]) == (0, None, True)
    assert result["warnings"]
    assert warnings(err) == [f"warning: {text}" for text in result["warnings"]]
    if result["predicted"] != label:
        assert any(f"other photographs of {result['predicted']}" in text for text in result["warnings"])
    line = run("typicality", photo, "--index", index)[1].splitlines()[0]
    assert line.startswith(f"typicality {result['typicality']:.4f} (of other classes only, no percentile); ")


def test_the_line_of_the_predicted_class() -> None:
    """A network may have no classes, and an index no labels."""
    assert list(_predicted({"predicted": None, "indexed_of_predicted": None})) == []
    [line] = _predicted({"predicted": "owl", "indexed_of_predicted": None})
    assert line == "predicted owl: an unknown number of other indexed photographs of that class"
