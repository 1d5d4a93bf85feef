"""``index`` and ``typicality``: built, verified, searched."""

from __future__ import annotations

import io
import json
import tarfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

import core.inference.engine
from core import cli
from core.datasets import find
from core.datasets.scenes import render
from core.inference.engine import Engine
from core.networks.card import SCENES
from tests.support.basics import cut_outs
from tests.support.commanded import DRAWN, KEY, OTHER, Run, parsed, saved, warnings

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def index(data: Path, album: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an index of the album, with five reference queries."""
    out = tmp_path_factory.mktemp("index") / "album"
    held_out = saved(cut_outs(5, seed=1), tmp_path_factory.mktemp("held-out") / "photos")
    arguments = ["--photos", album, "--network", KEY, "--out", out, "--reference", held_out, "--data", data, "--json"]
    printed, told = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(told):
        patch.setattr(core.inference.engine, "Engine", lambda: engine)
        assert cli.main(["index", "build", *map(str, arguments)]) == 0
    assert json.loads(printed.getvalue()) == {"index": str(out), "network": KEY, "rows": 12, "bad": 0, "reference": 5}
    assert "photographs: 17/17" in told.getvalue().splitlines()[-1]
    return out


def test_an_index_is_built_verified_and_found_finished(run: Run, index: Path, album: Path) -> None:
    assert parsed(run("index", "verify", index, "--json")) == {"index": str(index), "problems": []}
    assert run("index", "verify", index)[:2] == (0, "whole\n")
    before = (index / "manifest.json").stat().st_mtime_ns
    status, _, err = run("index", "build", "--photos", album, "--network", KEY, "--out", index)
    assert status == 1  # without its reference it would be another index
    assert "Choose another folder" in err
    assert (index / "manifest.json").stat().st_mtime_ns == before


def test_search_finds_the_photograph_itself_and_typicality_leaves_it_out(run: Run, index: Path, album: Path) -> None:
    manifest = json.loads((index / "manifest.json").read_text())
    for path in sorted(album.rglob("*.png"))[:3]:
        found = parsed(run("index", "search", index, path, "--k", 11, "--json"))
        assert [set(n) for n in found] == [{"label", "cosine", "path"}] * 11
        assert found[0]["path"] == str(path.resolve())
        assert found[0]["cosine"] >= 0.9999
        result = parsed(run("typicality", path, "--index", index, "--k", 10, "--json"))
        assert result["neighbours"] == found[1:]
        assert [n["label"] for n in found] == [Path(n["path"]).parent.name for n in found]
        cosines = [n["cosine"] for n in found]
        assert cosines == sorted(cosines, reverse=True)
        assert result["typicality"] == pytest.approx(np.mean(cosines[1:]), abs=1e-12)
        reference = [r["typicality"] for r in manifest["reference"]]
        assert len(reference) == result["references"] == 5
        assert result["percentile"] is None  # three photographs of each class
        assert result["other_classes"]
        assert any(text.startswith("Typicality is of other classes only") for text in result["warnings"])
        itself = result["predicted"] == path.parent.name
        assert result["indexed_of_predicted"] == manifest["labels"].get(result["predicted"], 0) - itself
        assert (result["network"], result["rows"], result["k"]) == (KEY, 12, 10)


def test_typicality_for_people(run: Run, index: Path, photo: Path) -> None:
    result = parsed(run("typicality", photo, "--index", index, "--json"))
    status, out, err = run("typicality", photo, "--index", index)
    assert (status, warnings(err)) == (0, [f"warning: {text}" for text in result["warnings"]])
    lines = out.splitlines()
    assert lines[0].startswith(f"typicality {result['typicality']:.4f} (of other classes only, no percentile); ")
    assert lines[1].startswith(f"predicted {result['predicted']}: ")
    assert len(lines) == 2 + 10
    assert run("index", "search", index, photo, "--k", 2)[1].splitlines()[0].endswith(str(photo.resolve()))


def test_an_index_without_reference_has_no_percentile(run: Run, album: Path, photo: Path, tmp_path: Path) -> None:
    arguments = ("--photos", album, "--network", KEY, "--out", tmp_path / "index")
    status, out, _ = run("index", "build", *arguments)
    assert status == 0
    assert f"network {KEY}, rows 12, bad 0, reference 0" in out
    result = parsed(run("typicality", photo, "--index", tmp_path / "index", "--k", 3, "--json"))
    assert (result["percentile"], result["references"]) == (None, 0)
    assert "no held-out reference photographs" in result["warnings"][0]
    assert "(no percentile)" in run("typicality", photo, "--index", tmp_path / "index", "--k", 2)[1]
    status, _, err = run("typicality", photo, "--index", tmp_path / "index", "--k", 12)
    assert status == 1
    assert "at least 12 others" in err


def test_classes_duplicates_and_other_scores(run: Run, index: Path, photo: Path) -> None:
    near = parsed(run("index", "search", index, photo, "--class", "cat", "--class", "cup", "--k", 5, "--json"))
    assert {n["label"] for n in near} == {"cat", "cup"}
    assert near[0]["path"] == str(photo.resolve())
    apart = parsed(
        run("index", "search", index, photo, "--class", "cat", "--class", "cup", "--distinct", "--json", "--k", 5)
    )
    assert apart[:4] == near[1:]
    status, _, err = run("index", "search", index, photo, "--class", "dragon")
    assert status == 1
    assert "no class 'dragon'. It has 4 classes" in err
    result = parsed(run("typicality", photo, "--index", index, "--k", 2, "--per-class", "--json"))
    assert set(result["per_class"]) == {"cat", "cup", "face", "rocket"}
    alone = parsed(run("typicality", photo, "--index", index, "--k", 2, "--class", "rocket", "--json"))
    assert alone["typicality"] == pytest.approx(result["per_class"]["rocket"], abs=1e-12)
    assert (alone["percentile"], alone["classes"], alone["search"]) == (None, ["rocket"], "exact")
    lines = run("typicality", photo, "--index", index, "--k", 2, "--per-class")[1].splitlines()
    assert lines[4].endswith(f"among photographs of {next(iter(result['per_class']))}")
    status, _, err = run("typicality", photo, "--index", index, "--scores")
    assert status == 1
    assert "at least 50 others" in err
    for how, said in (("compact", "index compact"), ("guess", "exact, compact, and milvus://")):
        status, _, err = run("index", "search", index, photo, "--search", how)
        assert status == 1
        assert said in err
    status, _, err = run("index", "compact", index)
    assert status == 1
    assert "Search it as it is" in err


def test_thumbnails_and_archives_on_the_command_line(run: Run, album: Path, photo: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "album.tar", "w") as tar:
        tar.add(album, ".")
    arguments = ("--photos", tmp_path / "album.tar", "--network", KEY, "--out", tmp_path / "index", "--thumbnails")
    assert run("index", "build", *arguments, "--shard-rows", 5)[0] == 0
    assert (tmp_path / "index/thumbnails.sqlite").is_file()
    assert run("index", "verify", tmp_path / "index")[:2] == (0, "whole\n")
    near = parsed(run("index", "search", tmp_path / "index", photo, "--k", 3, "--json"))
    assert (near[0]["path"], near[0]["label"]) == (f"{tmp_path}/album.tar/cat/02.png", "cat")
    assert parsed(run("index", "search", tmp_path / "index", near[1]["path"], "--k", 1, "--json"))[0] == {
        **near[1],
        "cosine": pytest.approx(1, abs=1e-6),
    }


def test_an_index_of_another_network_is_refused(run: Run, index: Path, photo: Path) -> None:
    for arguments in (("typicality", photo, "--index", index), ("index", "search", index, photo)):
        status, out, err = run(*arguments, "--network", OTHER, "--json")
        assert (status, out) == (1, "")
        assert f"holds features of {KEY}. The network needs features of {OTHER}" in err
        assert run(*arguments, "--network", KEY, "--json")[0] == 0


def test_no_index_and_a_damaged_one(run: Run, index: Path, photo: Path, tmp_path: Path) -> None:
    status, _, err = run("typicality", photo, "--index", tmp_path / "none")
    assert status == 1
    assert "index build" in err
    broken = tmp_path / "broken"
    for file in (p for p in index.rglob("*") if p.is_file()):
        (broken / file.relative_to(index)).parent.mkdir(parents=True, exist_ok=True)
        (broken / file.relative_to(index)).write_bytes(file.read_bytes())
    shard = broken / "shards" / "00000.npy"
    shard.write_bytes(shard.read_bytes()[:-1] + b"!")
    status, out, err = run("index", "verify", broken, "--json")
    assert status == 1
    assert [problem.split(":")[0] for problem in json.loads(out)["problems"]] == ["shards/00000.npy"]
    assert err.startswith("error: The index is not whole: shards/00000.npy: changed since it was built")


def test_an_index_of_scenes(run: Run, photo: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    built = run(
        "index",
        "build",
        "--photos",
        "scenes:0-11",
        "--network",
        DRAWN,
        "--out",
        index,
        "--reference",
        "scenes:100-102",
        "--json",
    )
    assert parsed(built) == {"index": str(index), "network": DRAWN, "rows": 12, "bad": 0, "reference": 3}
    assert parsed(run("index", "verify", index, "--json"))["problems"] == []
    found = parsed(run("index", "search", index, "scenes:3", "--k", 11, "--json"))
    assert find([Path(found[0]["path"])])[0].read().digest == render(3).digest
    assert found[0]["cosine"] >= 0.9999
    assert parsed(run("index", "search", index, found[0]["path"], "--k", 11, "--json")) == found
    status, out, err = run("typicality", "scenes:3", "--index", index, "--json")
    result = json.loads(out)
    assert (status, result["warning"], result["trained_on"]) == (0, None, SCENES)
    assert warnings(err) == [f"warning: {text}" for text in result["warnings"]]
    assert result["neighbours"] == found[1:]  # without the scene itself
    assert (result["references"], result["rows"], result["digest"]) == (3, 12, render(3).digest)
    status, out, err = run("typicality", photo, "--index", index, "--json")
    assert err.startswith(f"warning: {json.loads(out)['warning']}\n")
    assert f"warning: {DRAWN} was trained on drawn scenes of 6 classes. Do not" in err
    status, out, err = run("typicality", photo, "--index", index)
    assert (status, "warning" in out) == (0, False)


def test_a_sample_of_each_class_says_so_everywhere(run: Run, album: Path, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "sampled"
    arguments = ("--photos", album, "--network", KEY, "--out", out, "--per-class", 2, "--seed", 7)
    status, printed, err = run("index", "build", *arguments, "--json")
    assert status == 0
    assert json.loads(printed)["sample"] == {
        "per_class": 2,
        "seed": 7,
        "given": 12,
        "classes": 4,
        "unlabelled": 0,
        "small": 0,
    }
    said = "The index is a sample: 2 of each of 4 classes, seed 7, of 12 photographs."
    assert said in err
    result = parsed(run("typicality", photo, "--index", out, "--k", 3, "--json"))
    assert any(text.startswith(said) for text in result["warnings"])
    assert said in run("typicality", photo, "--index", out, "--k", 3)[2]
    assert run("index", "verify", out)[:2] == (0, "whole\n")


@pytest.mark.parametrize("wrong", [("--per-class", 0), ("--per-class", -3), ("--per-class", "ten"), ("--seed", 4)])
def test_a_wrong_sample_is_a_usage_error(
    album: Path, tmp_path: Path, wrong: tuple[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--photos", album, "--network", KEY, "--out", tmp_path / "index", *wrong)
    with pytest.raises(SystemExit) as stop:
        cli.main(["index", "build", *map(str, arguments)])
    assert stop.value.code == 2
    assert "per-class" in capsys.readouterr().err
    assert not (tmp_path / "index").exists()


def test_the_bias_of_a_sample(run: Run, index: Path, album: Path) -> None:
    arguments = ("index", "sample-bias", index, "--queries", album, "--per-class", 3)
    result = parsed(run(*arguments, "--json"))
    assert (result["queries"], result["sampled"], result["rows"], result["bias"]) == (12, 12, 12, 0.0)
    assert run(*arguments)[1].startswith("Bias +0.0000 (95 % CI +0.0000 to +0.0000, n = 12, few photographs: approx")
    status, _, err = run("index", "sample-bias", index, "--queries", album, "--per-class", 1)
    assert status == 1
    assert "at least 10 others" in err
