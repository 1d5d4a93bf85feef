"""The sentences of Figure 1: how rough the curves of P(class) are, and what the map over all shifts shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .roughness import Roughness
from .shift_map import Values, mean_change


def curve_sentence(motion: str, curves: Sequence[tuple[str, Roughness]]) -> str:
    """Return how rough curves of one kind are; empty without a curve.

    Args:
        motion: for example ``this photograph moves right by 32 frame px in 32 steps``.
        curves: what each curve shows (``ResNet's P(cat)``) and its roughness.
    """
    if not curves:
        return ""
    texts = [
        f"{name} changes by {numbers.mean_step:.3f} from one frame to the next on average"
        + (f", falls by up to {numbers.largest_drop:.2f} in one step" if numbers.largest_drop else ", never falls")
        + f" and has an excess variation of {numbers.excess_variation:.2f}"
        for name, numbers in curves
    ]
    return f"While {motion}, {'; '.join(texts)}."


def map_sentence(network: str, watched: str, grid: Values, answers: Sequence[str], stride: int | None) -> str:
    """Return the range of a map, its most important answer, and how it changes from cell to cell.

    Args:
        network: title of the network.
        watched: what the map shows, for example ``P(cat)``.
        grid: the map (2R + 1, 2R + 1), as ``on_grid`` gives it.
        answers: the arg-max class at every shift, the unmoved photograph's first; empty without classes.
        stride: total stride of the network in pixels, where known.
    """
    low, high, change = float(np.nanmin(grid)), float(np.nanmax(grid)), mean_change(grid, 1)
    text = (
        f"over {int((~np.isnan(grid)).sum()):,} shifts of up to {len(grid) // 2} px, {network}'s {watched} lies "
        f"between {low:.2f} and {high:.2f}{_answers(answers)}"
    )
    if change is not None:
        text += f"; {watched} changes by {change:.3f} on average from a cell to its neighbour"
        apart = None if stride is None else mean_change(grid, stride)
        if apart is not None:
            text += f", and by {apart:.3f} to the cell {stride} px away, one total stride"
    return f"{text[0].upper()}{text[1:]}."


def _answers(answers: Sequence[str]) -> str:
    if not answers:
        return ""
    same, others = sum(answer == answers[0] for answer in answers), len(set(answers)) - 1
    text = f", and its answer is {answers[0]} in {same:,} ({100 * same / len(answers):.0f} %)"
    return text + (f" and {others} other class{'es' if others > 1 else ''} elsewhere" if others else "")
