"""The bias dial: choose a photographer and see networks trained on such photographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from core.datasets.scenes import Photographer, render
from core.errors import PhotobiasError
from core.experiments.bias_dial import dial, photographers
from core.experiments.bias_dial import figure as figures
from core.experiments.bias_dial.photographers import DialStudy, Setting
from core.experiments.bias_dial.sentence import sentence as dial_sentence
from core.images.png import preview
from core.statistics import tables
from core.statistics.intervals import Interval
from core.statistics.tables import MEASURES
from core.studies import process
from core.studies.runner import PROGRESS
from pages.parts.components import charts, gallery, save
from pages.parts.components.widgets import interval, number, plain
from pages.parts.session import resources, tasks
from pages.parts.studies import process_progress, studies

SHOWN, WIDTH, FIRST = 8, 96, 3000000  # photographs, pixels on screen, number of the first scene
MEASURE, PROTOCOL = "p_top1_change", "crop"
PAIRS = ("all", "those that begin right")
ABOUT = f"""
- **Networks**: a ResNet-10 of half the width for 64 pixels, three seeds each, without any augmentation: a random crop
  would be a photographer of its own. They differ in nothing but who took their 3,000 scenes.
- **Measured on** 400 scenes held out, the same for all, by a photographer without a bias (spread 1, sizes ± 0.3).
- **Typicality** is of one fixed feature network, `{photographers.FEATURES}`, among the scenes that each network learned from:
  cosines of different networks do not compare.
- **Effects** are least-squares slopes of the networks' means from no spread to all of it, with Student's t intervals
  over networks; at equal typicality the means are those of an analysis of covariance, with a curve of typicality
  (tenths and a slope) that all networks share.
"""


@dataclass(frozen=True, eq=False)
class There:
    """Tables of all pairs and of pairs that begin right, their photographers, and what could not be read."""

    rows: pd.DataFrame
    right: pd.DataFrame
    taught: tuple[DialStudy, ...]
    problems: tuple[PhotobiasError, ...]


def section() -> None:
    """Draw the sentence, the dials, their photographs, one photographer's numbers and the figures."""
    st.subheader("Turn the photographer's bias: invariant, or typical of more?", anchor="dial")
    there = _there()
    for problem in there.problems:
        st.error(plain(problem), icon=":material/error:")
    if len(there.rows):
        charts.finding(dial_sentence(there.rows, MEASURE, PROTOCOL), "finding-dial")
    who = _dials()
    _photographs(who)
    _numbers(there, who)
    if len(there.rows):
        _figures(there, who)
        _take_away(there)


def _there() -> There:
    found: list[DialStudy] = []
    problems: list[PhotobiasError] = []
    for home in photographers.homes(resources.data()):
        for status in process.list_studies(home.studies):
            if status.state == "finished" and (results := studies.read_results(status)) is not None:
                try:
                    found.append(photographers.read_dial_study(results))
                except PhotobiasError as problem:
                    problems.append(problem)
    key = tuple(studies.key(one.results) for one in found)

    def table(right: bool) -> pd.DataFrame:
        return resources.of_study(key, f"dial {right}", lambda: photographers.table(found, right=right))

    return There(table(False), table(True), tuple(found), tuple(problems))


def _dials() -> Photographer:
    left, right = st.columns(2)
    with left:
        spread = st.slider(
            "Spread of the places",
            0.0,
            1.0,
            0.0,
            0.05,
            key="dial_spread",
            bind="query-params",
            help="0: every subject in the centre. 1: anywhere in frame.",
        )
    with right:
        sizes = st.slider(
            "Spread of the sizes",
            0.0,
            0.3,
            0.0,
            0.05,
            key="dial_sizes",
            bind="query-params",
            help="Standard deviation of the subject's longer side, as a share of the frame; its mean is 0.62.",
        )
    return Photographer(spread=round(float(spread), 3), size_spread=round(float(sizes), 3))


def _photographs(who: Photographer) -> None:
    """Draw the same scenes by this photographer. Turning a dial moves their subjects."""
    st.caption("What this photographer takes. The same scenes for all: turn a dial and see their subjects move.")
    with st.container(horizontal=True):
        for number_ in range(FIRST, FIRST + SHOWN):
            with st.container(width=WIDTH):
                picture = resources.picture(("dial", who, number_), partial(_picture, number_, who))
                gallery.shown(picture, "", f"scene {number_}", gone="It cannot be drawn.")


def _picture(number: int, who: Photographer) -> bytes:
    return preview(render(number, who), 2 * WIDTH)


def _numbers(there: There, who: Photographer) -> None:
    """Draw the numbers of the chosen photographer, or how to measure them."""
    mine = there.rows
    if len(mine):
        mine = mine[(mine["spread"] == who.spread) & (mine["size_spread"] == who.size_spread)]
    if len(mine):
        _measured(there, mine, who)
        return
    setting = Setting(photographer=who)
    folder = setting.folder(resources.data())
    status = process.status(folder) if (folder / PROGRESS).exists() else None
    if status is not None and status.state == "running":
        st.fragment(_follow, run_every=tasks.POLL_S)(folder)
        return
    if status is not None and status.error is not None:
        st.error(plain(status.error), icon=":material/error:")
    near = _nearest(there.rows, who)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Not measured: no network has learned from this photographer yet. {near}")
        label = "Go on" if status is not None else "Train and measure three networks (minutes)"
        process_progress.draw_start(
            label,
            "turn the dial",
            lambda: process.launch(setting.as_dict(), folder, resources.data()),
            icon=":material/tune:",
            primary=True,
        )


def _measured(there: There, mine: pd.DataFrame, who: Photographer) -> None:
    one = next(t for t in there.taught if t.photographer == who)
    right = tables.accuracies(one.results.photographs)
    crops = mine[mine["protocol"] == PROTOCOL]
    values: list[tuple[str, float, Interval | None]] = [
        (f"{title}, {protocol}", *dial.level(mine[mine["protocol"] == protocol], name))
        for name, title in list(MEASURES.items())[:2]
        for protocol in photographers.PROTOCOLS
    ]
    values.append(("Typicality", *dial.level(crops, "typicality")))
    accuracy = [f"{found.top1:.2f}" for found in right.values()]
    with st.container(horizontal=True):  # in columns, names would be cut short
        for title, value, span in values:
            st.metric(
                title, number(value, 3), delta=interval(span), delta_color="off", delta_arrow="off", width="content"
            )
    n = one.results.manifest
    st.caption(
        plain(
            f"Means of {', '.join(one.networks)} over {mine['digest'].nunique():,} held-out scenes by a photographer "
            f"without a bias, {n.config['pairs']} pairs each, seed {n.config['seed']}; 95 % intervals by bootstrap of "
            f"photographs. Top-1 on their centre crops: {', '.join(accuracy)}."
        )
    )


def _nearest(rows: pd.DataFrame, who: Photographer) -> str:
    """Return the measured photographer that differs least, as a share of the dials' range."""
    if rows.empty:
        return ""
    known = rows[list(dial.FREE)].drop_duplicates()
    away = sum(((known[name] - getattr(who, name)) / most) ** 2 for name, most in dial.FREE.items())
    best = known.iloc[int(pd.Series(away).to_numpy().argmin())]
    return f"The nearest that was: places {best['spread']:g}, sizes ± {best['size_spread']:g}."


def _follow(folder: Path) -> None:
    """Draw the progress and rerun the page at its end."""
    status = process.status(folder)
    if status.state != "running":
        st.rerun()
    process_progress.draw_progress(status, lambda p: f"Drawing, training, measuring: {p.fraction or 0:.0%}")


def _figures(there: There, who: Photographer) -> None:
    names: Sequence[str] = list(MEASURES)[:2]
    with st.container(horizontal=True):
        protocol = st.segmented_control(
            "Protocol", photographers.PROTOCOLS, default=PROTOCOL, required=True, key="dial_protocol"
        )
        measure = st.segmented_control(
            "Measure", names, default=MEASURE, required=True, key="dial_measure", format_func=MEASURES.__getitem__
        )
        begin = st.segmented_control(
            "Pairs",
            PAIRS,
            default=PAIRS[0],
            required=True,
            key="dial_pairs",
            help="A network that is mostly wrong may give one answer whatever it is shown: so steady it is not right.",
        )
    rows = there.rows if begin == PAIRS[0] else there.right
    mine, chosen = rows[rows["protocol"] == protocol], (who.spread, who.size_spread)
    if (protocol, measure, begin) != (PROTOCOL, MEASURE, PAIRS[0]):
        st.markdown(plain(dial_sentence(rows, measure, protocol)))
    drawn = {
        MEASURES[measure]: figures.dial_figure(mine, measure, chosen=chosen),
        f"{MEASURES[measure]} at equal typicality": figures.at_typicality(mine, measure),
        "Typicality": figures.dial_figure(mine, "typicality", chosen=chosen),
        "Accuracy": figures.dial_figure(mine, "right", chosen=chosen),
    }
    for row in (list(drawn)[:2], list(drawn)[2:]):
        for column, title in zip(st.columns(2), row, strict=True):
            with column:
                charts.draw(drawn[title], f"dial {title}", f"{title} as the bias is turned", select=False)


def _take_away(there: There) -> None:
    with st.expander("How it was measured"):
        st.markdown(ABOUT)
        st.markdown("Each photographer's networks are made and measured again by one command:")
        st.code("\n".join(one.results.manifest.command for one in there.taught), language="bash", wrap_lines=True)
    save.button("The dial (CSV)", "dial.csv", "text/csv", lambda: there.rows.to_csv(index=False))
