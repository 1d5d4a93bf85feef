"""Sensitivity and accuracy against size, within and past the sizes of training (paper, Figures 10 and 11)."""

from __future__ import annotations

import streamlit as st

from core import findings, provision, sizes, tables
from core.datasets import cifar
from core.figures import augmentation as figures
from core.figures.style import places, short
from core.sizes import Range
from core.studies import Results
from core.studies.antialiasing import couples
from core.tables import MEASURES, Measured
from pages.parts import charts, measured, resources, studies, tasks

TRAIN = (
    "python -m core train resnet8.cifar10 resnet8_black.cifar10 resnet8_crop.cifar10 alexnet32.cifar10 "
    "alexnet32_stride1.cifar10 alexnet32_stride1_zero.cifar10 --photos cifar10:train --held-out cifar10:test"
)


def section() -> None:
    """The chosen study, or the form for a first one: its sentences, the three panels, the photographs, downloads."""
    st.subheader("Against the size of the photograph (Figures 10 and 11)", anchor="sizes")
    st.caption(
        "Smaller than the frame it lies on black; larger, a part of it fills the frame. Then one pixel further. Does a "
        "network change its answer less often at the sizes that its training showed?"
    )
    results = studies.section("augmentation")
    if results is None:
        _cifar10()
        return
    trained, frames = _trained(results), {one["preprocessing"]["crop"] for one in results.manifest.networks}
    frame = frames.pop() if len(frames) == 1 else None
    found = measured.all_of(results)
    right = studies.derived(results, "accuracy by size", lambda r: sizes.accuracies(r.pairs))
    charts.finding(_said(results, trained), "finding-sizes")
    networks = list(dict.fromkeys(one.network for one in found))
    place = places(networks, couples(networks))
    panels = [
        (MEASURES[name], figures.against_size(found, name, trained=trained, frame=frame, place=place))
        for name in measured.measures_of(found)
    ]
    if right:
        panels.append(("Accuracy", figures.accuracy(right, trained=trained, frame=frame, place=place)))
    clicked: list[Measured] = []
    for column, (title, fig) in zip((*st.columns(2), *st.columns(2)), panels, strict=False):
        with column:
            points = charts.draw(fig, f"size {title}", f"{title} against size")
        names = [(fig.data[point["curve_number"]].name, point["x"]) for point in points]
        clicked += [one for one in found if (short(one.network), one.side) in names]
    measured.behind_measured(results, found, clicked, "point")
    _missing(trained)
    _cifar10()
    studies.take_away(results, {"Measures by size": lambda: tables.tidy(found)})


def _cifar10() -> None:
    """The photographs of the paper's Figures 10 and 11, where they are not on this machine."""
    job = resources.jobs().get("cifar10")
    if cifar.there(cifar.home(resources.data())) and (job is None or job.state == "done"):
        return
    with st.container(border=True):
        st.caption(
            "The paper's Figures 10 and 11 are of CIFAR-10: 60,000 pictures of 32 x 32 pixels, which are not on this "
            "machine. Once fetched, `cifar10:train` stands for those to train on, `cifar10:test` for those to measure."
        )
        tasks.offer(
            "cifar10", f"Fetch CIFAR-10 ({provision.CIFAR10_BYTES / 1e6:.0f} MB)",
            provision.fetch_cifar10(resources.data()), icon=":material/download:",
        )  # fmt: skip


def _trained(results: Results) -> dict[str, Range]:
    """Of the networks whose recipe says so."""
    known = {one["key"]: one.get("trained_sides") for one in results.manifest.networks}
    return {key: (sides[0], sides[1]) for key, sides in known.items() if sides}


def _said(results: Results, trained: dict[str, Range]) -> str:
    said = studies.derived(
        results, "said of sizes", lambda r: f"{sizes.gained(r.pairs, trained)} {sizes.exact(r.pairs)}"
    )
    return said.strip() or findings.embedded_size(measured.all_of(results))


def _missing(trained: dict[str, Range]) -> None:
    if not any(least < most for least, most in trained.values()):
        st.caption(
            "None of these networks is known to have been trained over a range of sizes. Train the paper's (without "
            "augmentation, smaller on black, larger and cropped; without subsampling) on CIFAR-10 with"
        )
        st.code(TRAIN, language="bash", wrap_lines=True)
