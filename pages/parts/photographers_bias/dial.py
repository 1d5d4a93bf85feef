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
from pages.parts.components import charts, downloads, gallery
from pages.parts.components.widgets import interval, number, plain
from pages.parts.session import resources, tasks
from pages.parts.studies import process_progress, studies

SHOWN, WIDTH, FIRST = 8, 96, 3000000  # photographs, pixels on screen, number of the first scene
MEASURE, PROTOCOL = "p_top1_change", "crop"
PAIRS = ("all", "first answer right")
ABOUT = f"""
- **Networks**: a ResNet-10 of half the width for 64 pixels, three seeds each, without augmentation,
  because a random crop would act as another photographer. They differ only in who took their 3,000 scenes.
- **Measured on** 400 held-out scenes, the same for all, by a photographer without a bias (spread 1, sizes ± 0.3).
- **Typicality** is measured with one fixed feature network, `{photographers.FEATURES}`,
  among each network's training scenes, because cosines of different networks cannot be compared.
- **Effects** are least-squares slopes of the networks' means from no spread to full spread; at equal typicality the
  means are those of an analysis of covariance, with a curve of typicality (tenths and a slope) that all networks share,
  whose error the intervals leave out.
- **Intervals over networks** hold given these photographers: what other seeds would give. **With photographers as
  units** each photographer counts once, with the mean of the networks: what other photographers would give. Both are
  Student's t; five photographers leave two degrees of freedom.
"""


@dataclass(frozen=True, eq=False)
class DialTables:
    """Tables of all pairs and of pairs whose first answer is right, the studies, and the errors of unreadable ones."""

    rows: pd.DataFrame
    right: pd.DataFrame
    studies: tuple[DialStudy, ...]
    problems: tuple[PhotobiasError, ...]


def section() -> None:
    """Draw the sentence, the dials, their photographs, one photographer's numbers and the figures."""
    st.subheader("Does an unbiased photographer make a network invariant?", anchor="dial")
    tables_of_dial = _read_tables()
    for problem in tables_of_dial.problems:
        st.error(plain(problem), icon=":material/error:")
    if len(tables_of_dial.rows):
        charts.draw_finding(dial_sentence(tables_of_dial.rows, MEASURE, PROTOCOL), "finding-dial")
    who = _draw_dials()
    _draw_photographs(who)
    _draw_numbers(tables_of_dial, who)
    if len(tables_of_dial.rows):
        _draw_figures(tables_of_dial, who)
        _draw_downloads(tables_of_dial)


def _read_tables() -> DialTables:
    finished: list[DialStudy] = []
    problems: list[PhotobiasError] = []
    for home in photographers.homes(resources.data()):
        for status in process.list_studies(home.studies):
            if status.state == "finished" and (results := studies.read_results(status)) is not None:
                try:
                    finished.append(photographers.read_dial_study(results))
                except PhotobiasError as problem:
                    problems.append(problem)
    key = tuple(studies.key(study.results) for study in finished)

    def table(right: bool) -> pd.DataFrame:
        return resources.compute_from_study(key, f"dial {right}", lambda: photographers.table(finished, right=right))

    return DialTables(table(False), table(True), tuple(finished), tuple(problems))


def _draw_dials() -> Photographer:
    left, right = st.columns(2)
    with left:
        spread = st.slider(
            "Spread of positions",
            0.0,
            1.0,
            0.0,
            0.05,
            key="dial_spread",
            bind="query-params",
            help="At 0 every subject is in the centre, at 1 anywhere in the frame.",
        )
    with right:
        sizes = st.slider(
            "Spread of sizes",
            0.0,
            0.3,
            0.0,
            0.05,
            key="dial_sizes",
            bind="query-params",
            help="Standard deviation of the subject's longer side, as a share of the frame; its mean is 0.62.",
        )
    return Photographer(spread=round(float(spread), 3), size_spread=round(float(sizes), 3))


def _draw_photographs(who: Photographer) -> None:
    """Draw the same scenes by this photographer. Turning a dial moves their subjects."""
    st.caption(
        "What this photographer shoots. All photographers take the same scenes; turn a dial and their subjects move."
    )
    with st.container(horizontal=True):
        for number_ in range(FIRST, FIRST + SHOWN):
            with st.container(width=WIDTH):
                picture = resources.load_picture(("dial", who, number_), partial(_picture, number_, who))
                gallery.draw_picture(picture, "", f"scene {number_}", gone="This scene cannot be drawn.")


def _picture(number: int, who: Photographer) -> bytes:
    return preview(render(number, who), 2 * WIDTH)


def _draw_numbers(tables_of_dial: DialTables, who: Photographer) -> None:
    """Draw the numbers of the chosen photographer, or how to measure them."""
    measured = tables_of_dial.rows
    if len(measured):
        measured = measured[(measured["spread"] == who.spread) & (measured["size_spread"] == who.size_spread)]
    if len(measured):
        _draw_measured(tables_of_dial, measured, who)
        return
    setting = Setting(photographer=who)
    folder = setting.folder(resources.data())
    status = process.status(folder) if (folder / PROGRESS).exists() else None
    if status is not None and status.state == "running":
        st.fragment(_draw_progress, run_every=tasks.POLL_S)(folder)
        return
    if status is not None and status.error is not None:
        st.error(plain(status.error), icon=":material/error:")
    nearest = _describe_nearest(tables_of_dial.rows, who)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Not measured: no network was trained on this photographer's scenes yet. {nearest}")
        label = "Resume" if status is not None else "Train and measure three networks (minutes)"
        process_progress.draw_start(
            label,
            "turn the dial",
            lambda: process.launch(setting.as_dict(), folder, resources.data()),
            icon=":material/tune:",
            primary=True,
        )


def _draw_measured(tables_of_dial: DialTables, measured: pd.DataFrame, who: Photographer) -> None:
    study = next(s for s in tables_of_dial.studies if s.photographer == who)
    right = tables.accuracies(study.results.photographs)
    crops = measured[measured["protocol"] == PROTOCOL]
    values: list[tuple[str, float, Interval | None]] = [
        (f"{title}, {protocol}", *dial.level(measured[measured["protocol"] == protocol], name))
        for name, title in list(MEASURES.items())[:2]
        for protocol in photographers.PROTOCOLS
    ]
    values.append(("Typicality", *dial.level(crops, "typicality")))
    accuracy = [f"{a.top1:.2f}" for a in right.values()]
    with st.container(horizontal=True):  # columns would cut the names short
        for title, value, span in values:
            st.metric(
                title, number(value, 3), delta=interval(span), delta_color="off", delta_arrow="off", width="content"
            )
    manifest = study.results.manifest
    st.caption(
        plain(
            f"Means of {', '.join(study.networks)} over {measured['digest'].nunique():,} held-out scenes by a "
            f"photographer without a bias, {manifest.config['pairs']} pairs each, seed {manifest.config['seed']}; "
            "95 % intervals over photographs, given these networks. Top-1 on their centre crops: "
            f"{', '.join(accuracy)}."
        )
    )


def _describe_nearest(rows: pd.DataFrame, who: Photographer) -> str:
    """Return a sentence about the most similar measured photographer, by distance as a share of the dials' ranges."""
    if rows.empty:
        return ""
    photographers_measured = rows[list(dial.FREE)].drop_duplicates()
    distances = sum(
        ((photographers_measured[name] - getattr(who, name)) / most) ** 2 for name, most in dial.FREE.items()
    )
    best = photographers_measured.iloc[int(pd.Series(distances).to_numpy().argmin())]
    return f"The nearest measured photographer: positions {best['spread']:g}, sizes ± {best['size_spread']:g}."


def _draw_progress(folder: Path) -> None:
    """Draw the progress and rerun the page at its end."""
    status = process.status(folder)
    if status.state != "running":
        st.rerun()
    process_progress.draw_progress(status, lambda p: f"Drawing, training, measuring: {p.fraction or 0:.0%}")


def _draw_figures(tables_of_dial: DialTables, who: Photographer) -> None:
    names: Sequence[str] = list(MEASURES)[:2]
    with st.container(horizontal=True):
        protocol = st.segmented_control(
            "Protocol", photographers.PROTOCOLS, default=PROTOCOL, required=True, key="dial_protocol"
        )
        measure = st.segmented_control(
            "Measure", names, default=MEASURE, required=True, key="dial_measure", format_func=MEASURES.__getitem__
        )
        pairs = st.segmented_control(
            "Pairs",
            PAIRS,
            default=PAIRS[0],
            required=True,
            key="dial_pairs",
            help="A network that is mostly wrong may give the same answer to everything: stable, but not accurate.",
        )
    rows = tables_of_dial.rows if pairs == PAIRS[0] else tables_of_dial.right
    selected, chosen = rows[rows["protocol"] == protocol], (who.spread, who.size_spread)
    if (protocol, measure, pairs) != (PROTOCOL, MEASURE, PAIRS[0]):
        st.markdown(plain(dial_sentence(rows, measure, protocol)))
    drawn = {
        MEASURES[measure]: figures.dial_figure(selected, measure, chosen=chosen),
        f"{MEASURES[measure]} at equal typicality": figures.at_typicality(selected, measure),
        "Typicality": figures.dial_figure(selected, "typicality", chosen=chosen),
        "Accuracy": figures.dial_figure(selected, "right", chosen=chosen),
    }
    for row in (list(drawn)[:2], list(drawn)[2:]):
        for column, title in zip(st.columns(2), row, strict=True):
            with column:
                charts.draw(drawn[title], f"dial {title}", f"{title} against the bias", select=False)


def _draw_downloads(tables_of_dial: DialTables) -> None:
    with st.expander("How it was measured"):
        st.markdown(ABOUT)
        st.markdown("One command for each photographer trains and measures its networks again:")
        st.code(
            "\n".join(study.results.manifest.command for study in tables_of_dial.studies),
            language="bash",
            wrap_lines=True,
        )
    downloads.draw_button("The dial (CSV)", "dial.csv", "text/csv", lambda: tables_of_dial.rows.to_csv(index=False))
