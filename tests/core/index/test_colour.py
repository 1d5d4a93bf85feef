"""Typicality where the colours of the query or of the index are converted, and of the other are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.datasets import find
from core.datasets.colours import with_colour
from core.errors import IndexMismatch
from core.images.colour import Colour, in_srgb
from core.images.photographs import Photograph, read
from core.index.build import build
from core.index.search import FeatureIndex
from core.index.typicality import Rating, rate
from core.inference.engine import Engine
from tests.support.basics import TinyCard
from tests.support.profiled import DISPLAY_P3


@pytest.fixture
def folder(natural: list[Photograph], tmp_path: Path) -> Path:
    """Twelve photographs, the first in Display P3."""
    (tmp_path / "photos").mkdir()
    for number, photo in enumerate(natural):
        more = {} if number else {"icc_profile": DISPLAY_P3}
        photo.image().save(tmp_path / "photos" / f"{number:02}.png", **more)
    return tmp_path / "photos"


def built(folder: Path, card: TinyCard, engine: Engine, colour: Colour) -> FeatureIndex:
    out = folder.parent / colour
    build(folder, card(), engine, out, colour=colour)
    return FeatureIndex.open(out)


def rated(index: FeatureIndex, card: TinyCard, engine: Engine, photo: Photograph) -> Rating:
    [rating] = rate(engine, engine.load(card()), index, [photo], k=3)
    return rating


@pytest.mark.parametrize("indexed", ["ignore", "srgb"])
@pytest.mark.parametrize("asked", ["ignore", "srgb"])
def test_the_query_leaves_itself_out_and_a_difference_is_said(
    folder: Path, tiny_card: TinyCard, engine: Engine, indexed: Colour, asked: Colour
) -> None:
    index = built(folder, tiny_card, engine, indexed)
    [source] = with_colour(find([folder / "00.png"]), asked)
    near = rated(index, tiny_card, engine, source.read()).typicality
    said = [text for text in near.warnings if "colour" in text]
    assert len(said) == (indexed != asked)
    assert not any(n.path.endswith("00.png") for n in near.neighbours)
    assert [Path(copy.path).name for copy in near.copies] == ["00.png"]
    assert all(index.picture(n) is not None for n in (*near.neighbours, *near.copies))
    plain = rated(index, tiny_card, engine, read(folder / "01.png")).typicality
    assert not any("colour" in text for text in plain.warnings)  # it has no profile


def test_the_index_says_how_it_was_built_and_older_ones_stay_as_they_were(
    folder: Path, tiny_card: TinyCard, engine: Engine
) -> None:
    usual, converted = (built(folder, tiny_card, engine, colour) for colour in ("ignore", "srgb"))
    assert (usual.manifest.colour, converted.manifest.colour) == ("ignore", "srgb")
    assert b"colour" not in (usual.path / "manifest.json").read_bytes() + (usual.path / "plan.json").read_bytes()
    photo = in_srgb(read(folder / "00.png"))
    assert converted.rows[0].digest == photo.digest
    with pytest.raises(IndexMismatch, match="colours"):
        build(folder, tiny_card(), engine, usual.path, colour="srgb")
