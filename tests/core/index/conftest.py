""""""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.support.file_server import server
from tests.support.indexed import CLASSES, draw, make


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """47 photographs of five classes; three are the same pixels; three files are broken, one has no finite feature."""
    folder = tmp_path_factory.mktemp("album") / "photos"
    for number in range(40):
        draw(folder / CLASSES[number % 5] / f"{number:02d}.png", number)
    for copy in ("bee/copy.png", "dog/copy.png"):
        shutil.copy(folder / "ant/00.png", folder / copy)
    Image.new("RGB", (40, 40)).save(folder / "cat/black.png")
    (folder / "ant/text.jpg").write_text("no photograph")
    (folder / "dog/empty.png").touch()
    (folder / "elk/cut.png").write_bytes((folder / "elk/04.png").read_bytes()[:900])
    draw(folder / "elk/last.png", 99)
    return folder


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("held-out")
    for number in range(11):
        draw(folder / f"{number:02d}.png", 1000 + number)
    return folder


@pytest.fixture(scope="session")
def whole(album: Path, held_out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index as an undisturbed build makes it. Read only."""
    out = tmp_path_factory.mktemp("whole") / "index"
    make(album, out, held_out)
    return out


@pytest.fixture
def own(whole: Path, tmp_path: Path) -> Path:
    """A copy of the index, to be spoilt."""
    return Path(shutil.copytree(whole, tmp_path / "index"))
