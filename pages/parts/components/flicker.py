"""A pair of frames as an animation, and the network's answers in words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.images.frames import FramePair
from core.images.png import flicker, png
from core.statistics.sensitivity import Outcome
from pages.parts.components.widgets import plain

WIDTH = 448  # pixels on screen


def enlargement(size: int) -> int:
    """Return how many times a frame of this side is enlarged, without smoothing."""
    return max(1, WIDTH // size)


def animate(pair: FramePair) -> bytes:
    """Return the frames before and after, alternating, as an animated PNG."""
    return flicker(pair.before, pair.after, factor=enlargement(pair.before.shape[-1]))


def draw(pair: FramePair, *, still: bool) -> None:
    """Draw the pair, as an animation or side by side."""
    if not still:
        st.image(animate(pair), output_format="PNG", width=WIDTH, alt="before and after")
        return
    for column, name, frame in zip(st.columns(2), ("before", "after"), (pair.before, pair.after), strict=True):
        enlarged = png(frame, factor=enlargement(frame.shape[-1]))
        column.image(enlarged, caption=name, output_format="PNG", width="stretch", alt=name)


def describe_outcome(outcome: Outcome, names: Sequence[str] | None) -> str:
    """Return the network's two answers as Markdown. Classes without ``names`` appear as numbers."""
    if outcome.class_before is None or outcome.class_after is None:
        return f"representation change (1 − cosine) {1 - outcome.feature_cosine:.5f}."
    before, after = (_named(k, names) for k in (outcome.class_before, outcome.class_after))
    answer = f"**{plain(before)}** → **{plain(after)}**" if outcome.changed else f"**{plain(before)}** in both frames"
    went = f"went from {outcome.p_before:.3f} to {outcome.p_after:.3f} ({outcome.change:+.3f})"
    return f"{answer}. P({plain(before)}) {went}."


def _named(number: int, names: Sequence[str] | None) -> str:
    return names[number] if names is not None else f"class {number}"
