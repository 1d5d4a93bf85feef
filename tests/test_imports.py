"""Which package may import which, read from the source."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.basics import ROOT

# A package imports from itself and from packages before it. The modules beside them import no package.
ORDER = (
    "jobs",
    "storage",
    "images",
    "statistics",
    "networks",
    "datasets",
    "inference",
    "index",
    "training",
    "studies",
    "experiments",
    "exploration",
    "library",
    "cli",
)
BESIDE = ("errors", "registry", "versions")
SHARED_BY_PAGES = ("session", "components", "sidebar", "live", "studies")
HEAVY = ("streamlit", "faiss", "timm", "av", "sklearn", "plotly")
DRAWS = ("figure", "drawing", "report", "curves")  # parts of names of modules that may import plotly
CACHES, STATE = "pages/parts/session/resources.py", "pages/parts/session/state.py"


def modules(folder: str) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the file of each module below a folder of the project."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(name: str, path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, inside functions too; ``from a import b`` gives ``a.b``."""
    above = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = above[: len(above) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def test_packages_import_only_from_packages_before_them() -> None:
    folders = {path.name for path in (ROOT / "core").iterdir() if (path / "__init__.py").exists()}
    assert folders <= set(ORDER)
    for name, path in modules("core"):
        here = _package(name)
        for other in imported(name, path):
            assert other.split(".")[0] not in ("streamlit", "pages"), f"{name} imports {other}"
            there = _package(other) if other.startswith("core.") else ""
            if there in ORDER:
                assert here in ("", "__main__", *ORDER[ORDER.index(there) :]), f"{name} imports {other}"


def _package(name: str) -> str:
    return [*name.split("."), ""][1]


@pytest.mark.parametrize("page", sorted(path.stem for path in (ROOT / "pages").glob("*.py")))
def test_a_page_imports_its_own_folder_and_the_shared_ones(page: str) -> None:
    files = [(f"pages.{page}", ROOT / f"pages/{page}.py"), *modules(f"pages/parts/{page}")]
    used = {
        other.split(".")[2]
        for name, path in files
        for other in imported(name, path)
        if other.startswith("pages.parts.")
    }
    assert used <= {page, *SHARED_BY_PAGES}


def test_only_the_session_touches_state_and_caches() -> None:
    for name, path in [*modules("pages"), ("app", ROOT / "app.py")]:
        source, place = path.read_text("utf-8"), path.relative_to(ROOT).as_posix()
        assert "session_state" not in source or place == STATE, name
        assert ("cache_data" not in source and "cache_resource" not in source) or place == CACHES, name


def test_modules_do_not_import_each_other_in_circles() -> None:
    known = dict([*modules("core"), *modules("pages")])
    graph = {
        name: {found for other in imported(name, path) if (found := _module(other, known)) and found != name}
        for name, path in known.items()
    }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                walk(other, (*trail, name))
            done.add(name)

    for name in graph:
        walk(name, ())


def _module(other: str, known: dict[str, Path]) -> str | None:
    return other if other in known else _module(other.rpartition(".")[0], known) if "." in other else None


def test_importing_core_is_cheap() -> None:
    """Importing a module brings no heavy library with it; what draws may bring plotly."""
    names = sorted((name for name, _ in modules("core") if name != "core.__main__"), key=_draws)
    script = f"""
import importlib, json, sys
brought = {{}}
for name in {names!r}:
    before = set(sys.modules)
    importlib.import_module(name)
    brought[name] = sorted((set(sys.modules) - before) & {set(HEAVY)!r})
print(json.dumps(brought))
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    brought = {name: heavy for name, heavy in json.loads(run.stdout).items() if heavy}
    assert all(_draws(name) and heavy == ["plotly"] for name, heavy in brought.items()), brought


def _draws(name: str) -> bool:
    return any(part in name.rsplit(".", 2)[-1] or f".{part}." in name for part in DRAWS)
