"""The contract with users: the pages' addresses, parameters and downloads are those of ``contract.json``."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st

from core import studies
from core.experiments.figure_05_photographers_bias.labelling import DEFAULT, Event, fold, points
from core.experiments.figure_05_photographers_bias.labelling.places import table
from core.experiments.section_2_invariance import invariance
from core.experiments.section_2_invariance.invariance import COPIES, FULL, GROUPS, PLAIN, Answers
from core.exploration import Store, VideoCurves
from core.exploration import curves as traces
from core.images.video import open_video
from core.inference.engine import Engine
from core.networks import registry
from core.storage.data_folder import DataFolder
from pages.parts.photographers_bias import labelled_photographs
from pages.parts.session import resources
from tests.support import golden, shown
from tests.support.contracted import SMALL
from tests.support.filmed import film, noise
from tests.support.framed import app
from tests.support.shapes import header, shape

pytestmark = pytest.mark.usefixtures("one_thread")


FEW = 20  # photographs of a study
PAGES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {  # view → its parameters, downloads that come late
    "": ({"networks": SMALL, "pairs": "4"}, ("Pairs (CSV)", "Curves (CSV)", "Record (JSON)", "Report (HTML)")),
    "trajectories": ({"networks": SMALL}, ("Curves (CSV)",)),
    "protocols": ({}, ()),
    "protocols, sizes": ({"figure": "Figure 6"}, ()),
    "feature_maps": ({"networks": SMALL}, ()),
    "typicality": ({"how_many": "1"}, ()),
    "photographers_bias": ({"boxes": "scenes:0-39"}, ("Classes (CSV)",)),
    "photographers_bias, dial": ({"bias_view": "The dial"}, ()),
    "photographers_bias, labels": ({"bias_view": "Label photographs"}, ()),
    "antialiasing": ({}, ()),
    "augmentation": ({}, ("Numbers (CSV)",)),
    "replication": ({}, ()),
}


def test_pages_and_downloads(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    """Addresses of pages, the parameters that each shows, and what the downloads hold. Left out: the inside of the
    report (HTML), and downloads that need a click first, whose tables are made here without their page."""
    unclicked = SimpleNamespace(selection=SimpleNamespace(points=[]))
    downloads, addresses, navigation = shown.Downloads(), set[str](), st.navigation

    def navigated(pages: list[Any], **more: Any) -> Any:
        addresses.update(page.url_path for page in pages)
        return navigation(pages, **more)

    monkeypatch.setattr(st, "download_button", downloads)
    monkeypatch.setattr(st, "navigation", navigated)
    monkeypatch.setattr(st, "plotly_chart", lambda *_, **__: unclicked)
    monkeypatch.setattr(resources, "load_picture", lambda *_: None)  # neighbours' thumbnails take seconds to draw
    monkeypatch.setattr(resources, "load_study", few_of)
    monkeypatch.setattr(invariance, "measure", lambda *_: unmoved())
    found: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    for view, (given, late) in PAGES.items():
        downloads.offered.clear()
        at = app(view.split(",")[0])
        at.query_params.update(given)
        at = shown.until(at.run(), downloads, late)
        assert not at.exception, at.exception
        found[view or "(first)"] = shown.parameters(at, given)
        tables |= {f"{name} ({label})": content(name, make()) for label, (name, make) in downloads.offered.items()}
    tables["labels-*.csv (Labels (CSV))"] = header(labelled_photographs.format_csv(labels()))
    tables["video-*.csv (Video (CSV))"] = header(traces.video_csv(video(engine)))
    golden.check("pages", {"addresses": sorted(addresses), "parameters": shown.apart(found)})
    golden.check("downloads", tables)


def few_of(folder: str, _: str) -> studies.Results:
    """Read a study, and of its photographs the first few, so that intervals are soon made."""
    found = studies.read(Path(folder))
    digests = found.photographs["digest"].unique()[:FEW]
    pairs, crops = (t[t["digest"].isin(digests)].reset_index(drop=True) for t in (found.pairs, found.photographs))
    return replace(found, pairs=pairs, photographs=crops)


def unmoved() -> tuple[Answers, ...]:
    """Give the answers of a trial in which nothing changes any: to learn takes seconds."""
    no = np.zeros((12, 5), np.bool_)
    kinds = product((FULL, PLAIN, COPIES), GROUPS)
    return tuple(Answers(classifier, group, ~no[:, 0], no[:, :4], no) for classifier, group in kinds)


def content(name: str, text: str) -> Any:
    """Give a CSV's header, a JSON's shape; nothing of others."""
    if name.endswith(".csv"):
        return header(text)
    return shape(json.loads(text)) if name.endswith(".json") else None


def labels() -> Any:
    """Make the table of one photograph whose points are labelled."""
    about = {"kind": "point", "labeller": "me", "time": "2026-01-01T00:00:00+00:00", "root": "scenes:0-1", "name": "0"}
    events = [
        Event(**about, id=str(k), digest="0", width=9, height=9, point=name, x=1.0, y=1.0)
        for k, name in enumerate(points(DEFAULT))
    ]
    return table({"me": fold(events)})


def video(engine: Engine) -> VideoCurves:
    """Make the curves of a network of 32 pixels along a video of three frames."""
    card = registry.get(SMALL, DataFolder.default())
    clip = open_video(film(noise(3)), "film.mov")
    made = VideoCurves(clip=clip, cards=(card,), engine=engine, store=Store(), centre=(0.5, 0.5))
    made.run()
    return made
