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

SHOWN, FACTOR = 6, 3  # pictures of each photographer, and their enlargement
OTHERS = {
    "small, anywhere": ANOTHER,
    "anywhere": Photographer(spread=ANOTHER.spread),
    "small": Photographer(size_mean=ANOTHER.size_mean),
}  # how "another photographer" differs, the default first
ABOUT = """
The paper's two kinds of invariant system (§ 2), on grey scenes of {side} pixels. Shifts are cyclic: what leaves the
frame at one side enters at the other, so a shift does not change the power spectrum |FFT|².

- **power spectrum**: an SVM on log(1 + |FFT|²).
- **pixels**: the same SVM (RBF kernel, C = {c:g}, standardised inputs) on the pixels.
- **pixels, shifted copies**: the same, trained on each scene in all {copies} shifts by up to {reach} pixel.

The training pictures are by the usual photographer of the embedded networks' scenes. The held-out scenes are drawn
twice, by this photographer and by another. Intervals are over scenes, given the classifiers and both photographers.
"""


@st.fragment
def section() -> None:
    """Draw the sentence, the bars, the curve beside the pictures, the numbers and the method."""
    st.subheader("Full against partial invariance (§ 2)", anchor="invariance")
    st.caption(
        "A classifier can be exactly translation invariant because of its input features, or partially invariant "
        "because of its training photographs. Partial invariance need not hold for other photographs."
    )
    trial = _draw_settings()
    task = tasks.start_task(("invariance", trial), lambda report, cancel: invariance.measure(trial, report, cancel))
    tasks.draw_state(task, "The trial")
    answers: tuple[Answers, ...] | None = task.result if task.state == "done" else None
    if answers is None:
        return
    charts.draw_finding(sentence(answers))
    _draw_figures(answers, trial)
    with st.expander("Numbers"):
        _draw_numbers(answers)
    with st.expander("Method"):
        st.markdown(
            ABOUT.format(
                side=invariance.SIDE, c=invariance.C, copies=len(invariance.COPY_SHIFTS), reach=invariance.REACH
            )
        )


def _draw_settings() -> Trial:
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


def _draw_figures(answers: tuple[Answers, ...], trial: Trial) -> None:
    charts_by_title = {
        figures.CHANGE: figures.one_pixel_changes(answers),
        figures.ACCURACY: figures.scene_accuracy(answers),
    }
    for column, (title, fig) in zip(st.columns(2), charts_by_title.items(), strict=True):
        with column:
            charts.draw(fig, f"invariance {title}", f"{title} of each classifier, by scenes", select=False)
    left, right = st.columns(2)
    with left:
        charts.draw(
            figures.changes_by_shift(answers), "invariance by shift", "Answers changed against the shift", select=False
        )
    with right:
        _draw_pictures(trial)


def _draw_numbers(answers: tuple[Answers, ...]) -> None:
    rows = [
        {
            "classifier": row.classifier,
            "scenes": row.group,
            "n": len(row.right),
            figures.CHANGE: f"{row.p_change.value:.3f}",
            "95 % interval": interval(row.p_change.interval),
            figures.ACCURACY: f"{row.accuracy.value:.3f}",
            "95 % interval of it": interval(row.accuracy.interval),
        }
        for row in answers
    ]
    table = pd.DataFrame(rows)
    with st.container(key="invariance-table"):
        st.table(table.set_index(["classifier", "scenes"]))
    downloads.draw_button("Numbers (CSV)", "invariance.csv", "text/csv", lambda: table.to_csv(index=False))


def _draw_pictures(trial: Trial) -> None:
    """Draw the same held-out scenes by either photographer, as the classifiers see them."""
    for group in (SAME, OTHER):
        numbers = trial.numbers(group)[:SHOWN]
        pictures = [invariance.picture(trial, number, trial.photographer(group)) for number in numbers]
        row = torch.from_numpy((255 * np.hstack([np.pad(p, 1) for p in pictures])).round().astype(np.uint8))
        settings = ", ".join(f"{name} {value:g}" for name, value in asdict(trial.photographer(group)).items())
        st.image(png(row.expand(3, -1, -1), factor=FACTOR), output_format="PNG", alt=f"Scenes {group}")
        st.caption(plain(f"{group}: {settings}" + (" (the usual)" if trial.photographer(group) == USUAL else "")))
