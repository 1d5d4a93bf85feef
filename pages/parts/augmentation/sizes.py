"""Sensitivity and accuracy against size, inside and outside the sizes of training (Figures 10 and 11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.datasets import cifar
from core.datasets import fetching as cifar_fetching
from core.experiments.drawing.style import assign_slots, short
from core.experiments.figure_06_embedded_size.sentence import sentence as size_sentence
from core.experiments.figure_10_11_augmentation import figure as figures
from core.experiments.figure_10_11_augmentation import sizes
from core.experiments.figure_10_11_augmentation.sentence import augmentation_sentence, invariance_sentence
from core.experiments.figure_10_11_augmentation.sizes import Range
from core.networks.variants.twins import antialiased_pairs
from core.statistics import tables
from core.statistics.tables import MEASURES, Measurement
from core.studies import Results
from pages.parts.components import charts
from pages.parts.session import resources, tasks
from pages.parts.studies import sensitivities, studies


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the paper's figures: its name, the shipped study, the question and the sentence."""

    name: str
    title: str
    prefer: str
    about: str
    said: Callable[[Results, Mapping[str, Range]], str]


def _gained(results: Results, trained: Mapping[str, Range]) -> str:
    return augmentation_sentence(results.pairs, trained)


def _exact(results: Results, trained: Mapping[str, Range]) -> str:
    return invariance_sentence(results.pairs)


FIGURES = (
    Figure(
        "Figure 10",
        "What augmentation buys",
        "embedded/figure_10_cifar10",
        "Three trainings of one network: with the photographs as they are, with smaller ones at random places on "
        "black, with larger ones of which a random part fills the frame. Does it change its answer less often at the "
        "sizes that its training showed, and beyond them?",
        _gained,
    ),
    Figure(
        "Figure 11",
        "Without subsampling",
        "embedded/figure_11_cifar10",
        "An AlexNet-style network with its strides; without them on the torus, where a shift inside black is exactly "
        "cyclic (the canvas of this claim: 32 × 32 pixels whose other side lies beyond every border); and without them "
        "but padded with zeros, as is usual.",
        _exact,
    ),
)


def section() -> None:
    """Draw Figures 10 and 11: the chosen study of each, or the form for a first one; downloads."""
    st.caption(
        "Smaller than the frame, a photograph lies on black; larger, a part of it fills the frame. Then one pixel "
        "further. The networks are small: trained on a CPU, ResNet-8 stands where the paper has ResNet-50. What ships "
        "of CIFAR-10 was trained and measured on a copy whose photographs were compressed again, as JPEG."
    )
    drawn = [_figure(one, slot) for one, slot in zip(FIGURES, (None, "figure_11"), strict=True)]
    there = [one for one in drawn if one is not None]
    _cifar10()
    if there:
        studies.draw_downloads(*there[0], *there[1:])


def anchor(one: Figure) -> str:
    """Return the anchor of a figure's heading, which also names its sentence."""
    return one.name.lower().replace(" ", "-")


def _figure(one: Figure, slot: str | None) -> tuple[Results, studies.Tables] | None:
    """Draw a figure's sentence, its three panels, the photographs of a point and the downloads."""
    st.subheader(f"{one.title} ({one.name})", anchor=anchor(one))
    st.caption(one.about)
    results = studies.section("augmentation", slot=slot, prefer=one.prefer)
    if results is None:
        return None
    trained, frames = _trained(results), {each["preprocessing"]["crop"] for each in results.manifest.networks}
    frame = frames.pop() if len(frames) == 1 else None
    found = sensitivities.compute(results)
    right = studies.derive(results, "accuracy by size", lambda r: sizes.accuracies(r.pairs))
    said = studies.derive(results, f"said of {one.name}", lambda r: one.said(r, trained))
    charts.finding(said or size_sentence(found), f"finding-{anchor(one)}")
    networks = list(dict.fromkeys(each.network for each in found))
    slots = assign_slots(networks, antialiased_pairs(networks))
    panels = [
        (MEASURES[name], figures.against_size(found, name, trained=trained, frame=frame, slots=slots))
        for name in sensitivities.choose_measures(found)
    ]
    if right:
        panels.append(("Accuracy", figures.accuracy(right, trained=trained, frame=frame, slots=slots)))
    clicked: list[Measurement] = []
    for column, (title, fig) in zip((*st.columns(2), *st.columns(2)), panels, strict=False):
        with column:
            points = charts.draw(fig, f"{one.name} {title}", f"{title} against size")
        names = [(fig.data[point["curve_number"]].name, point["x"]) for point in points]
        clicked += [each for each in found if (short(each.network), each.side) in names]
    sensitivities.draw_pairs(results, found, clicked, f"point of {one.name}")
    return results, {f"{one.name} by size": lambda: tables.tidy(found)}


def _cifar10() -> None:
    """Offer CIFAR-10 if it is not on this machine."""
    job = resources.jobs().get("cifar10")
    if cifar.is_complete(cifar.home(resources.data())) and (job is None or job.state == "done"):
        return
    with st.container(border=True):
        st.caption(
            "The paper's Figures 10 and 11 are of CIFAR-10: 60,000 pictures of 32 x 32 pixels, which are not on this "
            "machine. Once fetched, `cifar10:train` stands for those to train on, `cifar10:test` for those to measure."
        )
        tasks.offer(
            "cifar10",
            f"Fetch CIFAR-10 ({cifar_fetching.CIFAR10_BYTES / 1e6:.0f} MB)",
            cifar_fetching.fetch_cifar10(resources.data()),
            icon=":material/download:",
        )


def _trained(results: Results) -> Mapping[str, Range]:
    """Return the training ranges of the networks whose recipe states one."""
    known = {one["key"]: one.get("trained_sides") for one in results.manifest.networks}
    return {key: (sides[0], sides[1]) for key, sides in known.items() if sides}
