"""Accuracy, and what a training gained, against the size of the photograph (paper, Figures 10 and 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ...networks.card import short
from ...statistics.comparisons import comparisons
from ...statistics.intervals import Interval, bootstrap, wilson
from ...statistics.tables import change, changed, groups, photographs_of, require

ROUNDING = 1e-6  # of a probability in float32
Range = tuple[int, int]  # least and most short side, in network pixels


@dataclass(frozen=True, slots=True)
class Right:
    """Share of first frames at a side that a network names rightly. ``n``: frames; ``interval``: 95 %."""

    network: str
    side: int
    accuracy: float
    interval: Interval | None
    n: int


def accuracies(pairs: pd.DataFrame, *, seed: int = 0) -> list[Right]:
    """Of each network at each side, by rising sides; of photographs whose class it knows. [] where there is none.

    Intervals: Wilson's of one pair a photograph, else the bootstrap of photographs.
    """
    require(pairs, ("network", "side", "digest", "class_before", "label_index"))
    known = pairs[pairs["label_index"].notna() & pairs["side"].notna()]
    number, keys = groups(known, ("network", "side"))
    found = []
    for k, (network, side) in enumerate(keys):
        mine = known[number == k]
        right = (mine["class_before"] == mine["label_index"]).to_numpy(float)
        units = photographs_of(mine)
        alone = len(set(units.tolist())) == len(units)
        interval = wilson(int(right.sum()), len(right)) if alone else bootstrap(right, units, seed=seed)
        found.append(Right(str(network), int(side), float(right.mean()), interval, len(right)))
    return sorted(found, key=lambda one: one.side)


def gained(pairs: pd.DataFrame, trained: Mapping[str, Range], *, seed: int = 0) -> str:
    """Does augmentation help beyond the sizes that it showed? In a sentence, from paired comparisons at each side.

    ``trained``: network → sides that it was trained on; the one that was shown a single side is what others are set
    against. Empty where there is no such one, or nothing beside it.
    """
    plain = [network for network, (least, most) in trained.items() if least == most]
    others = [network for network, (least, most) in trained.items() if least < most]
    there = set(pairs["network"].unique())
    couples = [(plain[0], other) for other in others if {plain[0], other} <= there] if plain else []
    if not couples:
        return ""
    compared = comparisons(pairs, couples=couples, seed=seed)
    rows = compared[(compared["measure"] == "p_top1_change") & compared["side"].notna()]
    texts = []
    for other in others:
        mine, (least, most) = rows[rows["second"] == other], trained[other]
        if len(mine):
            inside = mine["side"].between(least, most).to_numpy(bool)
            parts = [_tallied(mine[where], name) for where, name in ((inside, "within"), (~inside, "outside"))]
            texts.append(f"{short(other)} (trained at {least} to {most} px) {' and '.join(filter(None, parts))}")
    n = int(rows["photographs"].max()) if len(rows) else 0
    return (
        f"Beside {short(plain[0])}, which saw one size: {'; '.join(texts)}. n = {n:,} photographs, 95 % paired "
        "intervals at each size."
        if texts
        else ""
    )


def _tallied(rows: pd.DataFrame, where: str) -> str:
    """At how many sides it changes its answer less often, and more often, than the other."""
    if rows.empty:
        return ""
    less, more = int((rows["high"] < 0).sum()), int((rows["low"] > 0).sum())
    told = [f"{way} at {count}" for way, count in (("less often", less), ("more often", more)) if count]
    said = f"changes its answer {' and '.join(told)}" if told else "shows no evidence of a difference"
    return f"{said} of the {len(rows)} sizes {where} that range" if told else f"{said} at the {len(rows)} {where}"


def exact(pairs: pd.DataFrame, *, seed: int = 0) -> str:
    """Which networks nothing moves on black, as far as rounding goes, and how often others change their answer, in a
    sentence (Figure 11). Empty where nothing was measured on black."""
    never, others = [], []
    black = pairs[(pairs["protocol"] == "black") & pairs["changed"].notna()]
    for network, mine in black.groupby("network", sort=False, observed=True):
        flips, largest = changed(mine), float(change(mine).max())
        if not flips.any() and largest < ROUNDING:
            never.append(f"{short(str(network))} changes none of {len(mine):,} answers (largest |Δp| {largest:.1g})")
        else:
            span = bootstrap(flips, photographs_of(mine), seed=seed)
            held = f" [{span[0]:.3f}, {span[1]:.3f}]" if span else ""
            others.append(f"{short(str(network))} {flips.mean():.3f}{held} of {len(mine):,}")
    if not never and not others:
        return ""
    photographs = black["digest"].nunique()
    texts = never or ["no network is exactly invariant"]
    return f"On black, {'; '.join([*texts, *others])} ({photographs:,} photographs at all sizes, 95 % intervals)."
