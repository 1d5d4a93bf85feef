"""The command line within a test: a data folder with cheap networks, photographs, one engine for all calls."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

import core.inference.engine
from core import cli
from core.exploration import measurements
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.networks.card import SCENES
from core.studies import runner
from tests.support import cheap
from tests.support.basics import Randomise, cut_outs

KEY, OTHER, DRAWN = cheap.KEY, "cheap-other", "cheap-drawn"

Answer = tuple[int, str, str]  # exit status, stdout, stderr
Run = Callable[..., Answer]


@pytest.fixture(scope="module")
def data(randomise: Randomise, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two cheap networks that a user put there; and one of them again, as of drawn scenes."""
    root = tmp_path_factory.mktemp("data")
    cheap.write_card(root / "networks", randomise(cheap.architecture(), cheap.SIZE))
    weights = root / "networks" / f"{OTHER}.safetensors"
    save_file(randomise(cheap.architecture(), cheap.SIZE, seed=1).state_dict(), weights)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    (root / "networks" / f"{OTHER}.txt").write_text("\n".join(cheap.NAMES))
    card = cheap.CARD.format(key=OTHER, sha256=digest, size=cheap.SIZE)
    (root / "networks" / f"{OTHER}.toml").write_text(card)
    drawn = card.replace(f'key = "{OTHER}"', f'key = "{DRAWN}"\ntrained_on = "{SCENES}"')
    (root / "networks" / f"{DRAWN}.toml").write_text(drawn)
    return root


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photographs, one folder a class."""
    return saved(cut_outs(12), tmp_path_factory.mktemp("photos") / "album")


def saved(photographs: list[Photograph], root: Path) -> Path:
    for number, photo in enumerate(photographs):
        (root / str(photo.label)).mkdir(parents=True, exist_ok=True)
        photo.image().save(root / str(photo.label) / f"{number:02}.png")
    return root


@pytest.fixture
def photo(album: Path) -> Path:
    return album / "cat" / "02.png"


@pytest.fixture
def run(
    data: Path, engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """``run("measure", …)`` with that data folder; every call shares one engine, so that networks load once."""
    monkeypatch.setattr(measurements, "Engine", lambda: engine)
    monkeypatch.setattr(core.inference.engine, "Engine", lambda: engine)
    monkeypatch.setattr(core.inference.engine, "engines", lambda: [engine])
    monkeypatch.setattr(runner, "Engine", lambda: engine)
    monkeypatch.setenv("PHOTOBIAS_DATA", str(data))

    def work(*arguments: object) -> Answer:
        status = cli.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return work


def warnings(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("warning:")]


def parsed(answer: Answer) -> Any:
    status, out, err = answer
    assert status == 0, err
    return json.loads(out)
