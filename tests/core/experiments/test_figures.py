"""Every figure of the experiments has named axes, a caption where nothing was measured, and goes anywhere."""

from __future__ import annotations

import inspect
import json
import pkgutil
from importlib import import_module

import pytest

from core import experiments
from core.experiments.drawing.style import COLOURS, DASHES, faded
from core.experiments.figure_01_trajectories.figure import trajectory
from core.experiments.figure_02_protocols.figure import p_top1_change
from tests.support.drawn import text_below
from tests.support.figures import EXAMPLES, ORDER, bar, curve
from tests.support.study_figures import NOTHING

HELPERS = {"figure", "add_caption", "square", "add_square_caption"}  # an empty figure, its shape and its caption


def drawings() -> set[str]:
    """The names of all public functions of core.experiments that return a figure."""
    names = set()
    for module in pkgutil.walk_packages(experiments.__path__, "core.experiments."):
        for name, thing in vars(import_module(module.name)).items():
            draws = inspect.isfunction(thing) and thing.__annotations__.get("return") == "go.Figure"
            if draws and thing.__module__ == module.name and not name.startswith("_"):
                names.add(name)
    return names


def test_every_figure_is_tested() -> None:
    assert drawings() - HELPERS == EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_axes_have_names_and_the_figure_goes_anywhere(name: str) -> None:
    fig = EXAMPLES[name]()
    for axis in (fig.layout.xaxis, fig.layout.yaxis):
        assert axis.title.text
        assert axis.automargin is True
    assert fig.layout.paper_bgcolor == fig.layout.plot_bgcolor == "rgba(0,0,0,0)"  # light and dark
    assert fig.layout.height
    assert json.loads(fig.to_json()) == json.loads(EXAMPLES[name]().to_json())
    assert fig.data


@pytest.mark.parametrize("name", EXAMPLES)
def test_lengths_agree(name: str) -> None:
    for trace in EXAMPLES[name]().data:
        if trace.type not in ("histogram", "image", "heatmap"):
            assert len(trace.x) == len(trace.y)


def test_nothing_measured_is_an_empty_figure() -> None:
    assert p_top1_change([], ORDER).layout.yaxis.range[1] > 0
    assert not trajectory([], axis="shift (px)", span=(0, 32)).data


# Colours


def test_a_network_keeps_its_colour_in_every_figure_whoever_else_is_there() -> None:
    assert (len(set(COLOURS)), len(set(DASHES))) == (6, 4)
    for places in ((0,), (2,), (1, 3), (3, 1), (0, 1, 2, 3)):
        bars = p_top1_change([bar(place, "crop") for place in places], ORDER)
        assert {t.name: t.marker.color for t in bars.data} == {f"net {k}": COLOURS[k] for k in places}
        lines = trajectory([curve(place) for place in places], axis="shift (px)", span=(0, 5)).data[::2]
        assert {t.name: (t.line.color, t.line.dash) for t in lines} == {
            f"net {k}: cat": (COLOURS[k], DASHES[k]) for k in places
        }
    patterns = [t.marker.pattern.shape for t in p_top1_change([bar(k, "crop") for k in range(4)], ORDER).data]
    assert len(set(patterns)) == 4  # told apart without colours too


def test_faded() -> None:
    assert faded("#0072B2", 0.6) == "rgba(0,114,178,0.6)"


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_measured_is_said(name: str) -> None:
    fig = NOTHING[name]()
    assert "nothing measured" in text_below(fig) or "n = 0 pairs" in text_below(fig)
    assert all(len(t.x) == 0 for t in fig.data)
