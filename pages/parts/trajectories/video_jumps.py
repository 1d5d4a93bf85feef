"""The two frames of a jump, side by side, and what changed between them."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.experiments.figure_01_trajectories import roughness
from core.experiments.figure_01_trajectories.figure import Curve
from core.exploration import VideoCurves
from core.images.png import difference, png
from pages.parts.components import flicker
from pages.parts.components.widgets import plain
from pages.parts.session import resources, state

Place = tuple[str, int]  # a network's key, and the number of the second of the two frames


def section(found: VideoCurves, curves: Mapping[str, Curve], clicked: tuple[str, float] | None) -> None:
    """Draw the list of jumps and the frames of the chosen one. A click on the curve chooses the nearest jump."""
    places, jumped = _places(curves)
    if not places:
        return
    key = f"jump {found.clip.digest[:8]} {found.centre} {state.watched()} {'+'.join(curves)}"
    if state.new_click(key, clicked) and clicked is not None:
        state.fill({key: _nearest(places, curves, clicked)})
    chosen = st.selectbox(
        "The frames of a jump (or click the curve)" if jumped else "No jump; the largest step of each network",
        places,
        places.index(max(places, key=lambda p: abs(_step(curves, p)))),
        key=key,
        format_func=lambda place: _label(curves, place),
    )
    _frames(found, curves[chosen[0]], chosen)


def _places(curves: Mapping[str, Curve]) -> tuple[list[Place], bool]:
    """Return all jumps in order of time, or each network's largest step if there is none."""
    found = [(key, k) for key, curve in curves.items() for k in roughness.jumps(curve.p, curve.top)]
    if not found:
        steps = [
            max(((key, k) for k in range(1, len(curve.p))), key=lambda p: abs(_step(curves, p)), default=None)
            for key, curve in curves.items()
        ]
        return [place for place in steps if place is not None], False
    return sorted(found, key=lambda place: place[1]), True


def _step(curves: Mapping[str, Curve], place: Place) -> float:
    p = curves[place[0]].p
    return p[place[1]] - p[place[1] - 1]


def _nearest(places: list[Place], curves: Mapping[str, Curve], clicked: tuple[str, float]) -> Place:
    """Return the nearest jump in time, of the clicked network if it has any."""
    mine = [place for place in places if place[0] == clicked[0]] or places
    return min(mine, key=lambda place: abs(curves[place[0]].values[place[1]] - clicked[1]))


def _label(curves: Mapping[str, Curve], place: Place) -> str:
    key, k = place
    curve = curves[key]
    text = f"{curve.values[k]:.2f} s · {curve.title}: {curve.p[k - 1]:.3f} → {curve.p[k]:.3f}"
    if not curve.top:
        return text
    answer = curve.top[k] if curve.top[k] == curve.top[k - 1] else f"{curve.top[k - 1]} → {curve.top[k]}"
    return f"{text}, says {answer}"


def _frames(found: VideoCurves, curve: Curve, place: Place) -> None:
    key, k = place
    card = next(card for card in found.cards if card.key == key)
    named = ("jump", found.clip.digest, card.size, found.centre, k)
    before, after = resources.squares(named, lambda: found.between(card, k))
    apart, factor = difference(before, after)
    names = card.labels.names if card.labels else None
    st.markdown(f"{plain(card.name)}, frames {k} and {k + 1}: {flicker.said(found.step(card, k), names)}")
    answers = ["", ""] if names is None else [f", {answer}" for answer in _answers(found, place, names)]
    captions = [f"{curve.values[i]:.2f} s{answer}" for i, answer in zip((k - 1, k), answers, strict=True)]
    captions.append(f"their difference, x {factor}")
    with st.container(horizontal=True, key="frames_of_jump"):
        for frame, caption in zip((before, after, apart), captions, strict=True):
            enlarged = png(frame, factor=flicker.factor(frame.shape[-1]))
            st.image(enlarged, caption=plain(caption), output_format="PNG", width="stretch", alt=caption)


def _answers(found: VideoCurves, place: Place, names: tuple[str, ...]) -> list[str]:
    """Return the top-1 class and its probability of both frames."""
    key, k = place
    best = found.tracks[key].probabilities[k - 1 : k + 1].max(1)
    return [f"{names[c]} {p:.3f}" for p, c in zip(best.values.tolist(), best.indices.tolist(), strict=True)]
