"""Feature maps of networks under a vertical shift, as a film and side by side (Figure 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
import torch

from core.experiments.figure_03_feature_maps import figure
from core.experiments.figure_03_feature_maps.feature_maps import Film, Layers
from core.experiments.section_3_shiftability.shiftability import Sums
from core.images.photographs import Photograph
from core.images.png import strip
from pages.parts.components import charts
from pages.parts.components.widgets import plain
from pages.parts.feature_maps import animation
from pages.parts.session import resources

SIDE_BY_SIDE = 3  # networks


@dataclass(frozen=True, slots=True)
class NetworkFilms:
    """The layers of one network, the channel that is shown of each, and its film."""

    layers: Layers
    channels: Mapping[str, int]
    films: Mapping[str, Film]

    def list_layers(self) -> Iterator[tuple[Sums, int, Film]]:
        """Return the layers in order, each with its sums, channel and film."""
        for layer in self.layers.shown:
            if (name := layer.deep.layer.name) in self.films:
                yield layer, self.channels[name], self.films[name]

    @property
    def key(self) -> tuple[object, ...]:
        """Return everything that the films depend on, apart from the photograph."""
        card = self.layers.card
        return card.key, card.weights_digest, *sorted(self.channels.items())


def draw_player(photograph: Photograph, networks: Sequence[NetworkFilms]) -> None:
    """Draw all shifts of all networks as one film."""
    st.subheader("Every shift, played", anchor="played")
    rows = [
        animation.Row(
            network.layers.card.name,
            len(network.layers.path.values),
            [_make_photograph_cell(photograph, network), *_make_cells(photograph, network)],
        )
        for network in networks
    ]
    shifts = min((network.layers.path.values for network in networks), key=len)
    animation.player(repr((photograph.digest, *(network.key for network in networks))), shifts, rows)
    st.caption(
        plain(
            "The photograph moves down on black, one pixel per step. Each layer has one colour scale for all shifts; "
            "its range is written above the map. The curve below is the global sum at every shift, on an axis from 0. "
            f"n = 1 photograph; {'; '.join(dict.fromkeys(network.layers.path.description for network in networks))}."
        )
    )


def _make_photograph_cell(photograph: Photograph, network: NetworkFilms) -> animation.Cell:
    card, path = network.layers.card, network.layers.path

    def picture() -> bytes:
        return strip(torch.stack(path.frames).permute(0, 2, 3, 1).numpy())

    return animation.Cell(
        "photograph", f"{card.size} x {card.size} px", _cache_picture(photograph, network, "frames", picture)
    )


def _make_cells(photograph: Photograph, network: NetworkFilms) -> Iterator[animation.Cell]:
    for layer, channel, film in network.list_layers():
        deep = layer.deep

        def picture(film: Film = film) -> bytes:
            return strip(film.levels, figure.palette())

        about = f"stride {deep.layer.stride} · channel {channel}\ndrift {layer.drift_of(channel):.0%}\nvalues "
        yield animation.Cell(
            f"depth {deep.depth:.2f}",
            f"{about}{film.low:.3g} to {film.high:.3g}",
            _cache_picture(photograph, network, deep.layer.name, picture),
            layer.sums[:, channel].tolist(),
        )


def _cache_picture(photograph: Photograph, network: NetworkFilms, name: str, picture: Callable[[], bytes]) -> bytes:
    return resources.load_picture((photograph.digest, *network.key, name), picture) or b""


def draw_side_by_side(photograph: Photograph, networks: Sequence[NetworkFilms]) -> None:
    """Draw some shifts side by side as in the paper, one column per network."""
    st.subheader("Side by side (Figure 3)", anchor="side-by-side")
    for column, network in zip(st.columns(SIDE_BY_SIDE), networks, strict=False):
        name, path, steps = network.layers.card.name, network.layers.path, network.layers.steps
        frames = [path.frames[k].permute(1, 2, 0).numpy() for k in steps]
        with column:
            st.markdown(f"**{plain(name)}**")
            fig = figure.feature_maps(
                frames,
                [path.values[k] for k in steps],
                _make_rows(network),
                f"{name}; n = 1 photograph.",
                f"{path.description}, moved down.",
            )
            charts.draw(
                fig, f"maps {network.layers.card.key}", f"Feature maps of {name} of {photograph.name}", select=False
            )


def _make_rows(network: NetworkFilms) -> list[figure.Row]:
    steps = list(network.layers.steps)
    return [
        figure.Row(
            f"depth {layer.deep.depth:.2f} · stride {layer.deep.layer.stride} · channel {channel} · "
            f"drift {layer.drift_of(channel):.0%}",
            film.levels[steps],
            layer.sums[steps, channel].tolist(),
        )
        for layer, channel, film in network.list_layers()
    ]
