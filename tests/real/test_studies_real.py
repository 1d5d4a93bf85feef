"""A study on real networks and real photographs: the rows of single measurements, from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from core import studies
from core.datasets import listing
from core.datasets.decoding import photographs
from core.inference.engine import Engine
from core.inference.pairs import outcomes
from core.networks import registry
from core.storage.data_folder import DataFolder
from tests.support.basics import ROOT

pytestmark = pytest.mark.real
NETWORKS = ("resnet18-pqf", "squeezenet1_0-dc")


def test_eight_photographs(shared: Path, real_data: DataFolder, engine: Engine, tmp_path: Path) -> None:
    place, study = shared / "data" / "imagenet-val", studies.create("protocols")
    command = [
        sys.executable,
        "-m",
        "core",
        "study",
        "protocols",
        "--photos",
        place,
        "--network",
        ",".join(NETWORKS),
        "--protocol",
        "all",
        "--limit",
        "8",
        "--out",
        tmp_path / "out",
        "--json",
        "--data",
        real_data.root,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    found = studies.read(tmp_path / "out")
    assert len(found.pairs) == 8 * 2 * 4
    photos = list(photographs(listing(place)[:8]))
    for key in NETWORKS:
        network = engine.load(registry.get(key, real_data))
        for protocol in study.instances(network.card.size):
            wanted = list(chain.from_iterable(outcomes(engine, network, photos, protocol, pairs=1, seed=0)))
            mine = found.pairs[(found.pairs["network"] == key) & (found.pairs["protocol"] == protocol.name)]
            assert list(mine["digest"]) == [o.photograph for o in wanted]
            assert list(mine["class_before"]) == [o.class_before for o in wanted]
            # to the bit with equally many threads; another process may have another number of them
            assert list(mine["p_after"]) == pytest.approx([o.p_after for o in wanted], abs=1e-5)
    assert [(r["network"], r["protocol"], r["top1_n"]) for r in json.loads(done.stdout)] == [
        (key, name, 8) for key in NETWORKS for name in study.protocols
    ]
    row = found.pairs[found.pairs["protocol"] == "inpaint"].iloc[3]
    pair = found.pair(row)
    assert pair is not None
    network = engine.load(registry.get(row["network"], real_data))
    (result,) = engine.predict(network, [pair.before])
    assert float(result.probabilities.max()) == pytest.approx(row["p_before"], abs=1e-5)
