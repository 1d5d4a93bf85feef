"""Architectures counted in Keras's networks, in a process of its own, and kept in the data folder."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from core.errors import Cancelled, WeightsUnavailable
from core.experiments.table_3_networks import architecture
from core.experiments.table_3_networks.architecture import compute, load
from core.experiments.table_3_networks.networks import TABLE_3
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.storage.data_folder import DataFolder
from tests.support.architectures import COUNTED

data = pytest.fixture(lambda tmp_path: DataFolder(tmp_path), name="data")


def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Let the process run a script instead of Keras."""
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def ignore(_: Progress) -> None:
    pass


def test_the_networks_that_keras_builds_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """The parameters are the paper's; of depth and stride, those of Inception-ResNet-v2 are not."""
    architecture.main()
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert {key: architecture.Architecture(**counts) for key, counts in lines} == COUNTED
    for printed in TABLE_3:
        assert COUNTED[printed.key].parameters == printed.parameters
        assert (COUNTED[printed.key].depth == printed.depth) == (printed.subsampling is None)


@pytest.mark.full
def test_the_process_counts_the_same(data: DataFolder) -> None:
    assert compute(data, ignore, Cancel()) == load(data) == COUNTED


def test_what_the_process_counts_is_kept_for_these_versions(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = "\n".join(json.dumps([key, asdict(counts)]) for key, counts in COUNTED.items())
    quick(monkeypatch, tmp_path, f"print({lines!r})")
    assert load(data) is None
    reports: list[Progress] = []
    assert compute(data, reports.append, Cancel()) == COUNTED
    assert {report.total for report in reports} == {3}
    assert load(data) == COUNTED
    assert "keras" in json.loads((data.replication / architecture.FILE).read_bytes())["made_by"]
    monkeypatch.setattr(architecture, "software", lambda *_: {"keras": "another"})
    assert load(data) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"made_by": 1}', "null"])
def test_a_damaged_file_counts_as_none(data: DataFolder, text: str) -> None:
    data.replication.mkdir()
    (data.replication / architecture.FILE).write_text(text)
    assert load(data) is None


def test_without_keras_the_missing_package_is_named(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setattr(architecture, "find_spec", lambda _: None)
    with pytest.raises(WeightsUnavailable, match=r"package keras is missing.*pip install keras=="):
        compute(data, ignore, Cancel())
    assert load(data) is None


def test_a_failed_process_gives_its_last_line(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quick(monkeypatch, tmp_path, "raise SystemExit('no such layer')")
    with pytest.raises(WeightsUnavailable, match="no such layer"):
        compute(data, ignore, Cancel())
    assert load(data) is None


def test_a_cancel_ends_the_process(data: DataFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quick(monkeypatch, tmp_path, "import time; time.sleep(600)")
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled):
        compute(data, ignore, cancel)
    assert load(data) is None


def test_a_folder_that_cannot_be_written_costs_only_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    quick(monkeypatch, tmp_path, 'print(\'["a", {"parameters": 1, "depth": 2, "stride": 3}]\')')
    counted = compute(DataFolder(blocked), ignore, Cancel())
    assert counted == {"a": architecture.Architecture(parameters=1, depth=2, stride=3)}
    assert load(DataFolder(blocked)) is None
