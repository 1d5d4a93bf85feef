"""Large photographs on the pages: the numbers of ``measure``, what is said about them, and a study's warning."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.datasets.scenes import render
from core.exploration import measurements
from core.images.photographs import decode
from core.images.protocols import create, names
from core.inference.engine import Engine
from core.networks import registry
from core.storage.data_folder import DataFolder
from core.studies.manifest import MANIFEST
from tests.support import cheap
from tests.support.finished import finish
from tests.support.framed import app, texts

NOTE = "reduced from 1536 x 1536: ImageNet's photographs are about 375 high"


@pytest.fixture
def large() -> bytes:
    """A scene that is enlarged eight times, as PNG."""
    image, buffer = render(7, label="cat").image(), io.BytesIO()
    image.resize((8 * image.width, 8 * image.height), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def uploaded(page: str, content: bytes) -> AppTest:
    at = app(page).run()
    return at.file_uploader(key="upload").set_value(("large.png", content, "image/png")).run()


def test_explore_gives_the_numbers_of_measure(
    equipped: DataFolder, large: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements, "Engine", lambda: Engine("cpu"))
    (tmp_path / "large.png").write_bytes(large)
    card, made = registry.get(cheap.KEY, equipped), [create(name) for name in names()]
    at, crops = uploaded("", large), []
    for reduce_to in (375, None):
        at.toggle(key="reduce").set_value(reduce_to is not None).run()
        found = finish(at)
        assert found.photograph.digest == decode(large, "large.png").digest
        table = at.table[0].value
        printed = measurements.run([tmp_path / "large.png"], [card], made, pairs=16, seed=0, reduce_to=reduce_to)
        for record in printed:
            row = table.loc[(card.name, record["protocol"])]
            assert row["P(top-1 change)"] == f"{record['p_top1_change']:.3f}"
            assert row["mean |Δp|"] == f"{record['mean_absolute_change']:.4f}"
            assert record["reduced_to"] == reduce_to
        assert (NOTE in texts(at)) == (reduce_to is not None)
        assert "1536 x 1536 px" in texts(at)
        crops.append(printed[0]["mean_absolute_change"])
    assert crops[0] > crops[1]  # a pixel of the large photograph is a smaller step


def test_curves_on_black_are_of_the_photograph_as_decoded(equipped: DataFolder, large: bytes) -> None:
    at = uploaded("trajectories", large)
    whole = finish(at).traces[cheap.KEY, "shift"]
    at.toggle(key="reduce").set_value(False).run()
    assert finish(at).traces[cheap.KEY, "shift"] is whole
    at.segmented_control(key="view").set_value("crop").run()
    assert "reduced" not in finish(at).traces[cheap.KEY, "shift"].path.description
    at.toggle(key="reduce").set_value(True).run()
    path = finish(at).traces[cheap.KEY, "shift"].path
    assert path.description.endswith("in the photograph reduced to 375 x 375 px")


@pytest.mark.parametrize(("short_side", "warned"), [(3024, True), (480, False), (None, False)])
def test_a_study_of_large_photographs_warns_on_its_page(
    fresh: DataFolder, made: Path, short_side: int | None, warned: bool
) -> None:
    folder = shutil.copytree(made / "figure-2", fresh.studies / "figure-2")
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"short_side": short_side}))
    at = app("protocols")
    at.query_params["protocols"] = "figure-2"
    at.run()
    assert not at.exception
    warnings = [text for text in texts(at).splitlines() if "--reduce-to 375" in text]
    assert len(warnings) == warned
    assert all("3024 px" in text for text in warnings)
