"""Fixtures of the command line's tests: a data folder, an album and commands that run in this process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import save_file

import core.inference.engine
from core import cli
from core.exploration import measurements
from core.inference.engine import Engine
from core.networks.card import SCENES
from core.studies import runner
from tests.support import cheap
from tests.support.basics import Randomise, cut_outs
from tests.support.commanded import DRAWN, OTHER, Answer, Run, saved


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
