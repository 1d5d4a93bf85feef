"""The commands ``results`` and ``study --dry-run``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.experiments.study_results import StudyResults
from core.storage.data_folder import EMBEDDED
from core.studies import read
from tests.support.commanded import Run, parsed

PROTOCOLS = EMBEDDED.studies / "protocols"
READOUTS = EMBEDDED.studies / "readouts"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROTOCOLS, tmp_path / "study"))


def exits_with_2(run: Run, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        run("results", *arguments, "--json")
    assert stopped.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("folder", [PROTOCOLS, READOUTS], ids=["protocols", "readouts"])
def test_the_command_prints_what_the_page_computes(run: Run, folder: Path) -> None:
    found = parsed(run("results", folder, "--json"))
    assert found == json.loads(json.dumps(StudyResults.of(read(folder)).as_dict()))


@pytest.mark.parametrize("folder", [PROTOCOLS, READOUTS], ids=["protocols", "readouts"])
def test_text_for_people_has_every_number(run: Run, folder: Path) -> None:
    status, out, _ = run("results", folder)
    found = parsed(run("results", folder, "--json"))
    assert status == 0
    for row in found["rates"]:
        low, high = row["interval"]
        assert f"{row['value']:.4f}  [{low:.4f}, {high:.4f}]" in out
    for row in found["comparisons"]:
        assert f"{row['difference']:+.4f}" in out
        assert f"p {row['p']:.2g}, corrected {row['p_corrected']:.2g}" in out
    for text in found["findings"]:
        assert text in out
    assert out.count("Family of ") == 3
    assert "intervals, P(top-1 change): Wilson (1927)" in out


def test_two_studies(run: Run) -> None:
    found = parsed(run("results", PROTOCOLS, "--against", EMBEDDED.studies / "failures", "--json"))
    assert {row["paired"] for row in found["between"]} == {True}
    assert found["against"]["study"] == "failures"
    status, out, _ = run("results", PROTOCOLS, "--against", EMBEDDED.studies / "failures")
    assert (status, out.count("paired, ")) == (0, len(found["between"]))
    _, out, _ = run("results", PROTOCOLS, "--against", EMBEDDED.studies / "figure_10_cifar10")
    assert "none: they have no network under the same protocol and side" in out


def _unfinished(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"finished": None, "files": None}))


def _short(folder: Path) -> None:
    data = (folder / "results.parquet").read_bytes()
    (folder / "results.parquet").write_bytes(data[: len(data) // 2])


def _garbage(folder: Path) -> None:
    path = folder / "results.parquet"
    path.write_bytes(b"x" * path.stat().st_size)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing folder": (shutil.rmtree, "cannot be read"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "cannot be read"),
    "broken manifest": (lambda folder: (folder / "manifest.json").write_text("{"), "is not a manifest"),
    "foreign manifest": (lambda folder: (folder / "manifest.json").write_text("[1]"), "is not a manifest"),
    "unfinished": (_unfinished, "is not finished"),
    "no table": (lambda folder: (folder / "results.parquet").unlink(), "is missing"),
    "short table": (_short, "is damaged"),
    "garbage": (_garbage, "cannot be read"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_study_that_cannot_be_read_is_one_clear_error(
    run: Run, capsys: pytest.CaptureFixture[str], study: Path, kind: str
) -> None:
    damage, said = DAMAGE[kind]
    damage(study)
    assert said in exits_with_2(run, capsys, study)
    assert said in exits_with_2(run, capsys, PROTOCOLS, "--against", study)


def test_a_study_of_another_kind_is_an_error(run: Run, capsys: pytest.CaptureFixture[str], study: Path) -> None:
    manifest = json.loads((study / "manifest.json").read_text())
    (study / "manifest.json").write_text(json.dumps(manifest | {"study": "astrology"}))
    assert "no study 'astrology'" in exits_with_2(run, capsys, study)
    assert "One study measures linear probes" in exits_with_2(run, capsys, PROTOCOLS, "--against", READOUTS)
    assert "compared with itself" in exits_with_2(run, capsys, PROTOCOLS, "--against", PROTOCOLS)


def test_a_dry_run_writes_nothing_and_says_what_the_study_can_show(run: Run, tmp_path: Path) -> None:
    words = ("study", "protocols", "--photos", "scenes:2000000-2000009", "--network")
    networks = "embedded/resnet10.scenes-0,embedded/resnet10_bin5.scenes-0"
    found = parsed(run(*words, networks, "--pairs", 2, "--dry-run", "--json"))
    assert (found["photographs"], found["frames"]) == (10, 10 * 2 * (2 * 2 * 4 + 1))
    assert (found["seconds"], found["bytes"]) == (None, None)
    assert 0 < found["smallest_difference"] < 1
    larger = parsed(run(*words, networks, "--pairs", 16, "--dry-run", "--json"))
    assert larger["smallest_difference"] < found["smallest_difference"]
    status, out, _ = run(*words, networks, "--dry-run", "--out", tmp_path / "none")
    assert status == 0
    assert "is found with a probability of 80 %" in out
    assert not (tmp_path / "none").exists()
