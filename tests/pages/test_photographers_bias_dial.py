"""The dial on its page without a browser: what ships, what was never measured, what is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import studies
from core.datasets.scenes import Photographer
from core.experiments.bias_dial import dial, photographers
from core.experiments.bias_dial.photographers import Setting
from core.experiments.bias_dial.sentence import sentence
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import process
from tests.support.framed import app, read_out, settled, texts

pytestmark = pytest.mark.usefixtures("one_thread")
FREE = Photographer(spread=1.0, size_spread=0.3)


def opened(**settings: object) -> AppTest:
    at = app("photographers_bias")
    at.query_params["bias_view"] = "The dial"
    for name, value in settings.items():
        at.query_params[name] = str(value)
    return at.run()


def test_what_ships_is_said_and_a_photographers_numbers_are_cores(fresh: DataFolder) -> None:
    at = settled(opened(dial_spread=1.0, dial_sizes=0.3), "Top-1 on their centre crops")
    rows = photographers.table(
        photographers.read_dial_study(studies.read(folder)) for folder in (EMBEDDED.root / "dial" / "studies").iterdir()
    )
    assert sentence(rows, "p_top1_change", "crop") in read_out(at.markdown)
    mine = rows[(rows["spread"] == 1.0) & (rows["size_spread"] == 0.3)]
    shown = {metric.label: metric.value for metric in at.metric}
    for protocol in photographers.PROTOCOLS:
        value, _ = dial.level(mine[mine["protocol"] == protocol], "p_top1_change")
        assert shown[f"P(top-1 change), {protocol}"] == f"{value:.3f}"
    assert shown["Typicality"] == f"{mine['typicality'].mean():.3f}"
    assert len(at.get("plotly_chart")) == 4
    at.segmented_control(key="dial_protocol").set_value("black").run()
    assert sentence(rows, "p_top1_change", "black") in read_out(at.markdown)
    at.segmented_control(key="dial_pairs").set_value("first answer right").run()
    right = photographers.table(
        [photographers.read_dial_study(studies.read(one)) for one in (EMBEDDED.root / "dial" / "studies").iterdir()],
        right=True,
    )
    assert sentence(right, "p_top1_change", "black") in read_out(at.markdown)


def test_a_photographer_who_was_not_measured_is_asked_for(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[dict[str, Any], Path]] = []
    monkeypatch.setattr(process, "launch", lambda request, folder, data: started.append((request, folder)))
    at = opened(dial_spread=0.9, dial_sizes=0.3)
    assert "The nearest measured photographer: positions 1, sizes ± 0.3." in texts(at)
    at.button(key="turn the dial").click().run()
    setting = Setting(photographer=Photographer(spread=0.9, size_spread=0.3))
    assert started == [(setting.as_dict(), setting.folder(fresh))]


def test_what_runs_and_what_failed_are_shown(fresh: DataFolder) -> None:
    folder = Setting(photographer=Photographer(spread=0.9, size_spread=0.3)).folder(fresh)
    folder.mkdir(parents=True)
    process.Recorder(folder)(process.Progress(30, 120, 2.0))
    at = opened(dial_spread=0.9, dial_sizes=0.3)
    assert [bar.proto.text for bar in at.get("progress")] == ["Drawing, training, measuring: 25% · about 45 s left"]
    assert not [button for button in at.button if button.key == "turn the dial"]
    (folder / "progress.json").write_text(
        json.dumps(
            {
                "pid": 1,
                "born": None,
                "state": "failed",
                "done": 0,
                "total": None,
                "rate": 0.0,
                "error": "The disk is full.",
            }
        )
    )
    at.run()
    assert "The disk is full." in texts(at)
    assert at.button(key="turn the dial").label == "Resume"
