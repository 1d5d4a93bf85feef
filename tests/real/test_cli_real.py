"""The command line on a real network and a real photograph, as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core import cli
from core.images.protocols import names
from core.storage.data_folder import DataFolder
from tests.support.basics import ROOT

pytestmark = pytest.mark.real
FIELDS = {
    "network",
    "protocol",
    "pairs",
    "seed",
    "p_top1_change",
    "p_top1_change_interval",
    "mean_absolute_change",
    "mean_absolute_change_interval",
}


def test_measure_has_its_fields_and_prints_the_same_bytes_again(
    shared: Path, real_data: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = shared / "data" / "imagenet-val" / "ILSVRC2012_val_00000001.JPEG"
    words = [
        "measure",
        str(photo),
        "--network",
        "squeezenet1_0-dc",
        "--protocol",
        "all",
        "--pairs",
        "4",
        "--seed",
        "0",
        "--json",
        "--data",
        str(real_data.root),
    ]
    alone = subprocess.run([sys.executable, "-m", "core", *words], capture_output=True, text=True, cwd=ROOT, check=True)
    assert cli.main(words) == 0
    assert capsys.readouterr().out == alone.stdout
    records = json.loads(alone.stdout)
    assert [record["protocol"] for record in records] == list(names())
    for record in records:
        assert record.keys() >= FIELDS
        assert (record["network"], record["pairs"], record["seed"]) == ("squeezenet1_0-dc", 4, 0)
        low, high = record["p_top1_change_interval"]
        assert 0 <= low <= record["p_top1_change"] == record["changed"] / 4 <= high <= 1
        low, high = record["mean_absolute_change_interval"]
        assert 0 <= low <= record["mean_absolute_change"] <= high < 1
        assert record["top1_n"] == 1  # labels.csv lies beside it
