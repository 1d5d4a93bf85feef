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
class Seen:
    """The layers of one network, the channel that is shown of each, and its film."""

    network: Layers
    channels: Mapping[str, int]
    films: Mapping[str, Film]

    def shown(self) -> Iterator[tuple[Sums, int, Film]]:
        """Return the layers in order, each with its sums, channel and film."""
        for layer in self.network.shown:
            if (name := layer.deep.layer.name) in self.films:
                yield layer, self.channels[name], self.films[name]

    @property
    def key(self) -> tuple[object, ...]:
        """Return everything that the films depend on, apart from the photograph."""
        card = self.network.card
        return card.key, card.weights_digest, *sorted(self.channels.items())


def played(photograph: Photograph, seen: Sequence[Seen]) -> None:
    """Draw all shifts of all networks as one film."""
    st.subheader("Every shift, played", anchor="played")
    rows = [
        animation.Row(
            one.network.card.name, len(one.network.path.values), [_moving(photograph, one), *_cells(photograph, one)]
        )
        for one in seen
    ]
    shifts = min((one.network.path.values for one in seen), key=len)
    animation.player(repr((photograph.digest, *(one.key for one in seen))), shifts, rows)
    st.caption(
        plain(
            "The photograph moves down on black, a pixel a step. Each layer has one colour scale for all shifts, from the "
            "least value (dark) to the largest, which stand above its map; beneath it its global sum at every shift, on an "
            f"axis from 0. n = 1 photograph; {'; '.join(dict.fromkeys(one.network.path.description for one in seen))}."
        )
    )


def _moving(photograph: Photograph, one: Seen) -> animation.Cell:
    card, path = one.network.card, one.network.path

    def picture() -> bytes:
        return strip(torch.stack(path.frames).permute(0, 2, 3, 1).numpy())

    return animation.Cell("photograph", f"{card.size} x {card.size} px", _kept(photograph, one, "frames", picture))


def _cells(photograph: Photograph, one: Seen) -> Iterator[animation.Cell]:
    for layer, channel, film in one.shown():
        deep = layer.deep

        def picture(film: Film = film) -> bytes:
            return strip(film.levels, figure.palette())

        about = f"stride {deep.layer.stride} · channel {channel}\ndrift {layer.drift_of(channel):.0%}\nvalues "
        yield animation.Cell(
            f"depth {deep.depth:.2f}",
            f"{about}{film.low:.3g} to {film.high:.3g}",
            _kept(photograph, one, deep.layer.name, picture),
            layer.sums[:, channel].tolist(),
        )


def _kept(photograph: Photograph, one: Seen, name: str, picture: Callable[[], bytes]) -> bytes:
    return resources.load_picture((photograph.digest, *one.key, name), picture) or b""


def side_by_side(photograph: Photograph, seen: Sequence[Seen]) -> None:
    """Draw some shifts side by side as in the paper, a column a network."""
    st.subheader("Side by side (Figure 3)", anchor="side-by-side")
    for column, one in zip(st.columns(SIDE_BY_SIDE), seen, strict=False):
        name, path, steps = one.network.card.name, one.network.path, one.network.steps
        frames = [path.frames[k].permute(1, 2, 0).numpy() for k in steps]
        with column:
            st.markdown(f"**{plain(name)}**")
            fig = figure.feature_maps(
                frames,
                [path.values[k] for k in steps],
                _rows(one),
                f"{name}; n = 1 photograph.",
                f"{path.description}, moved down.",
            )
            charts.draw(
                fig, f"maps {one.network.card.key}", f"Feature maps of {name} of {photograph.name}", select=False
            )


def _rows(one: Seen) -> list[figure.Row]:
    steps = list(one.network.steps)
    return [
        figure.Row(
            f"depth {layer.deep.depth:.2f} · stride {layer.deep.layer.stride} · channel {channel} · "
            f"drift {layer.drift_of(channel):.0%}",
            film.levels[steps],
            layer.sums[steps, channel].tolist(),
        )
        for layer, channel, film in one.shown()
    ]
