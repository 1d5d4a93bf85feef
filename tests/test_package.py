"""The folder ``core`` as an installed package: it works under another name, and importing it is cheap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import core
from tests.support.basics import ROOT


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which ``core`` is called ``photobias``, as an installation calls it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "photobias").symlink_to(ROOT / "core", target_is_directory=True)
    return folder


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Return a finished Python process that was started in a folder."""
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_importing_the_package_brings_nothing(elsewhere: Path) -> None:
    run = python(elsewhere, "-c", "import photobias, sys; print({'torch', 'numpy', 'core'} & set(sys.modules))")
    assert run.stdout == "set()\n"


def test_the_interface_works_under_the_installed_name(elsewhere: Path) -> None:
    script = """
import sys
from photobias import load_network, measure
network = load_network("embedded/resnet10.scenes-0")
print(measure("scenes:2000000-2000001", network, pairs=2).pairs, "core" in sys.modules)
"""
    run = python(elsewhere, "-c", script)
    assert (run.stdout, run.returncode) == ("4 False\n", 0), run.stderr


def test_the_command_line_works_under_the_installed_name(elsewhere: Path) -> None:
    run = python(elsewhere, "-m", "photobias", "--help")
    assert run.stdout.startswith("usage: photobias ")
    assert run.returncode == 0
    run = python(elsewhere, "-m", "photobias", "bench")
    assert run.returncode == 1
    assert "in the checkout's folder" in run.stderr


def test_every_name_of_the_interface_is_there() -> None:
    assert all(callable(getattr(core, name)) for name in core.__all__)
    assert set(core.__all__) <= set(dir(core))
    with pytest.raises(AttributeError, match="no attribute 'measures_everything'"):
        _ = core.measures_everything


def test_every_folder_with_modules_is_a_package() -> None:
    """Folders without ``__init__.py`` would be left out of an installation."""
    folders = {path.parent for path in (ROOT / "core").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []
