"""The command line, as people and scripts meet it: exit status, stdout, stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import training
from core import cli
from core.datasets.scenes import render
from core.exploration import measurements
from core.training import recipe
from tests.support.basics import ROOT
from tests.support.commanded import KEY, OTHER, Run, parsed
from tests.support.profiled import DISPLAY_P3

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--network", "resnet5"), ["no network 'resnet5'", KEY, OTHER, "torchvision/resnet50.imagenet1k_v1"]),
        (("--network", f"{KEY},"), ["no network ''"]),
        (("--network", KEY, "--protocol", "zoom"), ["There is no protocol 'zoom'", "crop, black, inpaint, scale"]),
        (("--network", KEY, "--step", "33"), ["step is 33", "0 to 32"]),
        (
            ("--network", KEY, "--protocol", "crop", "--side", "20"),
            ["--side 20 has no effect with crop", "Leave --side out"],
        ),
        (
            ("--network", KEY, "--protocol", "black,scale", "--unit", "network"),
            ["--unit network has no effect with black"],
        ),
        (("--network", KEY, "--reading", "script", "--unit", "source"), ["script and the unit source contradict"]),
        (("--network", KEY, "--protocol", "inpaint", "--reading", "script"), ["--reading script has no effect"]),
        (("--network", KEY, "--protocol", "black", "--side", "64"), ["side of 64 with a step of 1", "frame of 64"]),
        (("--network", "torchvision/vgg16.imagenet1k_v1"), ["vgg16", "Fetch them"]),
    ],
)
def test_known_errors_are_one_line_and_exit_1(run: Run, photo: Path, options: tuple[str, ...], said: list[str]) -> None:
    status, out, err = run("measure", photo, *options, "--json")
    assert (status, out) == (1, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    for text in said:
        assert text in err


def test_a_path_that_is_not_there(run: Run, tmp_path: Path) -> None:
    status, out, err = run("measure", tmp_path / "gone.jpg", "--network", KEY)
    assert (status, out) == (1, "")
    assert f"{tmp_path / 'gone.jpg'} does not exist. Give a photograph or a folder" in err


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
    [
        (),
        ("networks",),
        ("measure",),
        ("typicality",),
        ("index",),
        ("index", "build"),
        ("index", "verify"),
        ("index", "search"),
        ("index", "compact"),
        ("index", "push"),
        ("scenes",),
        ("scenes", "render"),
        ("scenes", "sheet"),
        ("study",),
        ("train",),
        ("fetch",),
        ("bench",),
    ],
)
def test_every_command_has_help(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command, "--help"])
    assert stopped.value.code == 0
    assert " ".join(["usage: python -m core", *command]) in capsys.readouterr().out


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
        assert err.startswith("error: ")
        assert f"'{source}' " in err
    assert not out.exists()


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
    monkeypatch.setattr(training, "BATCHES", {"cpu": 3})
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
    assert run("measure", photo, "--network", KEY) == (130, "", "Stopped. Finished work is kept.\n")


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
    said = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert list(dict.fromkeys(said)) == [f"{KEY} black pairs", "warning"]
    process = subprocess.Popen(
        command("measure", photo, *arguments, "--pairs", 100_000),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=alone(),
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell has it ignored
    )
    assert process.stderr is not None
    process.stderr.readline()  # at work
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "Stopped. Finished work is kept."


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


def test_colour_profiles_are_converted_unless_told_otherwise(run: Run, photo: Path, tmp_path: Path) -> None:
    phone = tmp_path / "phone.png"
    Image.open(photo).save(phone, icc_profile=DISPLAY_P3)
    options = ("--network", KEY, "--protocol", "black", "--json")
    plain, converted, ignored = (
        parsed(run("measure", path, *options, *more))[0]
        for path, more in ((photo, ()), (phone, ()), (phone, ("--colour", "ignore")))
    )
    assert ignored.pop("colour") == "ignore"
    assert ignored == plain
    assert "colour" not in converted
    assert converted["mean_absolute_change"] != plain["mean_absolute_change"]
