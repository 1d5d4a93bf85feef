"""Full against partial invariance (section 2), measured once on this machine for all visitors."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st
import torch

from core.datasets.scenes import USUAL, Photographer
from core.experiments.section_2_invariance import figure as figures
from core.experiments.section_2_invariance import invariance
from core.experiments.section_2_invariance.invariance import ANOTHER, OTHER, SAME, Answers, Trial
from core.experiments.section_2_invariance.sentence import sentence
from core.images.png import png
from pages.parts.components import charts, downloads
from pages.parts.components.widgets import interval, plain
from pages.parts.session import tasks

SHOWN, FACTOR = 6, 3  # pictures of each photographer, enlarged so many times
OTHERS = {
    "small, anywhere": ANOTHER,
    "anywhere": Photographer(spread=ANOTHER.spread),
    "small": Photographer(size_mean=ANOTHER.size_mean),
}  # what "another photographer" does differently, the default first
ABOUT = """
The paper's two kinds of invariant system (§ 2), on grey scenes of {side} pixels. Shifts are cyclic: what leaves the
frame at one side comes in at the other, so that a shift changes nothing of the power spectrum, |FFT|².

- **power spectrum**: an SVM that is shown log(1 + |FFT|²).
- **pixels**: the same SVM (RBF kernel, C = {c:g}, standardised inputs) shown the pixels.
- **pixels, shifted copies**: the same, and each scene that it learns from comes in all {copies} shifts by up to
  {reach} pixel.

The pictures learned from are by the usual photographer of the embedded networks' scenes; held-out ones by the same
and, the same scenes, by another. Where nothing or everything changed, an interval is Wilson's over scenes.
"""


@st.fragment
def section() -> None:
    """Draw the sentence, the bars, the curve beside the pictures, the numbers and the method."""
    st.subheader("Full against partial invariance (§ 2)", anchor="invariance")
    st.caption(
        "A classifier can be invariant by what it is shown, whoever took the photograph; or by what it learned from, "
        "and then it need not be so for other photographs."
    )
    trial = _settings()
    task = tasks.start_task(("invariance", trial), lambda report, cancel: invariance.measure(trial, report, cancel))
    tasks.draw_state(task, "The trial")
    found: tuple[Answers, ...] | None = task.result if task.state == "done" else None
    if found is None:
        return
    charts.draw_finding(sentence(found))
    _figures(found, trial)
    with st.expander("Numbers"):
        _numbers(found)
    with st.expander("What was done"):
        st.markdown(
            ABOUT.format(
                side=invariance.SIDE, c=invariance.C, copies=len(invariance.COPY_SHIFTS), reach=invariance.REACH
            )
        )


def _settings() -> Trial:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        other = st.segmented_control(
            "Another photographer's subjects are",
            list(OTHERS),
            default=next(iter(OTHERS)),
            required=True,
            key="other_photographer",
            bind="query-params",
        )
        seed = st.number_input("Seed", 0, 99, 0, key="trial_seed", bind="query-params", width=110)
    return Trial(other=OTHERS[other], seed=int(seed))


def _figures(found: tuple[Answers, ...], trial: Trial) -> None:
    both = {figures.CHANGE: figures.one_pixel_changes(found), figures.ACCURACY: figures.scene_accuracy(found)}
    for column, (title, fig) in zip(st.columns(2), both.items(), strict=True):
        with column:
            charts.draw(fig, f"invariance {title}", f"{title} of each classifier, by scenes", select=False)
    left, right = st.columns(2)
    with left:
        charts.draw(
            figures.changes_by_shift(found), "invariance along", "Answers changed against the shift", select=False
        )
    with right:
        _pictures(trial)


def _numbers(found: tuple[Answers, ...]) -> None:
    rows = [
        {
            "classifier": one.classifier,
            "scenes": one.group,
            "n": len(one.right),
            figures.CHANGE: f"{one.p_change.value:.3f}",
            "95 % interval": interval(one.p_change.interval),
            figures.ACCURACY: f"{one.accuracy.value:.3f}",
            "95 % interval of it": interval(one.accuracy.interval),
        }
        for one in found
    ]
    table = pd.DataFrame(rows)
    with st.container(key="invariance-table"):
        st.table(table.set_index(["classifier", "scenes"]))
    downloads.draw_button("Numbers (CSV)", "invariance.csv", "text/csv", lambda: table.to_csv(index=False))


def _pictures(trial: Trial) -> None:
    """Draw the same held-out scenes by either photographer, as the classifiers see them."""
    for group in (SAME, OTHER):
        numbers = trial.numbers(group)[:SHOWN]
        pictures = [invariance.picture(trial, number, trial.photographer(group)) for number in numbers]
        row = torch.from_numpy((255 * np.hstack([np.pad(p, 1) for p in pictures])).round().astype(np.uint8))
        settings = ", ".join(f"{name} {value:g}" for name, value in asdict(trial.photographer(group)).items())
        st.image(png(row.expand(3, -1, -1), factor=FACTOR), output_format="PNG", alt=f"Scenes {group}")
        st.caption(plain(f"{group}: {settings}" + (" (the usual)" if trial.photographer(group) == USUAL else "")))
