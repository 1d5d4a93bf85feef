"""Style of the source: docstrings, lengths, layout."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.basics import ROOT

FOLDERS = ("core", "pages", "benchmarks", "tests")
SOURCES = [*(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))), ROOT / "app.py"]
NOT_FIRST = {"Of", "What", "That", "Those", "Who", "Whether", "How"}
FUNCTION_LINES, MODULE_LINES, SKIPS = 45, 300, 60
DATA = {"core/experiments/replication/paper.py"}  # tables of data
Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def definitions(path: Path) -> Iterator[Definition]:
    """Yield the module, its classes and its functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, Definition):
            yield node


def where(path: Path, node: Definition) -> str:
    """Return file and line, for the message of a failure."""
    return f"{path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 1)}"


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    wrong = [
        f"{where(path, node)}: {text.splitlines()[0]}"
        for path in SOURCES
        for node in definitions(path)
        if (text := ast.get_docstring(node)) and text.split()[0].strip(",.:;") in NOT_FIRST
    ]
    assert wrong == []


def test_public_functions_and_classes_of_core_have_docstrings() -> None:
    wrong = [
        f"{where(path, node)}: {node.name}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "core")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert wrong == []


def test_functions_and_modules_are_short() -> None:
    functions = [
        f"{where(path, node)}: {node.name} has {lines} lines"
        for path in SOURCES
        for node in definitions(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    ]
    modules = [
        f"{name} has {lines} lines"
        for path in SOURCES
        if (name := path.relative_to(ROOT).as_posix()) not in DATA
        and (lines := len(path.read_text("utf-8").splitlines())) > MODULE_LINES
    ]
    assert functions + modules == []


def test_the_formatter_is_rarely_switched_off() -> None:
    marker = "fmt: " + "skip"
    assert sum(path.read_text("utf-8").count(marker) for path in SOURCES) <= SKIPS


def test_core_has_few_packages_and_modules() -> None:
    inside = [path for path in (ROOT / "core").iterdir() if path.name != "__pycache__"]
    assert len([path for path in inside if path.is_dir()]) <= 14
    assert len([path for path in inside if path.suffix == ".py"]) <= 5
