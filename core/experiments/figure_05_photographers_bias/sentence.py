"""The sentence of Figure 5: whether objects lie anywhere in their frames, over all classes and class by class."""

from __future__ import annotations

import pandas as pd

from .bias import ALPHA, AXES, BIASED, FEW, LEAST, Places, over_all


def sentence(places: Places, classes: pd.DataFrame) -> str:
    """Return whether the places of objects are uniform, over all classes and class by class.

    Args:
        places: the largest box of each photograph.
        classes: the table that ``by_class`` makes of them.
    """
    tests = over_all(places)
    if not tests:
        return f"Too few photographs of known size to test their places: {len(places.table)} of the {LEAST} needed."
    texts = "; ".join(
        f"{AXES[test.axis]} {'not uniform' if test.p < ALPHA else 'no evidence against uniformity'} ({test})"
        for test in tests
    )
    return f"Places of objects, as shares of the room that their frames leave: {texts}. {_by_class(classes)}"


def _by_class(classes: pd.DataFrame) -> str:
    if classes.empty:
        return "No class is known."
    tested = {axis: int((classes[axis] != FEW).sum()) for axis in AXES}
    few = int((classes[list(AXES)] == FEW).all(axis=1).sum())
    if not any(tested.values()):
        return f"Each of {few:,} classes has too few photographs of known size for a test of its own."
    parts = [f"{AXES[axis]} in {int((classes[axis] == BIASED).sum()):,} of {count:,}" for axis, count in tested.items()]
    text = f"Class by class (Holm's correction) uniformity is rejected {' and '.join(parts)}"
    return text + (f"; {few:,} of {len(classes):,} classes have too few photographs." if few else ".")
