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
- **Drift of the global sum**: each channel's map is summed over its positions at every shift; (max − min) / mean |sum|,
  averaged over channels, weighted by their energies. It is 0 if the sum does not depend on the photograph's position.
- **Interpolation error**: |r − r'| / |r|, where r is the layer's response at stride 1 and r' is the best linear
  interpolation of r from every s-th position (s is the layer's stride), fitted to each channel by least squares over
  all positions of the grid. It is 0 for a shiftable layer.
- **Aliased energy**: the share of |r|² above the layer's own Nyquist frequency, 1 / 2s.

The response at stride 1 comes from the same network without subsampling and with dilated later layers (Observation 2),
minus its response to an empty frame. It is checked to equal the network's own response at the layer's positions. It
exists for networks that subsample with convolutions, pools or this project's blurs (torchvision's VGGs, ResNets and
DenseNets, and the embedded networks), but not for timm's or Adobe's blurs or adaptive sampling. The layers shown end a
block or a stage, after the nonlinearity. Relative depth counts convolutions. A network that keeps its sums need not be
shiftable: blur with bin-5 keeps the sum and still leaves energy above Nyquist.
"""


def section(photograph: Photograph, cards: Sequence[NetworkCard]) -> None:
    """Draw the sentence, the progress, the maps, the curves and the definitions."""
    headline.draw_warnings(text for card in cards if (text := card.warning_for_photograph(photograph)))
    sums = {card.key: _measure_sums(photograph, card) for card in cards}
    results = (task.result for task in sums.values() if task.state == "done")
    measured: list[Layers] = [layers for layers in results if layers is not None]
    top = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        channel = _draw_channel(measured)
        against_stride_1 = st.toggle(
            "Compare with the unstrided network",
            key="against_one",
            bind="query-params",
            help="Interpolation error and aliased energy need the network without subsampling. This takes seconds for "
            "the embedded networks, and minutes and about 4 GB on a CPU for ResNet-50; other visitors wait meanwhile.",
        )
    compared = measured[: maps.SIDE_BY_SIDE]
    films = {network.card.key: _make_films(photograph, network, channel) for network in compared}
    spectra = (
        {network.card.key: _measure_spectra(photograph, network) for network in measured} if against_stride_1 else {}
    )
    with top:
        _draw_headline(cards, measured)
        for task in (*sums.values(), *films.values(), *spectra.values()):
            tasks.draw_state(task, task.key[2])
    films_of_networks = [
        maps.NetworkFilms(network, network.channels(channel), task.result)
        for network in compared
        if (task := films[network.card.key]).state == "done" and task.result is not None
    ]
    if films_of_networks:
        maps.draw_player(photograph, films_of_networks)
        maps.draw_side_by_side(photograph, films_of_networks)
    if len(measured) > maps.SIDE_BY_SIDE:
        st.caption("Maps of the first three networks. The curves show all networks.")
    _draw_curves(photograph, measured, spectra)


def _measure_sums(photograph: Photograph, card: NetworkCard) -> Task[Any]:
    engine = resources.engine()
    return tasks.start_task(
        ("sums", photograph.digest, card.key, card.weights_digest),
        lambda report, cancel: feature_maps.measure(engine, card, photograph, report, cancel),
    )


def _make_films(photograph: Photograph, network: Layers, channel: int | None) -> Task[Any]:
    engine, channels = resources.engine(), network.channels(channel)
    return tasks.start_task(
        ("maps", photograph.digest, network.card.key, network.card.weights_digest, channel),
        lambda report, cancel: feature_maps.films(engine, network, channels, report, cancel),
    )


def _measure_spectra(photograph: Photograph, network: Layers) -> Task[Any]:
    engine = resources.engine()
    return tasks.start_task(
        ("spectra", photograph.digest, network.card.key, network.card.weights_digest),
        lambda report, cancel: feature_maps.compare_with_stride_1(engine, network, report, cancel),
    )


def _draw_channel(measured: Sequence[Layers]) -> int | None:
    most = max((len(layer.energy) for network in measured for layer in network.shown), default=1) - 1
    number = st.number_input(
        "Channel",
        0,
        max(most, 0),
        None,
        key="channel",
        placeholder="most responsive",
        width=190,
        help="Leave empty for the channel of each layer whose maps vary most over positions and shifts. A number "
        "selects that channel in all layers that have it.",
    )
    return None if number is None else int(number)


def _draw_headline(cards: Sequence[NetworkCard], measured: Sequence[Layers]) -> None:
    twins = {twin: original for original, twin in antialiased_pairs([card.key for card in cards]).items()}
    titled = [
        (f"{network.card.name}{' (antialiased twin)' if network.card.key in twins else ''}", network.layers)
        for network in measured
    ]
    if titled:
        charts.draw_finding(drift_sentence(titled, min(len(network.path.values) for network in measured)))


def _draw_curves(photograph: Photograph, measured: Sequence[Layers], spectra: dict[str, Task[Any]]) -> None:
    if not measured:
        return
    keys = [network.card.key for network in measured]
    slots = assign_slots(keys, antialiased_pairs(keys))
    compared = {
        key: {spectrum.deep.layer.name: spectrum for spectrum in task.result}
        for key, task in spectra.items()
        if task.state == "done" and task.result
    }
    measures = {
        curves_figure.DRIFT: [
            _make_line(network, slots, [layer.drift for layer in network.layers]) for network in measured
        ]
    }
    for measure, name in ((curves_figure.ERROR, "interpolation_error"), (curves_figure.ALIASED, "aliased_energy")):
        measures[measure] = [
            _make_line(
                network,
                slots,
                [getattr(compared[network.card.key][layer.deep.layer.name], name) for layer in network.layers],
            )
            for network in measured
            if network.card.key in compared
        ]
    frames = len(measured[0].path.values)
    about = {
        curves_figure.DRIFT: f"n = 1 photograph, {frames} shifts of one pixel down, on black; no interval.",
        curves_figure.ERROR: "n = 1 photograph, unmoved, on black; no interval.",
        curves_figure.ALIASED: "n = 1 photograph, unmoved, on black; no interval.",
    }
    for column, (measure, lines) in zip(st.columns(3), measures.items(), strict=True):
        if lines:
            with column:
                fig = curves_figure.shiftability(lines, measure, about[measure])
                charts.draw(fig, measure, f"{measure} of {photograph.name} against depth", select=False)
    with st.expander("What is measured"):
        st.markdown(DEFINITIONS)


def _make_line(network: Layers, slots: dict[str, int], values: Sequence[float]) -> curves_figure.Line:
    deep = [layer.deep for layer in network.layers]
    return curves_figure.Line(
        network.card.name,
        slots[network.card.key],
        [d.layer.name for d in deep],
        [d.depth for d in deep],
        [d.layer.stride or 1 for d in deep],
        values,
    )
