"""Readouts (Figure 4) of a real network on ImageNet photographs: ten classes, few of each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core import studies
from core.experiments.figure_04_readouts.depth import compare_depths
from core.inference.linear_probes import HEAD
from core.statistics.tables import layer_accuracies
from core.storage.data_folder import DataFolder
from tests.support.basics import ROOT

pytestmark = [pytest.mark.real, pytest.mark.full]
NETWORK, EACH, TESTED = "resnet18-pqf", 6, 20


def test_ten_classes_of_a_thousand(shared: Path, real_data: DataFolder, tmp_path: Path) -> None:
    """Train on the tested classes alone of 1,000; the deeper, the more often right."""
    command = [
        sys.executable,
        "-m",
        "core",
        "study",
        "readouts",
        "--train",
        shared / "data" / "imagenet-train",
        "--photos",
        shared / "data" / "imagenet-val-10",
        "--per-class",
        str(EACH),
        "--network",
        NETWORK,
        "--pairs",
        "1",
        "--limit",
        str(TESTED),
        "--out",
        tmp_path / "out",
        "--json",
        "--data",
        real_data.root,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    found = studies.read(tmp_path / "out")
    assert len(found.manifest.config["classes"]) == 10
    assert found.manifest.training == {"used": 10 * EACH, "skipped": []}
    assert found.manifest.photographs["training"]["given"] == 10 * EACH
    records = json.loads(done.stdout)
    depths = [r["depth"] for r in records]
    assert depths == sorted(depths)
    assert len(depths) == 9  # the first activation and eight blocks
    assert HEAD not in {r["layer"] for r in records}  # it knows a thousand classes
    right = layer_accuracies(found.photographs)
    assert [r["top1"] for r in records] == [right[NETWORK, r["layer"]].top1 for r in records]
    assert records[-1]["top1"] > records[0]["top1"]
    assert set(compare_depths(found.pairs)["pairs"]) == {TESTED}
