"""Helpers for tests of Explore: waiting until everything is measured."""

from __future__ import annotations

import time

import pandas as pd
from streamlit.testing.v1 import AppTest

from core.exploration import Exploration
from core.images.photographs import Photograph
from core.images.protocols import create, names
from core.images.reduction import IMAGENET_SIDE
from core.inference.engine import Engine
from core.inference.pairs import outcomes
from core.networks.card import NetworkCard
from core.statistics.sensitivity import sensitivity


def finish(at: AppTest, seconds: float = 60) -> Exploration:
    """Run until the exploration has ended, as the page's own polling does, though not as often."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: Exploration = at.session_state["exploration"]
        if found.finished:
            at.run()
            assert not at.exception
            return found
        wait = time.monotonic() + 2  # a page that is drawn takes its time from the network
        while not found.finished and time.monotonic() < wait:
            time.sleep(0.05)
        at.run()
    raise AssertionError(f"not finished within {seconds} s")


def holds_what_core_measures(table: pd.DataFrame, card: NetworkCard, photograph: Photograph) -> None:
    """The rows of that network, measured again without the page: 16 pairs a protocol, seed 0."""
    engine = Engine("cpu")
    network = engine.load(card)
    for name in names():
        parts = outcomes(engine, network, [photograph], create(name), pairs=16, seed=0, reduce_to=IMAGENET_SIDE)
        slow = sensitivity(outcome for part in parts for outcome in part)
        row = table.loc[(card.name, name)]
        assert row["n pairs"] == slow.pairs == 16
        assert row["P(top-1 change)"] == f"{slow.p_top1_change:.3f}"
        assert row["mean |Δp|"] == f"{slow.mean_absolute_change:.4f}"
        low, high = slow.p_top1_change_interval
        assert row["95 % (P)"] == f"{low:.3f} – {high:.3f}"
