"""``measure`` reduces large photographs inside the protocols, by default to ImageNet's usual size, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import core as library
from core import cli
from core.cli import parser
from core.datasets import find
from core.exploration import measurements
from core.images.photographs import read
from core.images.protocols import create, names
from core.inference.engine import Engine
from core.networks import registry
from core.storage.data_folder import DataFolder
from tests.support.collected import collect
from tests.support.commanded import KEY, Run, parsed, warnings

NOTE = "because ImageNet's are about 375 high"
MEASURES = ("p_top1_change", "mean_absolute_change", "representation_change")
EVERY = ("--network", KEY, "--protocol", "all", "--pairs", 4, "--json")


def enlarged(source: Path, target: Path, times: int) -> Path:
    image = read(source).image()
    target.parent.mkdir(parents=True, exist_ok=True)
    image.resize((times * image.width, times * image.height), Image.Resampling.BICUBIC).save(target)
    return target


@pytest.fixture
def large(photo: Path, tmp_path: Path) -> Path:
    return enlarged(photo, tmp_path / "cat" / "large.png", 6)


def test_a_large_photograph_is_reduced_and_its_seed_and_accuracy_are_its_own(
    run: Run, large: Path, engine: Engine, data: Path
) -> None:
    usual, named, never = (
        parsed(run("measure", large.parent.parent, *EVERY, *more))
        for more in ((), ("--reduce-to", 375), ("--reduce-to", "none"))
    )
    assert usual == named
    photo, network = read(large), engine.load(registry.get(KEY, DataFolder(data)))
    for record, whole in zip(usual, never, strict=True):
        assert (record["reduced_to"], whole["reduced_to"]) == (375, None)
        for result, side in ((record, 375), (whole, None)):
            rows = collect(engine, network, [photo], create(record["protocol"]), pairs=4, seed=0, reduce_to=side)
            assert result["changed"] == sum(row.changed for row in rows)
            assert result["mean_absolute_change"] == pytest.approx(
                sum(abs(row.p_after - row.p_before) for row in rows) / 4
            )
        assert (record["top1"], record["top1_n"]) == (whole["top1"], whole["top1_n"]) != (None, None)
    assert usual[0]["mean_absolute_change"] != never[0]["mean_absolute_change"]  # or the test would see nothing


def test_a_reduction_is_printed_once(run: Run, large: Path, album: Path, tmp_path: Path) -> None:
    status, _, err = run("measure", large, *EVERY)
    assert status == 0
    photo = read(large)
    notes = [line for line in err.splitlines() if line.startswith("note:")]
    size = f"{photo.width} x {photo.height}"
    assert notes == [f"note: reduced from {size}: ImageNet's photographs are about 375 high"]
    _, _, err = run("measure", large, album, *EVERY)
    assert (
        err.count(f"note: 1 of 13 photographs reduced to a short side of 375 px, {NOTE}\n") == err.count("note:") == 1
    )
    _, _, err = run("measure", large, *EVERY, "--reduce-to", "none")
    assert "note:" not in err
    assert not warnings(err)


def test_a_photograph_that_is_left_out_is_not_counted(run: Run, large: Path, photo: Path, tmp_path: Path) -> None:
    Image.new("RGB", (4700, 400)).save(tmp_path / "cat" / "strip.png")  # too narrow for this step, and large
    arguments = ("--network", KEY, "--protocol", "crop", "--pairs", 2, "--step", 32, "--json")
    status, _, err = run("measure", large, tmp_path / "cat" / "strip.png", photo, *arguments)
    assert (status, len(warnings(err))) == (0, 1)
    assert f"note: 1 of 2 photographs reduced to a short side of 375 px, {NOTE}\n" in err


def test_a_small_photograph_does_not_change_by_a_bit(run: Run, album: Path) -> None:
    usual, never = (parsed(run("measure", album, *EVERY, *more)) for more in ((), ("--reduce-to", "none")))
    assert usual == never
    assert {record["reduced_to"] for record in usual} == {None}


def test_equal_pixels_are_those_of_the_photographs_as_decoded(run: Run, large: Path, tmp_path: Path) -> None:
    """Two photographs that differ in one pixel are two, though reduced they would be equal."""
    other = read(large).image()
    other.putpixel((0, 0), tuple(255 - value for value in other.getpixel((0, 0))))  # type: ignore[union-attr, arg-type]
    other.save(tmp_path / "cat" / "other.png")
    [record] = parsed(run("measure", tmp_path, "--network", KEY, "--protocol", "black", "--json", "--reduce-to", 16))
    assert (record["photographs"], record["skipped"]) == (2, [])


@pytest.mark.parametrize("given", ["0", "-1", "None", "1.5", ""])
def test_what_is_no_side_is_refused(run: Run, photo: Path, given: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        run("measure", photo, "--network", KEY, f"--reduce-to={given}")
    assert stopped.value.code == 2


@pytest.mark.parametrize(("command", "default"), [("measure", "(375)"), ("study", "(none)")])
def test_help_says_the_true_default(command: str, default: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args([command, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert text.split("--reduce-to PIXELS")[-1].split(" --")[0].strip().endswith(default)


def test_the_library_gives_the_commands_numbers(run: Run, large: Path, data: Path) -> None:
    network = library.load_network(KEY, data=data)
    for more, settings in (((), {}), (("--reduce-to", "none"), {"reduce_to": None})):
        records = {r["protocol"]: r for r in parsed(run("measure", large, *EVERY, *more))}
        for name in names():
            measured = library.measure(library.read_photograph(large), network, name, pairs=4, **settings)
            got = {key: records[name][key] for key in MEASURES}
            assert got == pytest.approx({key: measured.as_dict()[key] for key in MEASURES}, abs=1e-6)


@pytest.mark.full
def test_scenes_enlarged_eight_times_look_stable_unless_they_are_reduced(tmp_path: Path) -> None:
    """Not only crops of one photograph: the rate over 24 scenes."""
    for number, file in enumerate(find(["scenes:2000000-2000023"])):
        image = file.read().image()
        image.resize((8 * image.width, 8 * image.height), Image.Resampling.BICUBIC).save(tmp_path / f"{number}.png")
    card = registry.get("embedded/resnet10.scenes-0", DataFolder.default())
    usual, never = (
        measurements.run([tmp_path], [card], [create("crop")], pairs=4, seed=0, **more)
        for more in ({}, {"reduce_to": None})
    )
    assert never[0]["p_top1_change"] == 0 < usual[0]["p_top1_change"]
    assert usual[0]["mean_absolute_change"] > 3 * never[0]["mean_absolute_change"]


@pytest.mark.parametrize("text", ["some", "0", "-1", "2.5", ""])
def test_another_value_is_refused_with_what_is_accepted(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["measure", "scenes:3", "--network", "any", f"--reduce-to={text}"])
    assert stopped.value.code == 2
    assert f"{text!r} is not a whole number of at least 1, nor none" in capsys.readouterr().err
