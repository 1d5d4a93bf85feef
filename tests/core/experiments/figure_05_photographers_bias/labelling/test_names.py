"""Names of points, of sets of labels and of labellers."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from core.errors import BadLabels
from core.experiments.figure_05_photographers_bias.labelling import Store, file_name, points
from tests.support.labelled import EYES, event


def test_points_have_names() -> None:
    assert points("left eye, right eye") == EYES
    assert points(" nose ") == ("nose",)
    assert points("œil gauche,左目, ear (tip)") == ("œil gauche", "左目", "ear (tip)")


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "A point has no name"),
        ("left,,right", "A point has no name"),
        ("eye, eye", "'eye' occurs twice"),
        ("<b>", "cannot be named '<b>'"),
        (41 * "x", "x" * 41),
        (",".join(map(str, range(13))), "13 points"),
    ],
)
def test_points_that_cannot_be_clicked_are_refused(text: str, got: str) -> None:
    with pytest.raises(BadLabels, match=got):
        points(text)


def test_people_are_files() -> None:
    assert file_name(" Anna B. Smith-Jones ", "a labeller") == "anna b. smith-jones"
    composed, apart = (file_name(unicodedata.normalize(form, "Zoë"), "a labeller") for form in ("NFC", "NFD"))
    assert composed == apart


@pytest.mark.parametrize(
    "text",
    ["", "  ", "..", ".", "../x", "a/b", "a\\b", "/etc", ".hidden", "a\0b", "a\nb", "x.", "x ." + " y/", 41 * "x"],
)
def test_no_name_leads_out_of_its_folder(text: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "set")
    for use in (lambda: Store.named(tmp_path, text), lambda: store.path(text), lambda: store.append(text, [event()])):
        with pytest.raises(BadLabels, match="Choose another name"):
            use()
    assert not list(tmp_path.iterdir())
