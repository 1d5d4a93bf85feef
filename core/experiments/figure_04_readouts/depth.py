"""Comparison of the first and the deepest layer in a study of linear probes (paper, Figure 4)."""

from __future__ import annotations

import pandas as pd

from ...inference.linear_probes import HEAD
from ...statistics.comparisons import comparisons, corrected
from ...statistics.tables import BY, LAYERS, require
from ...studies.choices import family


def compare_depths(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the paired comparison of each network's first layer (``first``) with its deepest (``second``).

    Args:
        pairs: a study's pairs, with ``layer`` and ``depth``. The network's own head does not count as a layer.

    Returns a table as ``comparisons`` does, with the ``network`` as its first column; the p-values of each
    measure are corrected together (Holm). Raises BadTable for missing columns.
    """
    require(pairs, (*BY, *LAYERS))
    parts = []
    for network, own in pairs[pairs["layer"] != HEAD].groupby("network", sort=False, observed=True):
        ends = own.drop_duplicates("layer").sort_values("depth")["layer"].iloc[[0, -1]].astype(str)
        if ends.iloc[0] == ends.iloc[1]:
            continue
        layers = own.assign(network=own["layer"].astype(str))
        compared = comparisons(layers, couples=[(ends.iloc[0], ends.iloc[1])])
        compared.insert(0, "network", str(network))
        parts.append(compared)
    result = pd.concat(parts, ignore_index=True) if parts else comparisons(pairs.head(0), couples=[])
    return corrected(result, family("readouts", ()).text)
