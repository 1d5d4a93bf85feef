"""``measure`` and ``consistency``: equal to slow loops, and who is left out of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from scipy import stats
from torch import nn
from torchvision import transforms

from core.datasets import find
from core.datasets.scenes import render
from core.experiments.figure_09_13_antialiasing.consistency import consistency
from core.images.photographs import read
from core.images.protocols import create, generator, names
from core.inference.engine import Engine
from core.networks import registry
from core.networks.card import SCENES
from core.storage.data_folder import DataFolder
from tests.support import cheap
from tests.support.commanded import DRAWN, KEY, OTHER, Run, parsed, warnings

pytestmark = pytest.mark.usefixtures("one_thread")

WANTED = {
    "network",
    "protocol",
    "pairs",
    "seed",
    "p_top1_change",
    "p_top1_change_interval",
    "mean_absolute_change",
    "mean_absolute_change_interval",
}


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
        assert 0 <= low < record["mean_absolute_change"] < high <= 1
        student = stats.ttest_1samp(changes, 0).confidence_interval(0.95)
        assert high - low == pytest.approx(student.high - student.low, rel=1)


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
    assert "(4 pairs, 1 photograph, step 1 network px diagonal)" in line


@pytest.mark.parametrize(
    ("options", "protocol", "settings"),
    [
        (("--seed", 7), "black", {"seed": 7}),
        (("--step", 5, "--direction", "down"), "scale", {"step": 5, "direction": "down"}),
        (("--unit", "network"), "crop", {"unit": "network"}),
        (("--side", 20), "black", {"side": 20}),
        (("--reading", "script"), "crop", {"unit": "network", "reading": "script"}),
        (("--reading", "script"), "scale", {"surround": "#808080", "reading": "script"}),
        (("--reading", "script", "--unit", "network"), "crop", {"unit": "network", "reading": "script"}),
    ],
)
def test_every_setting_changes_the_result_and_is_recorded(
    run: Run, photo: Path, options: tuple[object, ...], protocol: str, settings: dict[str, object]
) -> None:
    start = ("measure", photo, "--network", KEY, "--protocol", protocol, "--pairs", 4, "--json")
    usual, changed = parsed(run(*start))[0], parsed(run(*start, *options))[0]
    assert {name: changed[name] for name in settings} == settings
    assert changed["mean_absolute_change"] != usual["mean_absolute_change"]


def test_the_text_is_the_usual_reading(run: Run, photo: Path) -> None:
    start = ("measure", photo, "--network", KEY, "--pairs", 2, "--json")
    usual, text = parsed(run(*start)), parsed(run(*start, "--reading", "text"))
    assert usual == text
    assert [(r["reading"], r.get("surround")) for r in usual] == [("text", s) for s in (None, "black", None, "black")]
    assert "reading script" in run(*start[:-1], "--reading", "script")[1]
    assert "reading" not in run(*start[:-1])[1]


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
    assert "broken.png left out: " in warning
    assert "a damaged or truncated file" in warning
    assert "2/2" in err  # progress ends at the end though a photograph is missing


def test_a_photograph_too_small_for_the_protocol_is_left_out(run: Run, album: Path, photo: Path) -> None:
    Image.open(photo).resize((20, 200)).save(small := album.parent / "thin.png")
    arguments = ("--network", KEY, "--protocol", "crop", "--pairs", 2, "--step", 10, "--json")
    [record] = parsed(run("measure", photo, small, *arguments))
    assert (record["skipped"], record["photographs"]) == (["thin.png"], 1)
    status, out, err = run("measure", small, *arguments)
    assert (status, out) == (1, "")
    assert "photograph of 20 x 200 pixels" in err


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_but_bad_photographs_is_an_error(run: Run, tmp_path: Path, count: int) -> None:
    paths = [tmp_path / f"{k}.jpg" for k in range(count)]
    for path in paths:
        path.write_text("no picture")
    status, out, err = run("measure", *paths, "--network", KEY, "--json")
    assert (status, out) == (1, "")
    lines = err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["warning"] * (count if count > 1 else 0) + ["error"]
    assert ("'0.jpg' is a text file" in lines[0]) if count == 1 else ("None of 2 photographs is usable" in lines[-1])


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
    assert "'cup/1.png' has the same pixels as 'cat/1.png'" in err


def test_limit_takes_the_first(run: Run, album: Path) -> None:
    arguments = ("--network", KEY, "--protocol", "scale", "--pairs", 2, "--json")
    first = sorted(album.rglob("*.png"))[:2]
    [limited], [chosen] = (
        parsed(run("measure", album, *arguments, "--limit", 2)),
        parsed(run("measure", *first, *arguments)),
    )
    assert limited["photographs"] == 2
    same = ("pairs", "changed", "mean_absolute_change", "p_top1_change_interval", "representation_change")
    assert {name: limited[name] for name in same} == {name: chosen[name] for name in same}


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
    assert "there is no usable photograph" in err.lower()


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
