"""Sensitivity and accuracy against size, inside and outside the sizes of training (Figures 10 and 11)."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.datasets import cifar
from core.datasets import fetching as cifar_fetching
from core.experiments.drawing.style import assign_slots, short
from core.experiments.figure_10_11_augmentation import figure as figures
from core.experiments.figure_10_11_augmentation import sizes
from core.experiments.study_results import trained_sides
from core.networks.variants.twins import antialiased_pairs
from core.statistics import tables
from core.statistics.tables import MEASURES, Measurement
from core.studies import Results
from pages.parts.components import charts
from pages.parts.session import resources, tasks
from pages.parts.studies import saving, sensitivities, studies


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the paper's figures: its name, the shipped study and the caption."""

    name: str
    title: str
    prefer: str
    about: str


FIGURES = (
    Figure(
        "Figure 10",
        "What augmentation gains",
        "embedded/figure_10_cifar10",
        "One network, trained three times: on the photographs as they are, on smaller ones at random positions on "
        "black, and on random parts of larger ones. Does it change its answer less often at the sizes it was trained "
        "on, and at others?",
    ),
    Figure(
        "Figure 11",
        "Without subsampling",
        "embedded/figure_11_cifar10",
        "An AlexNet-style network with strides, without strides and with circular padding (where a shift on black is "
        "exactly cyclic, on a canvas of 32 × 32 pixels), and without strides and with the usual zero padding.",
    ),
)


def section() -> None:
    """Draw Figures 10 and 11: the chosen study of each, or the form for a first one; downloads."""
    st.caption(
        "We resize each photograph, then shift it by one pixel. A photograph smaller than the frame lies on black; of "
        "a larger one, a part fills the frame. The networks are small, because they were trained on a CPU: ResNet-8 "
        "instead of the paper's ResNet-50. The shipped CIFAR-10 studies used a copy of CIFAR-10 that was recompressed "
        "as JPEG."
    )
    drawn = [_draw_figure(figure, slot) for figure, slot in zip(FIGURES, (None, "figure_11"), strict=True)]
    available = [item for item in drawn if item is not None]
    _offer_cifar10()
    if available:
        saving.section(*available[0], *available[1:])


def make_anchor(figure: Figure) -> str:
    """Return the anchor of a figure's heading, which also names its sentence."""
    return figure.name.lower().replace(" ", "-")


def _draw_figure(figure: Figure, slot: str | None) -> tuple[Results, saving.Tables] | None:
    """Draw a figure's sentence, its three panels, the photographs of a point and the downloads."""
    st.subheader(f"{figure.title} ({figure.name})", anchor=make_anchor(figure))
    st.caption(figure.about)
    results = studies.section("augmentation", slot=slot, prefer=figure.prefer)
    if results is None:
        return None
    trained, frames = (
        trained_sides(results),
        {network["preprocessing"]["crop"] for network in results.manifest.networks},
    )
    frame = frames.pop() if len(frames) == 1 else None
    measured = sensitivities.compute(results)
    right = studies.derive(results, "accuracy by size", lambda r: sizes.accuracies(r.pairs))
    findings = studies.read_study_results(results).findings
    charts.draw_finding(findings.get(figure.name) or findings.get("Figure 6", ""), f"finding-{make_anchor(figure)}")
    networks = list(dict.fromkeys(row.network for row in measured))
    slots = assign_slots(networks, antialiased_pairs(networks))
    panels = [
        (MEASURES[name], figures.against_size(measured, name, trained=trained, frame=frame, slots=slots))
        for name in sensitivities.choose_measures(measured)
    ]
    if right:
        panels.append(("Accuracy", figures.accuracy(right, trained=trained, frame=frame, slots=slots)))
    clicked: list[Measurement] = []
    for column, (title, fig) in zip((*st.columns(2), *st.columns(2)), panels, strict=False):
        with column:
            points = charts.draw(fig, f"{figure.name} {title}", f"{title} against size")
        names = [(fig.data[point["curve_number"]].name, point["x"]) for point in points]
        clicked += [row for row in measured if (short(row.network), row.side) in names]
    sensitivities.draw_pairs(results, measured, clicked, f"point of {figure.name}")
    return results, {f"{figure.name} by size": lambda: tables.tidy(measured)}


def _offer_cifar10() -> None:
    """Offer CIFAR-10 if it is not on this machine."""
    job = resources.jobs().get("cifar10")
    if cifar.is_complete(cifar.home(resources.data())) and (job is None or job.state == "done"):
        return
    with st.container(border=True):
        st.caption(
            "The paper's Figures 10 and 11 use CIFAR-10 (60,000 pictures of 32 x 32 pixels), which is not on this "
            "machine. Once it is fetched, `cifar10:train` names its training pictures and `cifar10:test` its test "
            "pictures."
        )
        tasks.offer_task(
            "cifar10",
            f"Fetch CIFAR-10 ({cifar_fetching.CIFAR10_BYTES / 1e6:.0f} MB)",
            cifar_fetching.fetch_cifar10(resources.data()),
            icon=":material/download:",
        )
