"""Feature maps under a vertical shift, and how shiftable each layer is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.experiments.drawing.style import assign_slots
from core.experiments.figure_03_feature_maps import feature_maps
from core.experiments.figure_03_feature_maps.feature_maps import Layers
from core.experiments.section_3_shiftability import figure as curves_figure
from core.experiments.section_3_shiftability.sentence import drift_sentence
from core.images.photographs import Photograph
from core.jobs.job import Task
from core.networks.card import NetworkCard
from core.networks.variants.twins import antialiased_pairs
from pages.parts.components import charts
from pages.parts.feature_maps import maps
from pages.parts.live import headline
from pages.parts.session import resources, tasks

DEFINITIONS = """
- **Drift of the global sum**: each channel's map summed over its places at every shift; (max − min) / mean |sum|,
  averaged over channels, weighted by their energies. 0: the sum does not depend on where the photograph is.
- **Interpolation error**: |r − r'| / |r|, r the layer's response at stride 1, r' the best linear interpolation of it
  from every s-th place, s the layer's stride, fitted to each channel by least squares over all positions of the grid.
  0: shiftable.
- **Aliased energy**: the share of |r|² above the layer's own Nyquist frequency, 1 / 2s.

The response at stride 1 is the same network with nothing subsampled and what follows dilated (Observation 2), less its
response to an empty frame; it is checked to be the network's own at the layer's places. Networks that subsample by
convolutions, pools and this project's blurs have one (torchvision's VGGs, ResNets and DenseNets, the embedded ones);
timm's and Adobe's blurs and adaptive sampling have none. Layers are those that end a block or a stage, after the
nonlinearity; relative depth counts convolutions. A network that keeps its sums need not be shiftable: blur with bin-5
keeps the sum and still leaves energy above Nyquist.
"""


def section(photograph: Photograph, cards: Sequence[NetworkCard]) -> None:
    """Draw the sentence, the progress, the maps, the curves and the definitions."""
    headline.strange(text for card in cards if (text := card.warning_for_photograph(photograph)))
    sums = {card.key: _sums(photograph, card) for card in cards}
    done = (asked.result for asked in sums.values() if asked.state == "done")
    found: list[Layers] = [layers for layers in done if layers is not None]
    top = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        channel = _channel(found)
        strict = st.toggle(
            "Also against stride 1",
            key="against_one",
            bind="query-params",
            help="Interpolation error and aliased energy need the network with nothing subsampled: seconds for the "
            "embedded ones; minutes and some 4 GB on a CPU for ResNet-50, during which the device serves nobody else.",
        )
    shown = found[: maps.SIDE_BY_SIDE]
    films = {one.card.key: _films(photograph, one, channel) for one in shown}
    spectra = {one.card.key: _spectra(photograph, one) for one in found} if strict else {}
    with top:
        _headline(cards, found)
        for asked in (*sums.values(), *films.values(), *spectra.values()):
            tasks.state(asked, asked.key[2])
    seen = [
        maps.Seen(one, one.channels(channel), job.result)
        for one in shown
        if (job := films[one.card.key]).state == "done" and job.result is not None
    ]
    if seen:
        maps.played(photograph, seen)
        maps.side_by_side(photograph, seen)
    if len(found) > maps.SIDE_BY_SIDE:
        st.caption("Maps of the first three networks; the curves are of all.")
    _curves(photograph, found, spectra)


def _sums(photograph: Photograph, card: NetworkCard) -> Task[Any]:
    engine = resources.engine()
    return tasks.ask(
        ("sums", photograph.digest, card.key, card.weights_digest),
        lambda report, cancel: feature_maps.measure(engine, card, photograph, report, cancel),
    )


def _films(photograph: Photograph, one: Layers, channel: int | None) -> Task[Any]:
    engine, channels = resources.engine(), one.channels(channel)
    return tasks.ask(
        ("maps", photograph.digest, one.card.key, one.card.weights_digest, channel),
        lambda report, cancel: feature_maps.films(engine, one, channels, report, cancel),
    )


def _spectra(photograph: Photograph, one: Layers) -> Task[Any]:
    engine = resources.engine()
    return tasks.ask(
        ("spectra", photograph.digest, one.card.key, one.card.weights_digest),
        lambda report, cancel: feature_maps.compare_with_stride_1(engine, one, report, cancel),
    )


def _channel(found: Sequence[Layers]) -> int | None:
    most = max((len(one.energy) for layers in found for one in layers.shown), default=1) - 1
    number = st.number_input(
        "Channel",
        0,
        max(most, 0),
        None,
        key="channel",
        placeholder="most responsive",
        width=190,
        help="Empty: of each layer the channel whose maps vary most over places and shifts. A number: that channel, of "
        "the layers that have so many.",
    )
    return None if number is None else int(number)


def _headline(cards: Sequence[NetworkCard], found: Sequence[Layers]) -> None:
    twins = {twin: original for original, twin in antialiased_pairs([card.key for card in cards]).items()}
    named = [(f"{one.card.name}{' (antialiased twin)' if one.card.key in twins else ''}", one.layers) for one in found]
    if named:
        charts.finding(drift_sentence(named, min(len(one.path.values) for one in found)))


def _curves(photograph: Photograph, found: Sequence[Layers], spectra: dict[str, Task[Any]]) -> None:
    if not found:
        return
    keys = [one.card.key for one in found]
    slots = assign_slots(keys, antialiased_pairs(keys))
    known = {
        key: {s.deep.layer.name: s for s in asked.result}
        for key, asked in spectra.items()
        if asked.state == "done" and asked.result
    }
    measures = {curves_figure.DRIFT: [_line(one, slots, [layer.drift for layer in one.layers]) for one in found]}
    for measure, name in ((curves_figure.ERROR, "interpolation_error"), (curves_figure.ALIASED, "aliased_energy")):
        measures[measure] = [
            _line(one, slots, [getattr(known[one.card.key][layer.deep.layer.name], name) for layer in one.layers])
            for one in found
            if one.card.key in known
        ]
    frames = len(found[0].path.values)
    about = {
        curves_figure.DRIFT: f"n = 1 photograph, {frames} shifts of one pixel down, on black: no interval.",
        curves_figure.ERROR: "n = 1 photograph, unmoved, on black: no interval.",
        curves_figure.ALIASED: "n = 1 photograph, unmoved, on black: no interval.",
    }
    for column, (measure, lines) in zip(st.columns(3), measures.items(), strict=True):
        if lines:
            with column:
                fig = curves_figure.shiftability(lines, measure, about[measure])
                charts.draw(fig, measure, f"{measure} of {photograph.name} against depth", select=False)
    with st.expander("What is measured"):
        st.markdown(DEFINITIONS)


def _line(one: Layers, slots: dict[str, int], values: Sequence[float]) -> curves_figure.Line:
    deep = [layer.deep for layer in one.layers]
    return curves_figure.Line(
        one.card.name,
        slots[one.card.key],
        [d.layer.name for d in deep],
        [d.depth for d in deep],
        [d.layer.stride or 1 for d in deep],
        values,
    )
