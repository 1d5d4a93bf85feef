"""The contract with users: commands, JSON, parameters, files and names are those of ``contract.json``.

An entry that is removed, changed or added fails here, whatever file it comes from. Prose and numbers are no part of it.
"""

from __future__ import annotations

import io
import json
import shutil
import tomllib
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks import training as bench_train
from core import studies
from core.cli import main, parser
from core.datasets import SCHEMES, hub
from core.datasets import fetching as cifar_fetching
from core.datasets.scenes import Photographer, scene_classes
from core.experiments.bias_dial.photographers import Setting
from core.experiments.figure_05_photographers_bias.labelling import Event
from core.images import protocols
from core.images.protocols import settings
from core.index import compact, milvus
from core.index.store import CompactCopy, read_manifest
from core.networks import fetching as weights_fetching
from core.networks import listing, registry
from core.networks.probe import Layer
from core.networks.variants import derived
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import config
from core.studies.summary import summary
from core.training import make, recipe
from tests.support import golden
from tests.support.addresses import Sources
from tests.support.basics import ROOT
from tests.support.command_line import commands
from tests.support.contracted import NETWORK, SMALL
from tests.support.shapes import Shape, header, shape

pytestmark = pytest.mark.usefixtures("one_thread")


SCENES = "scenes:2000000-2000001"
SECTIONS = {"commands", "json", "parameters", "pages", "downloads", "files", "names"}


def test_commands() -> None:
    golden.check("commands", commands(parser()))


def test_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every --json. What takes long, the internet or a server is replaced, below the record that is printed: training,
    the dial's turn, downloads, Milvus, the compact copy's making, a network's layers. Left out: ``bench --index`` (at
    least 10,000 rows and their quantisers, half a minute); ``networks --search`` (timm's import takes 5 s; its rows are
    those of ``networks``)."""
    monkeypatch.setenv("PHOTOBIAS_DATA", str(tmp_path / "data"))
    picture, index, study = tmp_path / "scene.png", tmp_path / "index", tmp_path / "study"
    _replace_what_takes_long(tmp_path, monkeypatch)
    few, some = ("--network", SMALL, "--pairs", 2), ("--network", NETWORK)
    asked: dict[str, tuple[object, ...]] = {
        "scenes render": ("--out", picture),
        "scenes sheet": ("--out", tmp_path / "sheet.png", "--per-class", 1),
        "measure": (SCENES, *few),
        "consistency": (SCENES, "--network", SMALL),
        "typicality": (picture, "--index", EMBEDDED.indexes / "scenes", "--per-class", "--scores"),
        "index search": (EMBEDDED.indexes / "scenes", picture),
        "index build": ("--photos", "scenes:0-10", "--reference", "scenes:77", *some, "--out", index, "--thumbnails"),
        "index build --per-class": (3, "--photos", "scenes:0-40", *some, "--out", tmp_path / "sampled"),
        "index sample-bias": (EMBEDDED.indexes / "scenes", "--queries", SCENES, "--per-class", 5),
        "index verify": (index,),
        "index compact": (index,),
        "index push": (index, "--to", "milvus://nowhere"),
        "networks": (),
        "networks --layers": (SMALL,),
        "networks --fetch": (SMALL,),
        "study": ("protocols", "--photos", SCENES, *few, "--protocol", "crop,black", "--out", study),
        "dial": ("--spread", 0, "--size-spread", 0),
        "fetch": ("cifar10",),
        "train": ("resnet8.scenes32",),
        "bench": ("--network", SMALL, "--rounds", 1),
        "bench --study": (1, "--network", SMALL),
        "bench --build": (1, "--network", SMALL),
        "bench --train": ("resnet8.scenes32", "--rounds", 1),
    }
    found: dict[str, Any] = {name: shape(printed(*name.split(" "), *more)) for name, more in asked.items()}
    readouts = studies.read(EMBEDDED.studies / "readouts")  # its rows are of layers
    first = readouts.pairs["network"] == NETWORK
    found["study readouts"] = shape(summary(replace(readouts, pairs=readouts.pairs[first])))
    found["a study's folder"] = written(study)
    found["an index's folder"] = written(index)
    golden.check("json", found)


def _replace_what_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace trainings, downloads and a server by what answers at once."""
    held = CompactCopy(
        factory="", probes=1, refined=1, k=1, recall=1.0, typicality_error=0.0, queries=1, sha256="", size=1
    )
    card = registry.get(SMALL, DataFolder(tmp_path))
    turned = EMBEDDED.root / "dial" / "studies" / "dial_0000_0000"
    turned_at = Setting(photographer=Photographer(spread=0, size_spread=0)).folder(DataFolder(tmp_path / "data"))
    shutil.copytree(turned, turned_at)
    monkeypatch.setattr(Setting, "run", lambda *_, **__: None)
    monkeypatch.setattr(make, "make", lambda *_, **__: [card])
    monkeypatch.setattr(cifar_fetching, "fetch_cifar10", lambda _: lambda *_: tmp_path)
    monkeypatch.setattr(weights_fetching, "fetch_weights", lambda _: lambda *_: tmp_path)
    monkeypatch.setattr(milvus, "push", lambda *_: 12)
    monkeypatch.setattr(compact, "make", lambda folder, _: replace(read_manifest(folder), compact=held))
    monkeypatch.setattr(listing, "layers", lambda *_: [Layer("conv", "Conv2d", 8, 2)])
    monkeypatch.setattr(bench_train, "BATCHES", dict.fromkeys(bench_train.BATCHES, 1))
    monkeypatch.setattr(bench_train, "Run", Idle)


class Idle:
    """Stands in for a training run: the first real one imports torch's compiler, which takes seconds."""

    precision = "float32"

    def __init__(self, *_: object) -> None:
        pass

    def step(self, *_: object) -> None:
        """Learn nothing."""


def printed(*arguments: object) -> Any:
    """Run a command with --json and parse what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([*map(str, arguments), "--json"])
    assert status == 0, err.getvalue()
    return json.loads(out.getvalue())


def test_parameters() -> None:
    """Every parameter of the pages' addresses, by the source alone: those too that need a click to be seen."""
    sources = Sources(ROOT)
    golden.check("parameters", {"bound to widgets": sources.bound(), "used by hand": sources.by_hand()})


def test_files() -> None:
    """Everything that ships in data/embedded but pictures and weights: fields of JSON and TOML, columns of tables."""
    kinds: dict[str, list[Path]] = defaultdict(list)
    for file in sorted(EMBEDDED.root.rglob("*")):
        if file.is_file():
            kinds[kind(file)].append(file)
    found: dict[str, Any] = {name: inside(files) for name, files in kinds.items()}
    found["a labeller's log, a line"] = sorted(field.name for field in fields(Event))
    golden.check("files", found)


def kind(file: Path) -> str:
    """Name what a shipped file is of: its folder (of studies each; of shards and networks none apart), its ending."""
    where = file.relative_to(EMBEDDED.root)
    alike = where.parts[-2] in ("networks", "shards")
    name = f"{where.parent}/*{where.suffix}" if alike else str(where)
    for start in ("dial_", "figure_"):  # studies of one kind
        name = name.replace(where.parent.name, f"{start}*") if where.parent.name.startswith(start) else name
    return name


def written(folder: Path) -> dict[str, Any]:
    """Give the insides of every file that a command has left in a folder."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return {str(file.relative_to(folder)): inside([file]) for file in files}


def inside(files: list[Path]) -> Shape | list[str]:
    """Give fields or columns of files of one kind; nothing of others."""
    match files[0].suffix:
        case ".json":
            return shape(*(json.loads(file.read_text("utf-8")) for file in files))
        case ".toml":
            return shape(*(tomllib.loads(file.read_text("utf-8")) for file in files))
        case ".csv":
            return sorted({", ".join(header(file.read_text("utf-8"))) for file in files})
        case ".parquet":
            return sorted({f"{c.name}: {c.type}" for file in files for c in pq.read_schema(file)})
    return []


def test_names(tmp_path: Path) -> None:
    """Names that users type: protocols, networks, studies, recipes, variants, how sources of photographs begin."""
    nothing = DataFolder(tmp_path)
    made = {name: studies.create(name) for name in config.names()}
    own = {name: sorted(one.own) for name, one in made.items()}
    golden.check(
        "names",
        {
            "protocols": {name: sorted(settings(name)) for name in protocols.known()},
            "protocols of all": list(protocols.names()),
            "networks": sorted(registry.cards(nothing)),
            "families of networks": sorted(registry.ZOOS),
            "variants": sorted(derived.NAMES),
            "mark of a variant": derived.MARK,
            "studies": {
                name: one.as_dict() | {"own": own[name], "needs": sorted(one.needs)} for name, one in made.items()
            },
            "recipes": list(recipe.names()),
            "fields of recipes": shape(*(asdict(recipe.get(name)) for name in recipe.names())),
            "sources of photographs": sorted([*SCHEMES, hub.SCHEME]),
            "classes of scenes": list(scene_classes()),
            "photographer": sorted(field.name for field in fields(Photographer)),
        },
    )


def test_every_section_has_its_test() -> None:
    assert set(golden.read()) == SECTIONS
