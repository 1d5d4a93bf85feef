"""``networks`` and ``train``: listed, searched, fetched, made."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.jobs.progress import Progress
from core.networks import fetching as weights_fetching
from core.networks import registry
from core.networks.card import SCENES
from core.storage.data_folder import DataFolder
from core.storage.downloads import RemoteFile
from core.training import make, photographs, recipe
from tests.support.commanded import KEY, OTHER, Run, parsed, warnings

pytestmark = pytest.mark.usefixtures("one_thread")


def test_networks_for_machines_and_people(run: Run, data: Path) -> None:
    rows = {row["key"]: row for row in parsed(run("networks", "--json"))}
    assert {KEY, OTHER, "torchvision/vgg16.imagenet1k_v1"} <= set(rows)
    assert rows[KEY]["weights_here"] is True
    assert rows["torchvision/vgg16.imagenet1k_v1"]["weights_here"] is False
    assert rows["torchvision/vgg16.imagenet1k_v1"]["download_bytes"] > 5e8
    assert rows[KEY]["input"] == 64
    status, out, err = run("networks")
    lines = out.splitlines()
    assert (status, err, len(lines)) == (0, "", len(rows))
    assert f"{KEY:42} here" in out
    assert "download 528 MB" in next(line for line in lines if "vgg16" in line)


def test_timms_networks_are_searched(run: Run) -> None:
    rows = parsed(run("networks", "--search", "resnetblur50", "--json"))
    assert [(r["key"], r["weights_here"], r["bytes"]) for r in rows] == [("timm/resnetblur50.bt_in1k", False, None)]
    status, out, err = run("networks", "--search", "dm_in1k nfnet f0")
    assert (status, err) == (0, "")
    assert out.startswith("timm/dm_nfnet_f0.dm_in1k")
    assert out.count("cannot be used") == 1
    assert "crop_mode 'squash'" in out
    status, out, err = run("networks", "--search", "no such network")
    assert (status, out.strip()) == (0, "")
    assert "no such network" in err
    assert parsed(run("networks", "--search", "no such network", "--json")) == []


@pytest.mark.parametrize("network", ["offline", "closed"])
def test_fetching_without_a_network_is_one_clear_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    if network == "offline":
        monkeypatch.setenv("PHOTOBIAS_OFFLINE", "1")
    else:
        monkeypatch.delenv("PHOTOBIAS_OFFLINE", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    key = "timm/convnext_atto.d2_in1k"
    status, out, err = run("networks", "--fetch", key, "--data", tmp_path)
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert err.startswith("error: ")
    assert ("offline mode" if network == "offline" else "could not be made") in err
    where = f"{tmp_path}/weights as timm--convnext_atto.d2_in1k.safetensors"
    assert f"https://huggingface.co/{key}/resolve/main/model.safetensors by hand and save it in {where}" in err
    assert not list((tmp_path / "weights").glob("*.safetensors*.sha256"))


def test_weights_are_fetched(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(remote: RemoteFile, folder: Path, *, progress: Any, cancel: Any) -> Path:
        for done in (0, 60 * 2**20, 120 * 2**20):
            progress(Progress(done, 120 * 2**20, 2**21, "Fetching it"))
        folder.mkdir(parents=True)
        (folder / remote.name).write_bytes(b"weights")
        return folder / remote.name

    monkeypatch.setattr(weights_fetching, "fetch", fetched)
    key, file = "timm/convnext_atto.d2_in1k", tmp_path / "weights" / "timm--convnext_atto.d2_in1k.safetensors"
    status, out, err = run("networks", "--fetch", key, "--data", tmp_path, "--json")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert (status, json.loads(out)) == (0, {"key": key, "file": str(file), "digest": digest})
    assert err.splitlines()[0] == "Fetching it, MB: 60/120 (2.0/s, 30 s left)"
    here = next(line for line in run("networks", "--data", tmp_path)[1].splitlines() if line.startswith(key))
    assert here.startswith(f"{key:42} here 0 MB")
    assert "apache-2.0; timm" in here
    assert run("networks", "--fetch", KEY)[2].startswith(f"error: The card of {KEY} has no address.")
    status, _, err = run("networks", "--fetch", "timm/resnet50")
    assert status == 1
    assert "resnet50.a1_in1k" in err


def test_layers_are_listed_with_their_strides(run: Run) -> None:
    rows = parsed(run("networks", "--layers", KEY, "--json"))
    found = {row["name"]: row for row in rows}
    assert found["conv1.0"] == {"name": "conv1.0", "kind": "Conv2d", "edge": 32, "stride": 2, "runs": 1}
    assert (found["conv5"]["edge"], found["conv5"]["stride"]) == (2, 32)
    lines = run("networks", "--layers", KEY)[1].splitlines()
    assert len(lines) == len(rows)
    assert lines[0].split() == ["conv1.0", "Conv2d", "32", "x", "32", "stride", "2"]
    status, out, err = run("networks", "--layers", "torchvision/vgg16.imagenet1k_v1")
    assert (status, out) == (1, "")
    assert "Fetch them" in err


def test_a_broken_card_is_warned_of_and_hides_nothing(run: Run, tmp_path: Path, data: Path) -> None:
    (tmp_path / "networks").mkdir()
    for file in (data / "networks").iterdir():
        (tmp_path / "networks" / file.name).symlink_to(file)
    (tmp_path / "networks" / "broken.toml").write_text('key = "mine"')
    status, out, err = run("networks", "--json", "--data", tmp_path)
    assert status == 0
    assert KEY in [row["key"] for row in json.loads(out)]
    assert err
    for line in err.splitlines():
        assert line.startswith("warning: broken.toml ")
        assert "no field 'title'" in line
    status, _, err = run("measure", "PHOTO", "--network", "mine", "--data", tmp_path)
    assert status == 1
    assert "broken.toml" in err


def test_the_data_folder_is_the_options_then_the_environments(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keys(*more: object) -> list[str]:
        return [row["key"] for row in parsed(run("networks", "--json", *more))]

    assert KEY in keys()
    assert KEY not in keys("--data", tmp_path)
    monkeypatch.setenv("PHOTOBIAS_DATA", str(tmp_path))
    assert KEY not in keys()
    assert KEY in keys("--data", data)


@pytest.fixture
def speck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe of 96 small scenes and one epoch. Drawn in threads: new processes take longer than all the rest."""
    monkeypatch.setattr(photographs, "ProcessPoolExecutor", lambda count, **_: ThreadPoolExecutor(count))
    usual = recipe.get("resnet10.scenes")
    scenes = replace(usual.scenes, count=96, held_out=24, size=64)
    schedule = replace(usual.schedule, epochs=1, batch=32, warmup_epochs=0.5)
    shown = replace(usual.preprocessing, resize=36, crop=32)
    facts = replace(usual, name="speck", scenes=scenes, schedule=schedule, preprocessing=shown).as_dict()
    tables = {name: value for name, value in facts.items() if isinstance(value, dict)}
    path = tmp_path / "speck.toml"
    path.write_bytes(make.toml({name: value for name, value in facts.items() if name not in tables}, tables))
    return path


def test_a_network_is_trained_listed_measured_and_not_made_again(
    run: Run, photo: Path, speck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    status, out, err = run("train", speck, "--seeds", 3, "--family", "mine", "--data", own, "--json")
    [made] = json.loads(out)
    weights = own / "networks" / "speck-3.safetensors"
    assert (status, made.keys(), made["key"]) == (0, {"key", "top1", "weights"}, "mine/speck-3")
    assert (made["weights"], weights.is_file()) == (str(weights), True)
    lines = err.splitlines()
    for what in ("drawing training scenes: 96/96", "speck-3: training, batches: 3/3", "speck-3: measuring crop, pairs"):
        assert any(line.startswith(what) for line in lines), what
    assert lines[-1] == f"mine/speck-3: top-1 {made['top1']:.3f} on held-out photographs"
    [row] = [row for row in parsed(run("networks", "--data", own, "--json")) if row["key"] == "mine/speck-3"]
    assert (row["weights_here"], row["input"], row["published"]) == (True, 32, {"top1": made["top1"]})
    card = registry.get("mine/speck-3", DataFolder(own))
    assert (card.trained_on, row["title"]) == (SCENES, card.title)

    measure = ("measure", "--network", "mine/speck-3", "--data", own, "--protocol", "black", "--pairs", 1, "--json")
    status, out, err = run(*measure, "scenes:0-5")
    assert (status, json.loads(out)[0]["top1_n"], warnings(err)) == (0, 6, [])
    assert warnings(run(*measure, photo)[2]) == [f"warning: {card.warning_for(drawn=False)}"]

    before = {path: path.stat().st_mtime_ns for path in own.rglob("*")}
    monkeypatch.setattr(make, "scenes", None)  # nothing is drawn, nothing trained
    monkeypatch.setattr(make, "train", None)
    status, out, err = run("train", speck, "--seeds", 3, "--family", "mine", "--data", own)
    assert (status, err) == (0, f"{lines[-1]}\n")
    assert out == f"{'mine/speck-3':42} top-1 {made['top1']:.3f}  {weights}\n"
    assert {path: path.stat().st_mtime_ns for path in own.rglob("*")} == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet5.scenes", "no recipe 'resnet5.scenes'. Accepted are alexnet32.cifar10, alexnet32.scenes32, "),
        ("../resnet10.scenes", "no recipe '../resnet10.scenes'"),
        ("gone.toml", "no recipe 'gone.toml'"),
        ("FILE", "Expected the fields"),
    ],
)
def test_a_wrong_recipe_is_one_line_and_nothing_is_begun(run: Run, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "speck.toml").write_text('name = "speck"')
    own, wrong = tmp_path / "own", name.replace("FILE", str(tmp_path / "speck.toml"))
    status, out, err = run("train", "resnet10.scenes", wrong, "--data", own)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("error: ")
    assert said in err
    assert not own.exists()


def test_what_train_is_told_reaches_the_training(
    run: Run, speck: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(make, "make", lambda *given, **named: calls.append((*given, named["family"])) or ())
    usual = recipe.get("resnet10.scenes")
    assert parsed(run("train", "resnet10.scenes", "--json")) == []
    more = ("--seeds", "2,0,11", "--small", "--family", "f", "--data", tmp_path, "--json")
    assert parsed(run("train", speck, "resnet10.scenes", *more)) == []
    assert calls == [
        ([usual], (0,), DataFolder(data), "own"),
        ([recipe.read(speck).small(), usual.small()], (2, 0, 11), DataFolder(tmp_path), "f"),
    ]
