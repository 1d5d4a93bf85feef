"""What a study found, in one sentence, made from its numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.association import Spearman, spearman
from core.networks.card import short
from core.sensitivity import Sensitivity
from core.tables import MEASURES, Measured

PLACES = {"crop": "crops", "black": "placements on black", "inpaint": "placements on an inpainted surround",
          "scale": "enlargements"}  # fmt: skip

ANSWERS = "p_top1_change"  # the measure of which people say that a network changes its answer

CHANGES = {  # measure → what a network does, less of it, more of it
    ANSWERS: ("changes its answer", "less often", "more often"),
    "mean_absolute_change": ("changes the probability of its answer", "less", "more"),
    "representation_change": ("changes its representation", "less", "more"),
}


def protocols(found: Sequence[Measured]) -> str:
    """How often a step changes each network's answer, under the protocol in which it does so most and least."""
    texts = []
    for network in dict.fromkeys(one.network for one in found):
        mine = [one for one in found if one.network == network]
        known = [one for one in mine if one.sensitivity.p_top1_change is not None]
        if known:
            most, least = (choose(known, key=_p) for choose in (max, min))
            ends = [most] if most is least else [most, least]
            texts.append(f"{short(network)}'s answer in {' and '.join(map(_rate, ends))}")
        else:
            most = max(mine, key=lambda one: one.sensitivity.representation_change)
            change = f"{most.sensitivity.representation_change:.4f} over {_where(most)}"
            texts.append(f"{short(network)}'s representation (1 − cosine) by {change}")
    return f"A step of {_steps(found)} changes {_joined(texts)}." if texts else ""


def embedded_size(found: Sequence[Measured]) -> str:
    """How often a step changes each network's answer at its smallest and at its largest embedded side."""
    known = [one for one in found if one.side is not None and one.sensitivity.p_top1_change is not None]
    texts = []
    for network in dict.fromkeys(one.network for one in known):
        mine = sorted((one for one in known if one.network == network), key=lambda one: one.side or 0)
        ends = [f"{_percent(one.sensitivity)} at {one.side} px" for one in [*mine[:1], *mine[1:][-1:]]]
        texts.append(f"{short(network)}'s answer in {' and '.join(ends)}")
    return f"A step of {_steps(known)} changes {_joined(texts)}." if texts else ""


def against(photographs: pd.DataFrame, axis: str, of: str, measure: str = ANSWERS) -> str:
    """Does sensitivity fall with ``axis`` (typicality, confidence)? ``of``: the index or the network of the axis.

    ``photographs``: as ``core.tables.per_photograph`` gives them, of one protocol and step. Networks without the
    measure are left out; empty where nothing was measured.
    """
    known = photographs[photographs[axis].notna() & photographs[measure].notna()]
    parts = [
        _correlated(short(str(network)), spearman(mine[axis], mine[measure]), axis)
        for network, mine in known.groupby("network", sort=False, observed=True)
    ]
    if not parts:
        return ""
    protocols = " and ".join(dict.fromkeys(known["protocol"]))
    photos, pairs = known["digest"].nunique(), sorted(set(known["pairs"]))
    each = f"{pairs[0]}" if len(pairs) == 1 else f"{pairs[0]} to {pairs[-1]}"
    return (
        f"{MEASURES[measure]} {_joined(parts)}: {photos:,} photographs, {each} pairs each, protocol {protocols}; "
        f"{axis} {of}."
    )


def antialiased(compared: pd.DataFrame, measure: str = ANSWERS) -> str:
    """How much less the antialiased twin changes. ``compared``: ``core.comparisons.comparisons`` of originals (first)
    and twins (second); empty where it holds nothing of the measure."""
    rows = compared[compared["measure"] == measure]
    if rows.empty:
        return ""
    verb, *_ = CHANGES[measure]
    parts = []
    for first, mine in rows.groupby("first", sort=False):
        sides = bool(mine["protocol"].duplicated().any())
        told = [_difference({str(k): v for k, v in row.items()}, measure, sides) for row in mine.to_dict("records")]
        parts.append(f"the antialiased twin of {short(str(first))} {verb} {_joined(told)}")
    text = "; ".join(parts)
    frames = " and ".join(dict.fromkeys(rows["frames"]))
    pairs, photos = (_span(rows[column]) for column in ("pairs", "photographs"))
    return f"{text[0].upper()}{text[1:]}. {pairs} pairs of {photos} photographs each, {frames}."


def _p(one: Measured) -> float:
    return one.sensitivity.p_top1_change or 0.0


def _rate(one: Measured) -> str:
    return f"{_percent(one.sensitivity)} of {_where(one)}"


def _where(one: Measured) -> str:
    return PLACES.get(one.protocol, one.protocol) + (f" at {one.side} px" if one.side is not None else "")


def _percent(m: Sensitivity) -> str:
    """A share with its interval, in per cent."""
    if m.p_top1_change_interval is None:
        return f"{100 * (m.p_top1_change or 0):.0f} %"
    low, high = m.p_top1_change_interval
    return f"{100 * (m.p_top1_change or 0):.0f} % (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"


def _steps(found: Sequence[Measured]) -> str:
    steps = sorted({one.step for one in found})
    return "one pixel" if steps == [1] else " or ".join(map(str, steps)) + " pixels"


def _joined(texts: Sequence[str]) -> str:
    return ", and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def _correlated(network: str, found: Spearman, axis: str) -> str:
    if found.rho is None or found.interval is None:
        return f"cannot be set against {axis} on {network} (n = {found.n}: too few, or nothing varies)"
    low, high = found.interval
    way = "falls" if high < 0 else "rises" if low > 0 else "shows no evidence of falling or rising"
    return f"{way} with {axis} on {network} (Spearman {found.rho:.2f}, 95 % interval {low:.2f} to {high:.2f})"


def _difference(row: dict[str, Any], measure: str, sides: bool) -> str:
    _, less, more = CHANGES[measure]
    where = f"under {row['protocol']}" + (f" at {row['side']} px" if sides and not pd.isna(row["side"]) else "")
    change = f"{row['value_first']:.3f} → {row['value_second']:.3f}"
    if pd.isna(row["low"]):
        return f"{change} {where} (one photograph, so no interval)"
    span = f"{change}: {row['difference']:+.3f}, 95 % paired interval {row['low']:+.3f} to {row['high']:+.3f}"
    way = less if row["high"] < 0 else more if row["low"] > 0 else "with no evidence of a difference"
    return f"{way} {where} ({span})"


def _span(counts: Sequence[int] | pd.Series[Any]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
