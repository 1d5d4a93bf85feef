"""Studies that convert colour profiles, beside those that ignore them as the field's loaders do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from core import studies
from core.datasets import listing
from core.errors import StudyMismatch
from core.images.colour import Colour, in_srgb
from core.images.photographs import Photograph, read
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from core.storage.data_folder import DataFolder
from core.studies.manifest import Manifest
from core.studies.request import Request
from tests.support.basics import TinyCard
from tests.support.profiled import DISPLAY_P3, encoded


@pytest.fixture
def folder(natural: list[Photograph], tmp_path: Path) -> Path:
    """Two photographs in Display P3, two without a profile."""
    (tmp_path / "photos").mkdir()
    for number, photo in enumerate(natural[:4]):
        more = {"icc_profile": DISPLAY_P3} if number < 2 else {}
        photo.image().save(tmp_path / "photos" / f"{number}.png", **more)
    return tmp_path / "photos"


@pytest.fixture
def cards(tiny_card: TinyCard, monkeypatch: pytest.MonkeyPatch) -> list[NetworkCard]:
    made = [tiny_card()]
    monkeypatch.setattr(Request, "cards", lambda *_: made)
    return made


def asked(folder: Path, cards: list[NetworkCard], colour: Colour) -> Request:
    study = studies.create("protocols", pairs=2, protocols=("black",))
    return Request(study=study, photos=str(folder), networks=(cards[0].key,), colour=colour)


def run(request: Request, out: Path, engine: Engine) -> Manifest:
    return request.run(DataFolder(out.parent), out, engine=engine)


def test_profiles_are_ignored_unless_asked(
    folder: Path, cards: list[NetworkCard], tmp_path: Path, engine: Engine
) -> None:
    made = run(asked(folder, cards, "ignore"), tmp_path / "study", engine)
    assert "colour" not in made.photographs
    request = asked(folder, cards, "ignore")
    assert "--colour" not in request.command
    assert "colour" not in request.as_dict()
    assert set(studies.read(tmp_path / "study").pairs["digest"]) == {read(folder / f"{n}.png").digest for n in range(4)}


def test_a_conversion_is_recorded_and_its_photographs_are_read_again_as_measured(
    folder: Path, cards: list[NetworkCard], tmp_path: Path, engine: Engine
) -> None:
    request = asked(folder, cards, "srgb")
    made = run(request, tmp_path / "study", engine)
    assert made.photographs["colour"] == "srgb"
    assert "--colour srgb" in made.command
    assert Request.from_dict(request.as_dict()) == request
    results = studies.read(tmp_path / "study")
    expected = [in_srgb(read(folder / f"{n}.png")) for n in range(4)]
    assert [photo.unconverted != "" for photo in expected] == [True, True, False, False]
    assert set(results.pairs["digest"]) == {photo.digest for photo in expected}
    for photo in expected:
        again = results.photograph(photo.digest)
        assert again is not None
        assert (again.pixels == photo.pixels).all()
    with pytest.raises(StudyMismatch, match="colour"):
        run(asked(folder, cards, "ignore"), tmp_path / "study", engine)


def test_only_photographs_with_another_profile_change(
    folder: Path, cards: list[NetworkCard], tmp_path: Path, engine: Engine
) -> None:
    for colour in ("ignore", "srgb"):
        run(asked(folder, cards, colour), tmp_path / colour, engine)  # type: ignore[arg-type]
    both = [studies.read(tmp_path / colour).pairs.drop(columns="digest") for colour in ("ignore", "srgb")]
    same, other = ([pairs[pairs["name"].isin(names)].reset_index(drop=True) for pairs in both]
                   for names in (["2.png", "3.png"], ["0.png", "1.png"]))  # fmt: skip
    pd.testing.assert_frame_equal(*same)
    assert (other[0]["p_before"] != other[1]["p_before"]).all()


def test_a_heic_photograph_is_one_of_a_folders(folder: Path) -> None:
    (folder / "phone.HEIC").write_bytes(encoded(Image.new("RGB", (64, 64), "red"), "HEIF"))
    [photo] = [source.read() for source in listing(folder) if source.name == "phone.HEIC"]
    assert (photo.width, photo.height) == (64, 64)
