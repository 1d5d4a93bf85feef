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

Step = tuple[str, int]  # a network's key, and the number of the second of the two frames


def section(measured: VideoCurves, curves: Mapping[str, Curve], clicked: tuple[str, float] | None) -> None:
    """Draw the list of jumps and the frames of the chosen one. A click on the curve chooses the nearest jump."""
    steps, jumped = _find_steps(curves)
    if not steps:
        return
    key = f"jump {measured.clip.digest[:8]} {measured.centre} {state.followed_class()} {'+'.join(curves)}"
    if state.is_new_click(key, clicked) and clicked is not None:
        state.fill_widgets({key: _nearest_step(steps, curves, clicked)})
    chosen = st.selectbox(
        "The frames of a jump (or click the curve)" if jumped else "No jump; the largest step of each network",
        steps,
        steps.index(max(steps, key=lambda p: abs(_change(curves, p)))),
        key=key,
        format_func=lambda step: _describe_step(curves, step),
    )
    _draw_frames(measured, curves[chosen[0]], chosen)


def _find_steps(curves: Mapping[str, Curve]) -> tuple[list[Step], bool]:
    """Return all jumps in order of time, or each network's largest step if there is none."""
    measured = [(key, k) for key, curve in curves.items() for k in roughness.jumps(curve.p, curve.top)]
    if not measured:
        steps = [
            max(((key, k) for k in range(1, len(curve.p))), key=lambda p: abs(_change(curves, p)), default=None)
            for key, curve in curves.items()
        ]
        return [step for step in steps if step is not None], False
    return sorted(measured, key=lambda step: step[1]), True


def _change(curves: Mapping[str, Curve], step: Step) -> float:
    p = curves[step[0]].p
    return p[step[1]] - p[step[1] - 1]


def _nearest_step(steps: list[Step], curves: Mapping[str, Curve], clicked: tuple[str, float]) -> Step:
    """Return the nearest jump in time, of the clicked network if it has any."""
    of_network = [step for step in steps if step[0] == clicked[0]] or steps
    return min(of_network, key=lambda step: abs(curves[step[0]].values[step[1]] - clicked[1]))


def _describe_step(curves: Mapping[str, Curve], step: Step) -> str:
    key, k = step
    curve = curves[key]
    text = f"{curve.values[k]:.2f} s · {curve.title}: {curve.p[k - 1]:.3f} → {curve.p[k]:.3f}"
    if not curve.top:
        return text
    answer = curve.top[k] if curve.top[k] == curve.top[k - 1] else f"{curve.top[k - 1]} → {curve.top[k]}"
    return f"{text}, says {answer}"


def _draw_frames(measured: VideoCurves, curve: Curve, step: Step) -> None:
    key, k = step
    card = next(card for card in measured.cards if card.key == key)
    named = ("jump", measured.clip.digest, card.size, measured.centre, k)
    before, after = resources.decode_squares(named, lambda: measured.between(card, k))
    apart, factor = difference(before, after)
    names = card.labels.names if card.labels else None
    st.markdown(
        f"{plain(card.name)}, frames {k} and {k + 1}: {flicker.describe_outcome(measured.step(card, k), names)}"
    )
    answers = ["", ""] if names is None else [f", {answer}" for answer in _answers(measured, step, names)]
    captions = [f"{curve.values[i]:.2f} s{answer}" for i, answer in zip((k - 1, k), answers, strict=True)]
    captions.append(f"their difference, x {factor}")
    with st.container(horizontal=True, key="frames_of_jump"):
        for frame, caption in zip((before, after, apart), captions, strict=True):
            enlarged = png(frame, factor=flicker.enlargement(frame.shape[-1]))
            st.image(enlarged, caption=plain(caption), output_format="PNG", width="stretch", alt=caption)


def _answers(measured: VideoCurves, step: Step, names: tuple[str, ...]) -> list[str]:
    """Return the top-1 class and its probability of both frames."""
    key, k = step
    best = measured.tracks[key].probabilities[k - 1 : k + 1].max(1)
    return [f"{names[c]} {p:.3f}" for p, c in zip(best.values.tolist(), best.indices.tolist(), strict=True)]
