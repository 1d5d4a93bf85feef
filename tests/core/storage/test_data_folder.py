"""core.storage.data_folder: paths that are found again where the project lies elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.storage.data_folder import EMBEDDED, PROJECT, located, portable


def test_paths_below_the_project_are_kept_relative_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = EMBEDDED.indexes / "scenes"
    assert portable(index) == "data/embedded/indexes/scenes"
    assert located(portable(index)) == index
    monkeypatch.chdir(PROJECT / "data")
    assert portable(Path("embedded/indexes/scenes")) == "data/embedded/indexes/scenes"


def test_others_are_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert portable(Path("mine")) == str(tmp_path.resolve() / "mine")
    assert located(portable(Path("mine"))) == tmp_path.resolve() / "mine"
