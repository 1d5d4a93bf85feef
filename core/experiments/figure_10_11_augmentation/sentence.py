"""The sentences of Figures 10 and 11: whether augmentation helps beyond its sizes, and which networks are invariant."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...networks.card import short
from ...statistics.intervals import proportion
from ...statistics.tables import change, changed, photographs_of
from ..wording import TOP1_CHANGE, correction, evident
from .sizes import Range

ROUNDING = 1e-6  # of a probability in float32


def augmentation_sentence(comparisons: pd.DataFrame, trained: Mapping[str, Range]) -> str:
    """Return whether augmentation lowers sensitivity beyond the sizes that it showed (Figure 10).

    Args:
        comparisons: of the study's networks on the same pairs at each side, as ``comparisons`` gives them.
        trained: network → least and greatest side that it was trained on. Networks trained on a range of sides are
            compared with the one trained on a single side.

    Empty where no network was trained on a single side, or none on a range.
    """
    plain = [network for network, (least, most) in trained.items() if least == most]
    augmented = [network for network, (least, most) in trained.items() if least < most]
    if not plain:
        return ""
    rows = _against(plain[0], comparisons[(comparisons["measure"] == TOP1_CHANGE) & comparisons["side"].notna()])
    texts = []
    for network in augmented:
        own, (least, most) = rows[rows["second"] == network], trained[network]
        if len(own):
            inside = own["side"].between(least, most).to_numpy(bool)
            parts = [_tally(own[where], name) for where, name in ((inside, "within"), (~inside, "outside"))]
            texts.append(f"{short(network)} (trained at {least} to {most} px) {' and '.join(filter(None, parts))}")
    if not texts:
        return ""
    return (
        f"Compared with {short(plain[0])}, which was trained at one size: {'; '.join(texts)}. "
        f"n = {int(rows['photographs'].max()):,} photographs; {correction(rows)}."
    )


def _against(network: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons with a network, turned so that it is the first."""
    first, second = rows[rows["first"] == network], rows[rows["second"] == network]
    turned = second.assign(first=second["second"], second=second["first"], difference=-second["difference"])
    return pd.concat([first, turned], ignore_index=True)


def _tally(rows: pd.DataFrame, where: str) -> str:
    """Return at how many sides the augmented network changes its answer less often, and more often."""
    if rows.empty:
        return ""
    evidence, below = evident(rows), rows["difference"] < 0
    less, more = int((evidence & below).sum()), int((evidence & ~below).sum())
    counts = [f"{outcome} at {count}" for outcome, count in (("less often", less), ("more often", more)) if count]
    if not counts:
        return f"shows no evidence of a difference at the {len(rows)} sizes {where} that range"
    return f"changes its answer {' and '.join(counts)} of the {len(rows)} sizes {where} that range"


def invariance_sentence(pairs: pd.DataFrame) -> str:
    """Return which networks are exactly invariant on black, and how often the others change their answer (Figure 11).

    A network is invariant if no answer changes and no probability changes by more than rounding does. Empty where
    nothing was measured on black.
    """
    invariant, others = [], []
    black = pairs[(pairs["protocol"] == "black") & pairs["changed"].notna()]
    for network, own in black.groupby("network", sort=False, observed=True):
        flips, largest = changed(own), float(change(own).max())
        name, n = short(str(network)), f"{len(own):,}"
        if not flips.any() and largest < ROUNDING:
            invariant.append(f"{name} changes none of {n} answers (largest |Δp| {largest:.1g})")
        else:
            photographs = photographs_of(own)
            low, high = proportion(np.bincount(photographs, flips), np.bincount(photographs))
            others.append(f"{name} changes {flips.mean():.3f} [{low:.3f}, {high:.3f}] of {n}")
    if not invariant and not others:
        return ""
    texts = [*(invariant or ["no network is exactly invariant"]), *others]
    return f"On black, {'; '.join(texts)} ({black['digest'].nunique():,} photographs at all sizes, 95 % intervals)."
