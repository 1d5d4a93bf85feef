"""A study over sizes, invented, for tests."""

from __future__ import annotations

import pandas as pd

from tests.support.study_tables import pairs_table

PLAIN, WIDE = "embedded/plain.cifar10-0", "embedded/plain_black.cifar10-0"


TRAINED = {PLAIN: (32, 32), WIDE: (16, 32)}


def sized(pairs: int = 1, photographs: int = 300) -> pd.DataFrame:
    """Return pairs of two networks at four sides; the second never flips at 16 and 24, the first at none."""
    table = pairs_table((PLAIN, WIDE), ("black",), photographs, pairs, sides=(8, 12, 16, 24))
    steady = (table["network"] == WIDE) & table["side"].ge(16)
    table["changed"] = table["changed"].mask(steady, other=False)
    table["p_after"] = table["p_after"].where(~steady, table["p_before"])
    return table
