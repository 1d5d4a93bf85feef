"""A study's tables → one record for each network, protocol and side: the measures with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.measure import Accuracy
from core.sensitivity import Columns, Sensitivity, of_columns, wilson
from core.studies.rows import Results

if TYPE_CHECKING:
    import pandas as pd

GROUP = ["network", "protocol", "side"]


def summary(results: Results) -> list[dict[str, Any]]:
    """Records in the order of the study, with everything that says what a number is of, as plain values."""
    m = results.manifest
    records = []
    for _, rows in results.pairs.groupby(GROUP, sort=False, observed=True, dropna=False):
        first = rows.iloc[0]
        network = m.network(str(first["network"]))
        right = accuracy(results.photographs[results.photographs["network"] == first["network"]])
        records.append({
            "study": m.study, "network": network["key"], "weights_digest": network["weights_digest"],
            "trained_on": network["trained_on"], "warning": network["warning"], "protocol": str(first["protocol"]),
            "side": None if rows["side"].isna().all() else int(first["side"]), "step": int(first["step"]),
            "direction": str(first["direction"]), "unit": str(first["unit"]), "size": network["preprocessing"]["crop"],
            "interpolation": network["preprocessing"]["interpolation"], "reduced_to": m.config["reduce_to"],
            "seed": int(first["seed"]), "pairs_per_photograph": m.config["pairs"], **measured(rows).as_dict(),
            **Accuracy.fields(right), "skipped": sorted(name for name, _ in m.skipped or []), "device": m.device,
            "precision": m.precision, "software": m.software,
        })  # fmt: skip
    return records


def measured(pairs: pd.DataFrame, *, seed: int = 0) -> Sensitivity:
    """Rows of one network, protocol and side → Sensitivity, as of its outcomes. Raises ValueError without a row."""
    return of_columns(columns(pairs), seed=seed)


def columns(pairs: pd.DataFrame) -> Columns:
    """Rows as columns of numbers; photographs are numbered in the order of their digests."""
    digests = pairs["digest"].cat
    rank = np.argsort(np.argsort(digests.categories.to_numpy(dtype=str)))
    return Columns(
        photograph=rank[digests.codes.to_numpy()],
        pair=pairs["pair"].to_numpy(),
        changed=None if pairs["changed"].isna().any() else pairs["changed"].to_numpy(dtype=bool),
        change=pairs["p_after"].to_numpy(dtype=float) - pairs["p_before"].to_numpy(dtype=float),
        feature_cosine=pairs["feature_cosine"].to_numpy(),
        flip=pairs["kind"].to_numpy(dtype=object),
        labelled=pairs["label_index"].notna().to_numpy(),
    )


def accuracy(centres: pd.DataFrame) -> Accuracy | None:
    """Centre crops of one network → its top-1 on those whose class it knows; None without any."""
    right = centres["right"].dropna()
    if right.empty:
        return None
    count, n = int(right.sum()), len(right)
    return Accuracy(count / n, wilson(count, n), n)
