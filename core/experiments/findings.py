"""What a study found, in one sentence, made from its numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ..networks.card import short
from ..statistics.accuracy import Accuracy
from ..statistics.association import Spearman, spearman
from ..statistics.intervals import Interval
from ..statistics.sensitivity import Sensitivity
from ..statistics.tables import MEASURES, Measured

PLACES = {
    "crop": "crops",
    "black": "placements on black",
    "inpaint": "placements on an inpainted surround",
    "scale": "enlargements",
}

ANSWERS = "p_top1_change"  # the measure of which people say that a network changes its answer

CHANGES = {  # measure → what a network does, what several do, less of it, more of it
    ANSWERS: ("changes its answer", "change their answer", "less often", "more often"),
    "mean_absolute_change": ("changes the probability of its answer", "change the probability of their answer", "less",
                             "more"),
    "representation_change": ("changes its representation", "change their representation", "less", "more"),
}  # fmt: skip
NAMED = 2  # networks that a sentence can name; of more it names the two ends


def protocols(found: Sequence[Measured]) -> str:
    """How often a step changes each network's answer, under the protocol in which it does so most and least.

    Of many networks the ends: the most and the least sensitive under the protocol that changes most.
    """
    classes = [one for one in found if one.sensitivity.p_top1_change is not None]
    if len({one.network for one in classes}) > NAMED:
        under = max(classes, key=_p).protocol
        there = [one for one in sorted(classes, key=_p) if one.protocol == under]
        return _ends(found, list({one.network: one for one in there}.values()), _rate)
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
    """How often a step changes each network's answer at its smallest and at its largest embedded side; of many
    networks, those of the most and the least sensitive at its smallest."""
    known = [one for one in found if one.side is not None and one.sensitivity.p_top1_change is not None]
    networks = {one.network: [mine for mine in known if mine.network == one.network] for one in known}
    spans = {network: sorted(mine, key=lambda one: one.side or 0) for network, mine in networks.items()}

    def ends(smallest: Measured) -> str:
        mine = spans[smallest.network]
        return " and ".join(f"{_percent(one.sensitivity)} at {one.side} px" for one in [*mine[:1], *mine[1:][-1:]])

    if len(spans) > NAMED:
        return _ends(known, [mine[0] for mine in spans.values()], ends)
    texts = [f"{short(network)}'s answer in {ends(mine[0])}" for network, mine in spans.items()]
    return f"A step of {_steps(known)} changes {_joined(texts)}." if texts else ""


def against(photographs: pd.DataFrame, axis: str, of: str, measure: str = ANSWERS) -> str:
    """Does sensitivity fall with ``axis`` (typicality, confidence)? ``of``: the index or the network of the axis.

    ``photographs``: as ``core.statistics.tables.per_photograph`` gives them, of one protocol and step. Networks without the
    measure are left out; empty where nothing was measured.
    """
    known = photographs[photographs[axis].notna() & photographs[measure].notna()]
    correlated = {
        short(str(network)): spearman(mine[axis], mine[measure])
        for network, mine in known.groupby("network", sort=False, observed=True)
    }
    if not correlated:
        return ""
    if len(correlated) > NAMED:
        parts = _counted(correlated, axis)
    else:
        parts = [_correlated(network, found, axis) for network, found in correlated.items()]
    protocols = " and ".join(dict.fromkeys(known["protocol"]))
    photos, pairs = known["digest"].nunique(), sorted(set(known["pairs"]))
    each = f"{_span(pairs)} pair{'s' * (pairs[-1] > 1)}"
    return (
        f"{MEASURES[measure]} {_joined(parts)}: {photos:,} photographs, {each} each, protocol {protocols}; {axis} {of}."
    )


def antialiased(compared: pd.DataFrame, measure: str = ANSWERS) -> str:
    """How much less the antialiased twin changes. ``compared``: ``core.statistics.comparisons.comparisons`` of originals (first)
    and twins (second); empty where it holds nothing of the measure."""
    rows = compared[compared["measure"] == measure]
    if rows.empty:
        return ""
    verb, *_ = CHANGES[measure]
    frames = " and ".join(dict.fromkeys(rows["frames"]))
    pairs, photos = (_span(rows[column]) for column in ("pairs", "photographs"))
    n = f"{pairs} pairs of {photos} photographs each, {frames}."
    if rows["first"].nunique() > NAMED:
        return f"{_tallied(rows, measure)}. {n}"
    parts = []
    for first, mine in rows.groupby("first", sort=False):
        sides = bool(mine["protocol"].duplicated().any())
        told = [_difference({str(k): v for k, v in row.items()}, measure, sides) for row in mine.to_dict("records")]
        parts.append(f"the antialiased twin of {short(str(first))} {verb} {_joined(told)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}. {n}"


def readouts(compared: pd.DataFrame, right: Mapping[tuple[str, str], Accuracy], measure: str = ANSWERS) -> str:
    """Does sensitivity rise with depth? ``compared``: ``core.experiments.figure_04_readouts.depth.along_depth``; ``right``: the accuracy of each
    readout, by network and layer. Empty where nothing was measured."""
    rows = compared[compared["measure"] == measure]
    if rows.empty:
        return ""
    rises, falls = rows["low"] > 0, rows["high"] < 0
    ways = {"rises": rises, "falls": falls, "shows no evidence of rising or falling": ~(rises | falls)}
    if len(rows) > NAMED:
        counted = {way: rows.loc[those, "difference"] for way, those in ways.items() if those.any()}
        told = [
            f"{way} in {len(by)} of {len(rows)} networks (by {_between(by, '+.3f')})" for way, by in counted.items()
        ]
    else:
        told = [f"{way} in {_deeper(row)}" for way, those in ways.items() for row in rows[those].to_dict("records")]
    protocols = " and ".join(dict.fromkeys(rows["protocol"]))
    return (
        f"From the first layer's readout to the deepest's, {MEASURES[measure]} {_joined(told)}: {_span(rows['pairs'])} "
        f"pairs of {_span(rows['photographs'])} photographs, {protocols}, 95 % paired intervals. Right "
        f"answers: {_accuracy(rows, 'first', right)} at the first, {_accuracy(rows, 'second', right)} at the deepest."
    )


def _deeper(row: Mapping[Any, Any]) -> str:
    change = f"{row['value_first']:.3f} → {row['value_second']:.3f}: {row['difference']:+.3f}"
    span = "" if pd.isna(row["low"]) else f", interval {row['low']:+.3f} to {row['high']:+.3f}"
    return f"{short(str(row['network']))} ({change}{span})"


def _accuracy(rows: pd.DataFrame, end: str, right: Mapping[tuple[str, str], Accuracy]) -> str:
    places = list(zip(rows["network"], rows[end], strict=True))
    known = [right[place].top1 for place in places if place in right]
    return _between(known, ".2f") if known else "unknown"


def _ends(found: Sequence[Measured], ranked: Sequence[Measured], rate: Callable[[Measured], str]) -> str:
    """The most and the least sensitive of ``ranked``, one of each network."""
    most, least = (choose(ranked, key=_p) for choose in (max, min))
    return (
        f"A step of {_steps(found)} changes the answer of {short(most.network)}, the most sensitive of {len(ranked)} "
        f"networks, in {rate(most)}, and that of {short(least.network)}, the least, in "
        f"{_percent(least.sensitivity) if rate is _rate and _where(least) == _where(most) else rate(least)}."
    )


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
    span = f"95 % interval {low:.2f} to {high:.2f}"
    return f"{_way(found.interval)} with {axis} on {network} (Spearman {found.rho:.2f}, {span})"


def _way(interval: Interval) -> str:
    low, high = interval
    return "falls" if high < 0 else "rises" if low > 0 else "shows no evidence of falling or rising"


def _counted(correlated: dict[str, Spearman], axis: str) -> list[str]:
    """On how many networks it falls, rises, or shows no evidence of either."""
    ways: dict[str, list[float]] = {}
    for found in correlated.values():
        if found.rho is not None and found.interval is not None:
            ways.setdefault(_way(found.interval), []).append(found.rho)
    few = len(correlated) - sum(map(len, ways.values()))
    parts = [
        f"{way} with {axis} on {len(rhos)} of {len(correlated)} networks (Spearman {_between(rhos, '.2f')})"
        for way, rhos in sorted(ways.items(), key=lambda item: -len(item[1]))
    ]
    return [*parts, *([f"cannot be set against {axis} on {few}"] if few else [])]


def _tallied(rows: pd.DataFrame, measure: str) -> str:
    """Of many twins and protocols: in how many comparisons the antialiased one changes less, more, or neither."""
    _, verb, less, more = CHANGES[measure]
    known = rows[rows["low"].notna()]
    ways = {less: known["high"] < 0, more: known["low"] > 0}
    ways["with no evidence of a difference"] = ~(ways[less] | ways[more])
    told = [
        f"{way} in {int(those.sum())} (by {_between(known.loc[those, 'difference'], '+.3f')})"
        for way, those in ways.items()
        if those.any()
    ]
    protocols = ", ".join(dict.fromkeys(rows["protocol"]))
    return (
        f"Of {len(known)} comparisons of {rows['first'].nunique()} networks with their antialiased twins "
        f"({protocols}), the twins {verb} {_joined(told)}; differences of {MEASURES[measure]}, 95 % paired intervals"
    )


def _between(values: Iterable[float], form: str) -> str:
    low, high = (f"{end(values):{form}}" for end in (min, max))
    return low if low == high else f"{low} to {high}"


def _difference(row: dict[str, Any], measure: str, sides: bool) -> str:
    *_, less, more = CHANGES[measure]
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
