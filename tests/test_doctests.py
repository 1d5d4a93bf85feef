"""Examples in docstrings, the README and the documents run and give what they show."""

from __future__ import annotations

import doctest
import importlib
import re
import sys
from pathlib import Path

import pytest

import core
from tests.support.basics import ROOT

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = [path for path in sorted((ROOT / "core").rglob("*.py")) if ">>> " in path.read_text("utf-8")]
DOCUMENTS = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if ">>> " in path.read_text()]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples import ``photobias``, the name under which the package is installed: the same modules, not copies."""
    importlib.import_module("core.studies")
    monkeypatch.setitem(sys.modules, "photobias", core)
    for name, module in list(sys.modules.items()):
        if name.startswith("core."):
            monkeypatch.setitem(sys.modules, f"photobias{name.removeprefix('core')}", module)


def named(path: Path) -> str:
    """Return a file's path below the project, as the name of its test."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_examples_in_docstrings(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    assert doctest.testmod(importlib.import_module(name), optionflags=FLAGS).failed == 0


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_examples_in_documents(path: Path) -> None:
    """Blocks of one document follow each other, as in a notebook."""
    blocks = re.findall(r"^```python\n(.*?)^```$", path.read_text("utf-8"), flags=re.M | re.S)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, path.name, str(path), 0)
    assert len(examples.examples) > 0
    assert doctest.DocTestRunner(optionflags=FLAGS).run(examples).failed == 0


def test_examples_leave_no_copy_of_the_package_behind() -> None:
    copies = [name for name in sys.modules if name.startswith("photobias.") and sys.modules[name].__name__ == name]
    assert copies == []
