"""The floors of the house: who may import whom, read from the source. Data moves down, never back up."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the lowest floor to the roof. A name stands for the module or the whole package of that name; the longest
# name that fits counts. A module imports from its own floor or from lower ones, and in no circle.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("core", "core.errors", "core.folders", "core.files", "core.progress", "core.jobs", "core.archives",
     "core.checksums", "core.downloads", "core.photographs", "core.pictures", "core.geometry", "core.frames",
     "core.streams", "core.signals", "core.signal_verdict", "core.versions", "core.registration", "core.background",
     "core.video"),
    ("core.protocols", "core.trajectories", "core.networks", "core.datasets", "core.scenes",
     "core.annotations"),
    ("core.turns", "core.engine", "core.activations"),
    ("core.index",),
    ("core.intervals", "core.sensitivity", "core.measure", "core.consistency", "core.typicality", "core.shiftability",
     "core.readouts", "core.bias", "core.tables", "core.comparisons", "core.association", "core.ranking", "core.paper",
     "core.folder_ranking", "core.findings", "core.accuracy", "core.jagged", "core.shift_map", "core.invariance",
     "core.invariance_verdict", "core.depth", "core.sizes", "core.dial", "core.labelling"),
    ("core.studies", "core.training", "core.figures", "core.exploration", "core.measurements", "core.provision",
     "core.summary", "core.replication", "core.feature_maps", "core.corollaries", "core.traces"),
    ("core.turning",),
    ("core.cli", "core.__main__", "core.bench", "core.bench_index", "core.bench_train", "core.report"),
    ("pages.parts",),
    ("pages",),
    ("app",),
)  # fmt: skip

CACHES = {"pages.parts.resources"}  # the only modules that use st.cache_data and st.cache_resource
STATES = {"pages.parts.state"}  # the only modules that touch st.session_state

HEAVY = ("streamlit", "faiss", "timm", "plotly", "av", "sklearn")  # not paid for by importing core
DRAWS = ("core.figures", "core.report", "core.traces")  # drawing is what these are for: they may import plotly
RUNS = {"core.__main__"}  # importing it runs it


def sources(root: Path = ROOT) -> dict[str, str]:
    """Module name → source, of everything in the house."""
    files = [*root.glob("core/**/*.py"), *root.glob("pages/**/*.py"), *root.glob("app.py")]
    return {_module(path.relative_to(root)): path.read_text("utf-8") for path in sorted(files)}


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(module: str, source: str, known: Mapping[str, str]) -> Iterator[str]:
    """Every module that the source imports, at any depth, functions included; ``from a import b`` may be a.b."""
    package = any(other.startswith(f"{module}.") for other in known)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:  # relative
                above = module.split(".")[: len(module.split(".")) - node.level + package]
                start = ".".join([*above, *([start] if start else [])])
            inner = [f"{start}.{alias.name}" for alias in node.names if f"{start}.{alias.name}" in known]
            yield from inner or [start]


def floor(module: str) -> int | None:
    """Floor of a module; None where the table does not hold it. Pages are found by their folder."""
    best: tuple[int, int] | None = None
    for level, names in enumerate(FLOORS):
        for name in names:
            inside = module == name or (name != "core" and module.startswith(f"{name}."))
            if inside and (best is None or len(name) > best[0]):
                best = len(name), level
    return best[1] if best else None


def violations(house: Mapping[str, str]) -> list[str]:
    """What stands against the rules, one sentence each."""
    found = []
    for module, source in house.items():
        level = floor(module)
        if level is None:
            found.append(f"{module} has no floor: add it to FLOORS in tests/test_floors.py")
            continue
        for other in imports(module, source, house):
            if other.split(".")[0] not in ("core", "pages", "app"):
                continue
            below = floor(other)
            if below is None:
                found.append(f"{module} imports {other}, which has no floor: add it to FLOORS in tests/test_floors.py")
            elif below > level:
                found.append(f"{module} (floor {level}) imports {other} (floor {below}): data moves down only")
        if module.startswith("core"):
            found += [f"{module} imports streamlit: core never does" for name in imports(module, source, house)
                      if name.split(".")[0] == "streamlit"]  # fmt: skip
        found += _streamlit_rules(module, source)
    return found + [f"import circle: {' → '.join(circle)}" for circle in circles(house)]


def _streamlit_rules(module: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        names = {node.attr} if isinstance(node, ast.Attribute) else set()
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "streamlit":
            names = {alias.name for alias in node.names}
        if names & {"cache_data", "cache_resource"} and module not in CACHES:
            yield f"{module} uses st.cache_*: only {', '.join(CACHES)} may"
        if "session_state" in names and module not in STATES:
            yield f"{module} touches st.session_state: only {', '.join(STATES)} may"


def circles(house: Mapping[str, str]) -> list[list[str]]:
    """Import circles, each once, as the modules along it."""
    graph = {m: {o for o in imports(m, s, house) if o in house and o != m} for m, s in house.items()}
    done: set[str] = set()
    found: list[list[str]] = []

    def walk(module: str, trail: list[str]) -> None:
        if module in trail:
            found.append([*trail[trail.index(module) :], module])
        elif module not in done:
            for other in sorted(graph[module]):
                walk(other, [*trail, module])
            done.add(module)

    for module in graph:
        walk(module, [])
    return found


def test_the_house_stands() -> None:
    house = sources()
    assert {"core.engine", "core.networks.registry", "core.errors"} <= set(house)
    assert violations(house) == []


def test_the_table_names_nothing_twice() -> None:
    names = [name for names in FLOORS for name in names]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("house", "said"),
    [
        ({"core.engine": "from core.index.search import FeatureIndex", "core.index.search": ""}, "floor 2"),
        ({"core.engine": "def late():\n    import core.index", "core.index": ""}, "floor 2"),
        ({"core.engine": "from core import sensitivity", "core.sensitivity": ""}, "core.sensitivity (floor 4)"),
        ({"core.index.build": "from ..studies import x", "core.studies": ""}, "core.studies (floor 5)"),
        ({"core.index": "from ..studies import x", "core.index.a": ""}, "core.studies (floor 5)"),
        ({"core.figures.style": "import pages.parts.state", "pages.parts.state": ""}, "data moves down only"),
        ({"pages.parts.state": "from pages import explore", "pages.explore": ""}, "data moves down only"),
        ({"core.gadgets": ""}, "core.gadgets has no floor: add it to FLOORS"),
        ({"core.engine": "import core.gadgets"}, "core.gadgets, which has no floor"),
        ({"core.frames": "import core.geometry", "core.geometry": "from core import frames"}, "import circle"),
        ({"core.frames": "import streamlit as st"}, "core never does"),
        ({"core.frames": "def f():\n    from streamlit.runtime import get_instance"}, "core never does"),
        ({"pages.explore": "import streamlit as st\n@st.cache_data\ndef f(): ..."}, "only pages.parts.resources may"),
        ({"pages.explore": "from streamlit import cache_resource"}, "only pages.parts.resources may"),
        ({"app": "import streamlit\nstreamlit.session_state['x'] = 1"}, "only pages.parts.state may"),
        ({"pages.parts.resources": "from streamlit import session_state"}, "only pages.parts.state may"),
    ],
)  # fmt: skip
def test_the_checker_catches(house: dict[str, str], said: str) -> None:
    assert [line for line in violations(house) if said in line], violations(house)


def test_the_checker_lets_through_what_is_right() -> None:
    house = {
        "core": "",
        "core.errors": "import json, torch",
        "core.networks": "",
        "core.networks.card": "from core.errors import BadCard\nfrom .. import errors",
        "core.networks.registry": "from core.networks import card\nfrom . import card as again",
        "core.engine": "from core.networks.card import NetworkCard",
        "core.figures.style": "import plotly.graph_objects",
        "pages.parts.resources": "import streamlit as st\n@st.cache_resource\ndef engine(): ...",
        "pages.parts.state": "import streamlit as st\nst.session_state['x'] = 1",
        "pages.explore": "from pages.parts import state, resources",
        "app": "from pages.parts import state",
    }
    assert violations(house) == []


def test_importing_core_costs_nothing() -> None:
    """Every core module is imported, one after the other; after each, who is here that was not paid for?"""
    modules = [m for m in sources() if m.split(".")[0] == "core" and m not in RUNS]
    paid = _paid(sorted(modules, key=lambda m: m.startswith(DRAWS)))  # what draws comes last
    drawn = {m: heavy for m, heavy in paid.items() if heavy}
    assert {m: heavy for m, heavy in drawn.items() if not m.startswith(DRAWS)} == {}
    assert all(heavy == ["plotly"] for heavy in drawn.values())
    assert len(paid) == len(modules)


def test_the_cost_is_seen() -> None:
    assert _paid(["json", "plotly.graph_objects", "csv"]) == {"json": [], "plotly.graph_objects": ["plotly"], "csv": []}


def _paid(modules: list[str]) -> dict[str, list[str]]:
    """Module → the heavy packages that its import brought, beside those before it. In one fresh interpreter."""
    script = f"""
import importlib, json, sys
seen, paid = set(), {{}}
for module in {modules!r}:
    importlib.import_module(module)
    fresh = set({HEAVY!r}) & set(sys.modules) - seen
    seen |= fresh
    paid[module] = sorted(fresh)
print(json.dumps(paid))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    paid: dict[str, list[str]] = json.loads(done.stdout)
    return paid
