"""The command line, as people and scripts meet it: exit status, stdout, stderr."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import cheap
import numpy as np
import pytest
import torch
from conftest import ROOT, Randomise, cut_outs
from PIL import Image
from safetensors.torch import load_file, save_file
from scipy import stats
from torch import nn
from torchvision import transforms

import core.engine
from core import bench_train, cli, measurements, provision, studies
from core.consistency import consistency
from core.datasets import find
from core.downloads import RemoteFile
from core.engine import Engine
from core.folders import DataFolder
from core.networks import registry
from core.networks.card import SCENES
from core.photographs import Photograph, read, reduce_to
from core.progress import Progress
from core.protocols import create, generator, names
from core.scenes import render
from core.studies import runner
from core.studies.request import Request
from core.training import make, photographs, recipe

pytestmark = pytest.mark.usefixtures("one_thread")

KEY, OTHER, DRAWN = cheap.KEY, "cheap-other", "cheap-drawn"
WANTED = {
    "network", "protocol", "pairs", "seed", "p_top1_change", "p_top1_change_interval", "mean_absolute_change",
    "mean_absolute_change_interval",
}  # fmt: skip

Answer = tuple[int, str, str]  # exit status, stdout, stderr
Run = Callable[..., Answer]


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


def saved(photographs: list[Photograph], root: Path) -> Path:
    for number, photo in enumerate(photographs):
        (root / str(photo.label)).mkdir(parents=True, exist_ok=True)
        photo.image().save(root / str(photo.label) / f"{number:02}.png")
    return root


@pytest.fixture
def photo(album: Path) -> Path:
    return album / "cat" / "02.png"


@pytest.fixture
def run(
    data: Path, engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """``run("measure", …)`` with that data folder; every call shares one engine, so that networks load once."""
    monkeypatch.setattr(measurements, "Engine", lambda: engine)
    monkeypatch.setattr(core.engine, "Engine", lambda: engine)
    monkeypatch.setattr(core.engine, "engines", lambda: [engine])
    monkeypatch.setattr(runner, "Engine", lambda: engine)
    monkeypatch.setenv("PHOTOBIAS_DATA", str(data))

    def work(*arguments: object) -> Answer:
        status = cli.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return work


def warnings(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("warning:")]


def parsed(answer: Answer) -> Any:
    status, out, err = answer
    assert status == 0, err
    return json.loads(out)


def plain(data: Path, key: str = KEY) -> nn.Module:
    """The checkpoint as torchvision alone makes it."""
    model = cheap.architecture()
    model.load_state_dict(load_file(data / "networks" / f"{key}.safetensors"))
    return model.eval()


def probabilities(model: nn.Module, frame: torch.Tensor) -> np.ndarray:
    """One frame, slowly."""
    with torch.inference_mode():
        return model((frame[None].float() / 255 - 0.5) / 0.25).softmax(1)[0].numpy()


def slow_pairs(model: nn.Module, path: Path, protocol: str, pairs: int, seed: int = 0) -> list[tuple[bool, float]]:
    """(top-1 changed, |change|) of each pair."""
    photo, made, rows = read(path), create(protocol), []
    for number in range(pairs):
        pair = made.pair(photo, cheap.SIZE, rng=generator(seed, photo, made, number))
        before, after = probabilities(model, pair.before), probabilities(model, pair.after)
        top = before.argmax()
        rows.append((bool(top != after.argmax()), float(abs(after[top] - before[top]))))
    return rows


# measure


@pytest.fixture(scope="module")
def slow(data: Path, album: Path) -> dict[str, list[tuple[bool, float]]]:
    model = plain(data)
    return {name: slow_pairs(model, album / "cat" / "02.png", name, 8) for name in names()}


@pytest.mark.parametrize("pairs", [1, 3, 8])
def test_measure_equals_a_slow_loop_and_fewer_pairs_are_a_prefix(
    run: Run, photo: Path, slow: dict[str, list[tuple[bool, float]]], pairs: int
) -> None:
    found = parsed(run("measure", photo, "--network", KEY, "--protocol", "all", "--pairs", pairs, "--json"))
    assert [(r["network"], r["protocol"]) for r in found] == [(KEY, name) for name in names()]
    assert sum(changed for rows in slow.values() for changed, _ in rows) > 0  # or the test would see nothing
    for record in found:
        assert record.keys() >= WANTED
        rows = slow[record["protocol"]][:pairs]
        flips, changes = sum(changed for changed, _ in rows), [change for _, change in rows]
        assert (record["pairs"], record["photographs"], record["seed"]) == (pairs, 1, 0)
        assert record["p_top1_change"] == flips / pairs
        wilson = stats.binomtest(flips, pairs).proportion_ci(0.95, "wilson")
        assert record["p_top1_change_interval"] == pytest.approx([wilson.low, wilson.high], abs=1e-9)
        assert record["mean_absolute_change"] == pytest.approx(np.mean(changes), abs=1e-4)
        if pairs == 1:
            assert record["mean_absolute_change_interval"] is None
            continue
        low, high = record["mean_absolute_change_interval"]
        spread = stats.bootstrap((changes,), np.mean, method="percentile", rng=1).confidence_interval
        assert (low, high) == pytest.approx(tuple(spread), abs=0.2 * (high - low))


def test_measure_prints_the_same_bytes_again_and_progress_on_stderr_alone(run: Run, photo: Path) -> None:
    arguments = ("measure", photo, "--network", f"{OTHER},{KEY}", "--protocol", "black,crop", "--pairs", 40, "--json")
    first, again = run(*arguments), run(*arguments)
    assert first[1] == again[1]
    assert [(r["network"], r["protocol"]) for r in parsed(first)] == [
        (key, name) for key in (OTHER, KEY) for name in ("black", "crop")
    ]
    assert first[1].isascii()
    lines = first[2].splitlines()
    for key in (OTHER, KEY):
        for name in ("black", "crop"):
            mine = [line for line in lines if line.startswith(f"{key} {name} pairs: ")]
            assert "40/40" in mine[-1]
            assert 9 <= len(mine) <= 11  # a line at each tenth
    other, same = (next(r for r in parsed(again) if r["network"] == key) for key in (OTHER, KEY))
    assert other["mean_absolute_change"] != same["mean_absolute_change"]


def test_measure_for_people(run: Run, photo: Path) -> None:
    status, out, _ = run("measure", photo, "--network", KEY, "--pairs", 4)
    record = parsed(run("measure", photo, "--network", KEY, "--pairs", 4, "--json"))[1]
    line = out.splitlines()[1]
    assert status == 0
    assert len(out.splitlines()) == 4
    assert f"{KEY}  black    P(top-1 change) {record['p_top1_change']:.3f} [" in line
    assert f"MAC {record['mean_absolute_change']:.3f} [" in line
    assert "(4 pairs, 1 photographs, step 1 network px diagonal)" in line


@pytest.mark.parametrize(
    ("options", "protocol", "settings"),
    [
        (("--seed", 7), "black", {"seed": 7}),
        (("--step", 5, "--direction", "down"), "scale", {"step": 5, "direction": "down"}),
        (("--unit", "network"), "crop", {"unit": "network"}),
        (("--side", 20), "black", {"side": 20}),
    ],
)
def test_every_setting_changes_the_result_and_is_recorded(
    run: Run, photo: Path, options: tuple[object, ...], protocol: str, settings: dict[str, object]
) -> None:
    start = ("measure", photo, "--network", KEY, "--protocol", protocol, "--pairs", 4, "--json")
    usual, changed = parsed(run(*start))[0], parsed(run(*start, *options))[0]
    assert {name: changed[name] for name in settings} == settings
    assert changed["mean_absolute_change"] != usual["mean_absolute_change"]


def test_a_setting_reaches_the_protocols_that_have_it(run: Run, photo: Path) -> None:
    found = parsed(run("measure", photo, "--network", KEY, "--pairs", 1, "--side", 20, "--json"))
    assert [r.get("side") for r in found] == [None, 20, 20, 20]


def test_a_labelled_folder_gives_top1(run: Run, data: Path, album: Path) -> None:
    [record] = parsed(run("measure", album, "--network", KEY, "--protocol", "black", "--pairs", 1, "--json"))
    model, view = plain(data), transforms.Compose([transforms.Resize(72), transforms.CenterCrop(64)])
    right = 0
    for path in sorted(album.rglob("*.png")):
        frame = torch.from_numpy(np.array(view(Image.open(path)))).permute(2, 0, 1)
        right += cheap.NAMES[probabilities(model, frame).argmax()] == path.parent.name
    assert (record["top1"], record["top1_n"]) == (right / 12, 12)
    assert record["top1_interval"][0] <= record["top1"] <= record["top1_interval"][1]
    assert (record["photographs"], record["pairs"], record["labelled_pairs"]) == (12, 12, 12)
    assert sum(record["flips"].values()) == record["changed"]


def test_labels_that_the_network_does_not_know_give_no_top1(run: Run, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "unicorn").mkdir()
    (tmp_path / "unicorn" / "1.png").write_bytes(photo.read_bytes())
    [record] = parsed(run("measure", tmp_path, "--network", KEY, "--protocol", "crop", "--pairs", 2, "--json"))
    assert (record["top1"], record["top1_n"], record["flips"]) == (None, 0, None)


def test_a_bad_photograph_among_several_is_left_out_and_named(run: Run, photo: Path, tmp_path: Path) -> None:
    bad = tmp_path / "broken.png"
    bad.write_bytes(photo.read_bytes()[:500])
    status, out, err = run("measure", bad, photo, "--network", KEY, "--pairs", 2, "--json")
    alone = parsed(run("measure", photo, "--network", KEY, "--pairs", 2, "--json"))
    for record, clean in zip(json.loads(out), alone, strict=True):
        assert record.pop("skipped") == ["broken.png"]
        clean.pop("skipped")
        assert record == clean
    assert status == 0
    [warning] = warnings(err)  # not one a protocol
    assert "broken.png left out: got a damaged or truncated file" in warning
    assert "2/2" in err  # progress ends at the end though a photograph is missing


def test_a_photograph_too_small_for_the_protocol_is_left_out(run: Run, album: Path, photo: Path) -> None:
    Image.open(photo).resize((20, 200)).save(small := album.parent / "thin.png")
    arguments = ("--network", KEY, "--protocol", "crop", "--pairs", 2, "--step", 10, "--json")
    [record] = parsed(run("measure", photo, small, *arguments))
    assert (record["skipped"], record["photographs"]) == (["thin.png"], 1)
    status, out, err = run("measure", small, *arguments)
    assert (status, out) == (1, "")
    assert "got a photograph of 20 x 200 pixels" in err


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_but_bad_photographs_is_an_error(run: Run, tmp_path: Path, count: int) -> None:
    paths = [tmp_path / f"{k}.jpg" for k in range(count)]
    for path in paths:
        path.write_text("no picture")
    status, out, err = run("measure", *paths, "--network", KEY, "--json")
    assert (status, out) == (1, "")
    lines = err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["warning"] * (count if count > 1 else 0) + ["error"]
    assert ("got a text file as '0.jpg'" in lines[0]) if count == 1 else ("no usable photograph among 2" in lines[-1])


def test_the_same_pixels_count_once(run: Run, photo: Path, tmp_path: Path) -> None:
    for folder in ("cat", "cup"):
        (tmp_path / folder).mkdir()
        Image.open(photo).save(tmp_path / folder / "1.png")
    arguments = ("--network", KEY, "--protocol", "black", "--pairs", 3, "--json")
    status, out, err = run("measure", tmp_path, *arguments)
    [record] = json.loads(out)
    assert status == 0
    assert (record["photographs"], record["pairs"], record["skipped"]) == (1, 3, ["cup/1.png"])
    assert record["top1_n"] == 1
    assert "'cup/1.png' with the same pixels as 'cat/1.png'" in err


def test_limit_takes_the_first(run: Run, album: Path) -> None:
    arguments = ("--network", KEY, "--protocol", "scale", "--pairs", 2, "--json")
    first = sorted(album.rglob("*.png"))[:2]
    [limited], [chosen] = parsed(run("measure", album, *arguments, "--limit", 2)), parsed(
        run("measure", *first, *arguments)
    )  # fmt: skip
    assert limited["photographs"] == 2
    same = ("pairs", "changed", "mean_absolute_change", "p_top1_change_interval", "representation_change")
    assert {name: limited[name] for name in same} == {name: chosen[name] for name in same}


def test_reduce_to_measures_the_reduced_photograph(run: Run, photo: Path, tmp_path: Path) -> None:
    reduce_to(read(photo), 70).image().save(tmp_path / "small.png")
    arguments = ("--network", KEY, "--protocol", "crop", "--pairs", 4, "--json")
    [reduced] = parsed(run("measure", photo, *arguments, "--reduce-to", 70))
    [small], [usual] = (parsed(run("measure", path, *arguments)) for path in (tmp_path / "small.png", photo))
    assert (reduced.pop("reduced_to"), small.pop("reduced_to")) == (70, None)
    assert reduced == small
    assert usual["mean_absolute_change"] != small["mean_absolute_change"]


# Scenes


def test_consistency_is_cores_and_says_what_is_left_out(
    run: Run, album: Path, engine: Engine, data: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    arguments = ("consistency", album, bad, "--network", f"{KEY},{DRAWN}", "--seed", 3)
    status, out, err = run(*arguments, "--json")
    assert status == 0
    first, second = json.loads(out)
    card = registry.get(KEY, DataFolder(data))
    slow = consistency(engine, engine.load(card), [file.read() for file in find([album])], seed=3)
    assert (first["consistency"], first["photographs"], first["resized_to"]) == (slow.value, 12, 73)
    assert first["consistency_interval"] == list(slow.interval)
    assert second["network"] == DRAWN
    assert len(warnings(err)) == 2  # the bad photograph once, and that DRAWN never saw photographs
    assert "bad.jpg left out" in err
    assert "trained on drawn scenes" in err
    status, out, _ = run(*arguments)
    assert f"{KEY}  consistency {slow.value:.3f} [" in out
    assert "not a one-pixel rate" in out
    status, _, err = run("consistency", bad, "--network", KEY)
    assert status == 1
    assert "error: got no usable photograph" in err.lower()


def test_scenes_are_measured_as_their_pictures_are(run: Run, tmp_path: Path) -> None:
    """Drawn again or read from PNG files: the same record."""
    for seed in range(4):
        render(seed, label="cat").image().save(tmp_path / f"{seed}.png")
    (tmp_path / "labels.csv").write_text("file,label\n" + "".join(f"{seed}.png,cat\n" for seed in range(4)))
    arguments = ("--network", KEY, "--protocol", "crop,black", "--pairs", 2, "--json")
    drawn, filed = (run("measure", place, *arguments) for place in ("scenes:0-3,label=cat", tmp_path))
    assert parsed(drawn) == parsed(filed)
    assert [(r["photographs"], r["pairs"], r["top1_n"], r["skipped"]) for r in parsed(drawn)] == [(4, 8, 4, [])] * 2
    assert parsed(run("measure", "scenes:1-9,label=cat", "--limit", 3, *arguments)) == parsed(
        run("measure", "scenes:1,label=cat", "scenes:2-3,label=cat", *arguments)
    )
    other = parsed(run("measure", "scenes:0-3,label=cat,spread=1", *arguments))
    assert [r["mean_absolute_change"] for r in other] != [r["mean_absolute_change"] for r in parsed(drawn)]


@pytest.mark.parametrize("source", ["scenes:x", "scenes:3-1", "scenes:0,label=dragon", "scenes:0,spread=2"])
def test_a_wrong_source_of_scenes_is_one_line(run: Run, tmp_path: Path, source: str) -> None:
    out = tmp_path / "index"
    for arguments in (
        ("measure", source, "--network", KEY),
        ("index", "build", "--photos", source, "--network", KEY, "--out", out),
        ("index", "build", "--photos", "scenes:0-9", "--reference", source, "--network", KEY, "--out", out),
    ):
        status, printed, err = run(*arguments)
        assert (status, printed, err.count("\n")) == (1, "", 1)
        assert err.startswith("error: got ")
        assert f" in '{source}'; wanted " in err
    assert not out.exists()


def test_an_index_of_scenes(run: Run, photo: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    built = run("index", "build", "--photos", "scenes:0-11", "--network", DRAWN, "--out", index,
                "--reference", "scenes:100-102", "--json")  # fmt: skip
    assert parsed(built) == {"index": str(index), "network": DRAWN, "rows": 12, "bad": 0, "reference": 3}
    assert parsed(run("index", "verify", index, "--json"))["problems"] == []
    found = parsed(run("index", "search", index, "scenes:3", "--k", 11, "--json"))
    assert find([Path(found[0]["path"])])[0].read().digest == render(3).digest
    assert found[0]["cosine"] >= 0.9999
    assert parsed(run("index", "search", index, found[0]["path"], "--k", 11, "--json")) == found
    status, out, err = run("typicality", "scenes:3", "--index", index, "--json")
    result = json.loads(out)
    assert (status, err, result["warning"], result["trained_on"]) == (0, "", None, SCENES)
    assert result["neighbours"] == found[1:]  # without the scene itself
    assert (result["references"], result["rows"], result["digest"]) == (3, 12, render(3).digest)
    status, out, err = run("typicality", photo, "--index", index, "--json")
    assert err == f"warning: {json.loads(out)['warning']}\n"
    assert f"warning: {DRAWN} was trained on drawn scenes and knows only 6 drawn things" in err
    status, out, err = run("typicality", photo, "--index", index)
    assert (status, len(warnings(err)), "warning" in out) == (0, 1, False)


def test_a_network_of_drawn_scenes_is_warned_of_once_where_a_photograph_is_real(run: Run, photo: Path) -> None:
    arguments = ("--network", f"{DRAWN},{OTHER}", "--protocol", "black,scale", "--pairs", 2, "--json")
    for places, count in (((photo,), 1), (("scenes:0-1", photo), 1), (("scenes:0-1",), 0)):
        status, out, err = run("measure", *places, *arguments)
        records = json.loads(out)  # stdout is clean
        assert status == 0
        assert [(r["network"], r["trained_on"]) for r in records] == [(DRAWN, SCENES)] * 2 + [(OTHER, None)] * 2
        assert len(warnings(err)) == count
        assert all(f"{DRAWN} was trained on drawn scenes" in line for line in warnings(err))
        for mine, same in zip(records[:2], records[2:], strict=True):  # a warning changes no number
            assert {**mine, "network": OTHER, "trained_on": None} == same


# What is refused


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--network", "resnet5"), ["got network 'resnet5'", KEY, OTHER, "torchvision/resnet50.imagenet1k_v1"]),
        (("--network", f"{KEY},"), ["got network ''"]),
        (("--network", KEY, "--protocol", "zoom"), ["got protocol 'zoom'", "crop, black, inpaint, scale"]),
        (("--network", KEY, "--step", "33"), ["got step 33", "0 to 32"]),
        (("--network", KEY, "--protocol", "crop", "--side", "20"), ["got --side 20 with crop", "Leave --side out"]),
        (("--network", KEY, "--protocol", "black,scale", "--unit", "network"), ["got --unit network with black"]),
        (("--network", KEY, "--protocol", "black", "--side", "64"), ["side of 64 with a step of 1 in a frame of 64"]),
        (("--network", "torchvision/vgg16.imagenet1k_v1"), ["vgg16", "Fetch them"]),
    ],
)
def test_known_errors_are_one_line_and_exit_1(run: Run, photo: Path, options: tuple[str, ...], said: list[str]) -> None:
    status, out, err = run("measure", photo, *options, "--json")
    assert (status, out) == (1, "")
    assert err.startswith("error: got ")
    assert err.count("\n") == 1
    for text in said:
        assert text in err


def test_a_path_that_is_not_there(run: Run, tmp_path: Path) -> None:
    status, out, err = run("measure", tmp_path / "gone.jpg", "--network", KEY)
    assert (status, out) == (1, "")
    assert f"got {tmp_path / 'gone.jpg'}; wanted a photograph or a folder" in err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("measur",),
        ("index",),
        ("measure", "PHOTO"),
        ("measure", "--network", KEY),
        ("measure", "PHOTO", "--network", KEY, "--pairs", "0"),
        ("measure", "PHOTO", "--network", KEY, "--pairs", "many"),
        ("measure", "PHOTO", "--network", KEY, "--seed", "-1"),
        ("measure", "PHOTO", "--network", KEY, "--direction", "up"),
        ("measure", "PHOTO", "--network", KEY, "--colour"),
        ("typicality", "PHOTO"),
        ("typicality", "PHOTO", "--index", "DIR", "--k", "0"),
        ("index", "build", "--photos", "DIR", "--network", KEY),
        ("study", "protocols", "--photos", "DIR", "--network", KEY),
        ("study", "protocols", "--photos", "DIR", "--network", KEY, "--out", "DIR", "--sides", "40,"),
        ("train",),
        ("train", "resnet10.scenes", "--seeds", ""),
        ("train", "resnet10.scenes", "--seeds", "-1"),
        ("train", "resnet10.scenes", "--seeds", "0,"),
        ("train", "resnet10.scenes", "--seeds", "0;1"),
    ],
)
def test_usage_errors_exit_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (2, "")
    assert err.startswith("usage: python -m core")


@pytest.mark.parametrize(
    "command",
    [(), ("networks",), ("measure",), ("typicality",), ("index",), ("index", "build"), ("index", "verify"),
     ("index", "search"), ("index", "compact"), ("index", "push"), ("scenes",),
     ("scenes", "render"), ("scenes", "sheet"), ("study",), ("train",), ("fetch",), ("bench",)],
)  # fmt: skip
def test_every_command_has_help(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command, "--help"])
    assert stopped.value.code == 0
    assert " ".join(["usage: python -m core", *command]) in capsys.readouterr().out


# study


def test_a_study_prints_what_measure_finds_and_a_second_run_the_same(run: Run, album: Path, tmp_path: Path) -> None:
    networks = ("--network", f"{KEY},{OTHER}", "--protocol", "crop,scale", "--pairs", 2, "--seed", 3)
    words = ("study", "protocols", "--photos", album, *networks, "--out", tmp_path / "out", "--json")
    first = run(*words)
    found, wanted = parsed(first), parsed(run("measure", album, *networks, "--json"))
    assert [(r["network"], r["protocol"]) for r in found] == [(k, p) for k in (KEY, OTHER) for p in ("crop", "scale")]
    alike = wanted[0].keys() - {"skipped", "software", "side"}
    assert [{name: r[name] for name in alike} for r in found] == [{name: r[name] for name in alike} for r in wanted]
    assert [r["side"] for r in found] == [None, 29, None, 29]
    assert all(line.startswith("protocols pairs: ") for line in first[2].splitlines())
    assert run(*words) == (0, first[1], "")
    status, out, err = run(*words[:-3], "--out", tmp_path / "out")
    assert (status, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()] == [[r["network"], r["protocol"]] for r in found]
    assert f"top-1 {found[0]['top1']:.3f} [" in out
    assert "  side 29  " in out


def test_a_study_of_another_kind_is_refused_in_one_line(run: Run, album: Path, tmp_path: Path) -> None:
    words = ("study", "protocols", "--photos", album, "--network", KEY, "--protocol", "crop", "--out", tmp_path / "out")
    assert run(*words)[0] == 0
    for more, said in (
        (("--pairs", 2), "config, pairs: 1; wanted one of config, pairs: 2"),
        (("--limit", 5), "photographs, given: 12; wanted one of photographs, given: 5"),
        (("--network", OTHER), f"networks {KEY}; wanted one of networks {OTHER}"),
        (("--sides", "20"), "sides with crop"),
    ):
        status, out, err = run(*words, *more)
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert said in err
    status, _, err = run("study", "protocol", *words[2:])
    assert (status, "wanted one of" in err) == (1, True)
    assert run("study", "typicality", *words[2:])[2].count("without --index DIR") == 1


def test_a_trial_is_small_and_says_who_is_strange(run: Run, tmp_path: Path) -> None:
    pair = "embedded/resnet10.scenes-0"
    words = ("study", "antialiasing", "--photos", "scenes:0-99", "--network", f"{pair},{DRAWN}", "--small", "--json")
    found = parsed(run(*words, "--out", tmp_path / "out"))
    twin = "embedded/resnet10_bin5.scenes-0"
    assert [(r["network"], r["photographs"], r["pairs"]) for r in found][::2] == [
        (pair, 16, 32), (twin, 16, 32), (DRAWN, 16, 32)
    ]  # fmt: skip
    made = studies.read(tmp_path / "out").manifest
    assert made.command.endswith("--small")
    assert made.command.startswith("python -m core study antialiasing --photos scenes:0-99 --network")


def test_photographs_that_are_left_out_and_strange_networks_are_warned_of(
    run: Run, album: Path, photo: Path, tmp_path: Path
) -> None:
    folder = saved([read(photo)], tmp_path / "album")
    (folder / "torn.png").write_bytes(b"no picture")
    words = ("study", "protocols", "--photos", folder, "--network", DRAWN, "--out", tmp_path / "out")
    said = warnings(run(*words)[2])
    assert len(said) == 2
    assert "drawn" in said[0]
    assert said[1].startswith("warning: torn.png left out: got a text file")
    assert warnings(run(*words)[2]) == said  # of a finished study too


@pytest.mark.parametrize("name", studies.names())
def test_a_request_is_the_same_on_the_command_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked: list[Request] = []

    def stop(self: Request, *_: object, **__: object) -> None:
        asked.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(Request, "run", stop)
    named, unit = (("black",), "source") if name == "augmentation" else (("crop", "black"), "network")
    given = {"pairs": 3, "seed": 5, "step": 2, "direction": "down", "sides": (20, 30), "protocols": named, "unit": unit}
    for request in (
        Request(study=studies.create(name), photos="a folder/with 'quotes'", networks=("a", "b")),
        Request(study=studies.create(name, **given, reduce_to=300), photos="scenes:0-9",
                networks=("a",), limit=7, index="i", confidence="c", trial=True),
    ):  # fmt: skip
        assert run(*request.arguments(), "--out", tmp_path)[0] == 130
        assert asked.pop() == request
    assert set(re.findall(r"\w+", cli.studying.NAMES)) - {"or"} == set(studies.names())


# networks


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
    assert "not here, and cannot be: timm/dm_nfnet_f0.dm_in1k with crop_mode 'squash'" in out
    status, out, err = run("networks", "--search", "no such network")
    assert (status, out.strip(), err) == (0, "", "none of timm's names holds: no such network\n")
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
    assert err.startswith("error: got " + ("offline mode" if network == "offline" else "no connection to"))
    where = f"{tmp_path}/weights as timm--convnext_atto.d2_in1k.safetensors"
    assert f"https://huggingface.co/{key}/resolve/main/model.safetensors and save it in {where}" in err
    assert not list((tmp_path / "weights").glob("*.safetensors*.sha256"))


def test_weights_are_fetched(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(remote: RemoteFile, folder: Path, *, progress: Any, cancel: Any) -> Path:
        for done in (0, 60 * 2**20, 120 * 2**20):
            progress(Progress(done, 120 * 2**20, 2**21))
        folder.mkdir(parents=True)
        (folder / remote.name).write_bytes(b"weights")
        return folder / remote.name

    monkeypatch.setattr(provision, "fetch", fetched)
    key, file = "timm/convnext_atto.d2_in1k", tmp_path / "weights" / "timm--convnext_atto.d2_in1k.safetensors"
    status, out, err = run("networks", "--fetch", key, "--data", tmp_path, "--json")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert (status, json.loads(out)) == (0, {"key": key, "file": str(file), "digest": digest})
    assert err.splitlines()[1] == "MB: 60/120 (2.0/s, 30 s left)"
    here = next(line for line in run("networks", "--data", tmp_path)[1].splitlines() if line.startswith(key))
    assert here.startswith(f"{key:42} here 0 MB")
    assert "apache-2.0; timm" in here
    assert run("networks", "--fetch", KEY)[2].startswith(f"error: got no address for {KEY}")
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
    assert err.splitlines() == [line for line in err.splitlines() if line.startswith("warning: got no field")]
    assert "broken.toml" in err
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


# index, typicality


@pytest.fixture(scope="module")
def index(data: Path, album: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the album, with five reference queries."""
    out = tmp_path_factory.mktemp("index") / "album"
    held_out = saved(cut_outs(5, seed=1), tmp_path_factory.mktemp("held-out") / "photos")
    arguments = ["--photos", album, "--network", KEY, "--out", out, "--reference", held_out, "--data", data, "--json"]
    printed, told = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(told):
        patch.setattr(core.engine, "Engine", lambda: engine)
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
        assert result["percentile"] == stats.percentileofscore(reference, result["typicality"], kind="mean")
        assert result["indexed_of_predicted"] == manifest["labels"].get(result["predicted"], 0)
        assert (result["network"], result["rows"], result["k"]) == (KEY, 12, 10)


def test_typicality_for_people(run: Run, index: Path, photo: Path) -> None:
    result = parsed(run("typicality", photo, "--index", index, "--json"))
    status, out, err = run("typicality", photo, "--index", index)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"typicality {result['typicality']:.4f} (more typical than {result['percentile']:.0f} %")
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
    assert "no reference queries" in run("typicality", photo, "--index", tmp_path / "index", "--k", 3)[1]
    status, _, err = run("typicality", photo, "--index", tmp_path / "index", "--k", 12)
    assert status == 1
    assert "wanted at least 12 others" in err


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
    assert "got the class 'dragon'; wanted one of the 4" in err
    result = parsed(run("typicality", photo, "--index", index, "--k", 2, "--per-class", "--json"))
    assert set(result["per_class"]) == {"cat", "cup", "face", "rocket"}
    alone = parsed(run("typicality", photo, "--index", index, "--k", 2, "--class", "rocket", "--json"))
    assert alone["typicality"] == pytest.approx(result["per_class"]["rocket"], abs=1e-12)
    assert (alone["percentile"], alone["classes"], alone["search"]) == (None, ["rocket"], "exact")
    lines = run("typicality", photo, "--index", index, "--k", 2, "--per-class")[1].splitlines()
    assert lines[4].endswith(f"among photographs of {next(iter(result['per_class']))}")
    status, _, err = run("typicality", photo, "--index", index, "--scores")
    assert status == 1
    assert "wanted at least 50 others" in err
    for how, said in (("compact", "index compact"), ("guess", "wanted exact, compact, or milvus://")):
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
        **near[1], "cosine": pytest.approx(1, abs=1e-6),
    }  # fmt: skip


def test_an_index_of_another_network_is_refused(run: Run, index: Path, photo: Path) -> None:
    for arguments in (("typicality", photo, "--index", index), ("index", "search", index, photo)):
        status, out, err = run(*arguments, "--network", OTHER, "--json")
        assert (status, out) == (1, "")
        assert f"holds features of {KEY}; wanted features of {OTHER}" in err
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
    assert err.startswith("error: got shards/00000.npy: changed since it was built")


# train


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
    assert warnings(run(*measure, photo)[2]) == [f"warning: {card.strange(drawn=False)}"]

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
        ("resnet5.scenes", "got recipe 'resnet5.scenes'; wanted one of alexnet32.cifar10, alexnet32.scenes32, "),
        ("../resnet10.scenes", "got recipe '../resnet10.scenes'"),
        ("gone.toml", "got recipe 'gone.toml'"),
        ("FILE", "no table [scenes] in speck.toml; wanted"),
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


# bench, interruption, a process of its own


def test_bench_prints_both_ratios(run: Run, data: Path) -> None:
    result = parsed(run("bench", "--network", KEY, "--rounds", 1, "--json"))
    rates = ("single_frames_per_s", "batched_frames_per_s", "raw_frames_per_s", "end_to_end_frames_per_s")
    for name in ("batched_over_single", "end_to_end_over_raw", *rates):
        assert 0 < result[name] < float("inf")
    assert result["batched_over_single"] == pytest.approx(
        result["batched_frames_per_s"] / result["single_frames_per_s"]
    )
    assert result["end_to_end_over_raw"] == pytest.approx(
        result["end_to_end_frames_per_s"] / result["raw_frames_per_s"]
    )
    assert (result["network"], result["rounds"]) == (KEY, 1)


@pytest.mark.parametrize(("what", "rate"), [("study", "study_frames_per_s"), ("build", "build_photographs_per_s")])
def test_bench_measures_a_study_and_a_build(run: Run, data: Path, what: str, rate: str) -> None:
    result = parsed(run("bench", "--network", KEY, "--rounds", 1, f"--{what}", 3, "--json"))
    assert (result["network"], result["photographs"]) == (KEY, 3)
    assert result[f"{what}_over_raw"] == pytest.approx(result[rate] / result["raw_frames_per_s"])
    assert 0 < result[f"{what}_over_raw"] < 5


def test_bench_measures_a_training_loop(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_train, "BATCHES", {"cpu": 3})
    text = (recipe.RECIPES / "resnet8_black.cifar10.toml").read_text()
    tiny = tmp_path / "tiny.toml"
    tiny.write_text(text.replace("batch = 64", "batch = 4"))
    result = parsed(run("bench", "--train", tiny, "--rounds", 1, "--json"))
    assert (result["recipe"], result["batch"], result["batches"]) == ("resnet8_black.cifar10", 4, 3)
    assert 0 < result["training_over_synthetic"] < 5
    assert result["training_over_synthetic"] == pytest.approx(
        result["training_photographs_per_s"] / result["synthetic_photographs_per_s"]
    )
    assert run("bench", "--train", "nothing")[0] == 1


def test_an_interrupt_is_130(run: Run, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(measurements, "run", interrupted)
    assert run("measure", photo, "--network", KEY) == (130, "", "stopped; what was finished is kept\n")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "core", *map(str, arguments)]


def alone() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def test_a_process_of_its_own_prints_the_same_bytes_and_stops_when_told(
    run: Run, data: Path, photo: Path, tmp_path: Path
) -> None:
    arguments = ("--network", KEY, "--protocol", "black", "--json", "--data", data)
    odd = os.fsencode(tmp_path) + b"/caf\xe9.png"  # a name that is not UTF-8
    Path(os.fsdecode(odd)).touch()
    words = command("measure", os.fsdecode(odd), photo, *arguments, "--pairs", 4)
    done = subprocess.run(words, capture_output=True, text=True, env=alone(), cwd=ROOT)
    alike = run("measure", photo, *arguments, "--pairs", 4)[1].replace(
        '"skipped": []', '"skipped": [\n   "caf\\udce9.png"\n  ]'
    )
    assert (done.returncode, done.stdout) == (0, alike)
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [f"{KEY} black pairs", "warning"]
    process = subprocess.Popen(
        command("measure", photo, *arguments, "--pairs", 100_000),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=alone(), cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell has it ignored
    )  # fmt: skip
    assert process.stderr is not None
    process.stderr.readline()  # at work
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "stopped; what was finished is kept"


def test_scenes_are_rendered_and_laid_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, page = tmp_path / "one.png", tmp_path / "sheet.png"
    assert cli.main(["scenes", "render", "--seed", "3", "--label", "owl", "--out", str(one), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["label"], said["digest"]) == ("owl", render(3, label="owl").digest)
    assert np.array_equal(np.asarray(Image.open(one)), np.asarray(render(3, label="owl").image()))
    assert cli.main(["scenes", "sheet", "--per-class", "1", "--out", str(page)]) == 0
    assert Image.open(page).height > 16 * 192
    assert cli.main(["scenes", "render", "--out", str(tmp_path / "nowhere" / "one.png")]) == 1
    assert "nowhere" in capsys.readouterr().err
    assert cli.main(["scenes", "render", "--label", "dragon", "--out", str(one)]) == 1
