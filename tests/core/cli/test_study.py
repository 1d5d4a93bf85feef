"""``study``: what ``measure`` finds, as one asks for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import cli, studies
from core.images.photographs import read
from core.studies.request import Request
from tests.support.commanded import DRAWN, KEY, OTHER, Run, parsed, saved, warnings

pytestmark = pytest.mark.usefixtures("one_thread")


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
        (("--pairs", 2), "config, pairs: 1. This study is of config, pairs: 2"),
        (("--limit", 5), "photographs, given: 12. This study is of photographs, given: 5"),
        (("--network", OTHER), f"networks {KEY}. This study is of networks {OTHER}"),
        (("--sides", "20"), "sides with crop"),
    ):
        status, out, err = run(*words, *more)
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert said in err
    status, _, err = run("study", "protocol", *words[2:])
    assert (status, "There is no study" in err) == (1, True)
    assert run("study", "typicality", *words[2:])[2].count("without --index DIR") == 1


def test_a_trial_is_small_and_says_who_is_strange(run: Run, tmp_path: Path) -> None:
    pair = "embedded/resnet10.scenes-0"
    words = ("study", "antialiasing", "--photos", "scenes:0-99", "--network", f"{pair},{DRAWN}", "--small", "--json")
    found = parsed(run(*words, "--out", tmp_path / "out"))
    twin = "embedded/resnet10_bin5.scenes-0"
    assert [(r["network"], r["photographs"], r["pairs"]) for r in found][::2] == [
        (pair, 16, 32),
        (twin, 16, 32),
        (DRAWN, 16, 32),
    ]
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
    assert said[1].startswith("warning: torn.png left out: ")
    assert "a text file" in said[1]
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
        Request(
            study=studies.create(name, **given, reduce_to=300),
            photos="scenes:0-9",
            networks=("a",),
            limit=7,
            index="i",
            confidence="c",
            trial=True,
        ),
        Request(study=studies.create(name, reading="script"), photos="scenes:0-9", networks=("a",)),
    ):
        assert run(*request.arguments(), "--out", tmp_path)[0] == 130
        assert asked.pop() == request
    assert set(re.findall(r"\w+", cli.study.NAMES)) - {"or"} == set(studies.names())


def test_a_study_of_large_photographs_says_once_how_to_reduce_them(run: Run, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    for times in (8, 9):
        image = read(photo).image()
        image.resize((times * image.width, times * image.height)).save(tmp_path / "photos" / "cat" / f"{times}.png")
    words = ("study", "protocols", "--photos", tmp_path / "photos", "--network", KEY, "--pairs", 2)
    status, _, err = run(*words, "--out", tmp_path / "whole")
    assert (status, err.count("--reduce-to 375")) == (0, 1)
    for more in (("--reduce-to", 375), ("--reduce-to", "none", "--unit", "network")):
        status, _, err = run(*words, "--out", tmp_path / f"out {more[1]}", *more)
        assert (status, warnings(err)) == (0, [])
