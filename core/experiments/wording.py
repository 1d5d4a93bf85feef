"""Words and numbers that the sentences of several experiments share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from ..networks.card import short
from ..statistics.comparisons import ALPHA
from ..statistics.intervals import Interval
from ..statistics.sensitivity import Sensitivity
from ..statistics.tables import Measurement

MAX_NAMED = 2  # networks that a sentence names one by one; of more it gives the extremes or counts
TOP1_CHANGE = "p_top1_change"  # the measure of which a sentence says that a network "changes its answer"


class Verb(NamedTuple):
    """Words for a measure: what one network does, what several do, and the adverbs for less and more of it."""

    one: str
    several: str
    less: str
    more: str


VERBS = {
    TOP1_CHANGE: Verb("changes its answer", "change their answer", "less often", "more often"),
    "mean_absolute_change": Verb(
        "changes the probability of its answer", "change the probability of their answer", "less", "more"
    ),
    "representation_change": Verb("changes its representation", "change their representation", "less", "more"),
}

PROTOCOL_NOUNS = {
    "crop": "crops",
    "black": "placements on black",
    "inpaint": "placements on an inpainted surround",
    "scale": "enlargements",
}


def join(texts: Sequence[str]) -> str:
    """Return the texts as one list.

    >>> join(["a", "b", "c"])
    'a, b, and c'
    """
    return ", and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def value_range(values: Iterable[float], form: str) -> str:
    """Return the least and the greatest value as printed, or one value where both are printed alike.

    >>> value_range([0.31, 0.2, 0.25], ".2f")
    '0.20 to 0.31'
    >>> value_range([0.2, 0.2001], ".2f")
    '0.20'
    """
    values = list(values)
    low, high = (f"{extreme(values):{form}}" for extreme in (min, max))
    return low if low == high else f"{low} to {high}"


def protocols(names: Iterable[str], separator: str = " and ") -> str:
    """Return the distinct names of protocols, in the order of their first appearance."""
    return separator.join(dict.fromkeys(names))


def direction(interval: Interval | None, negative: str, neither: str, positive: str) -> str:
    """Return the word for an interval that lies below 0, includes 0 (or is missing), or lies above 0.

    >>> direction((-0.4, -0.1), "falls", "is level", "rises")
    'falls'
    """
    low, high = interval or (0.0, 0.0)
    return negative if high < 0 else positive if low > 0 else neither


def evident(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which comparisons have a corrected p-value below ALPHA."""
    return rows["p_holm"].astype(float) < ALPHA


def outcome(row: Mapping[Any, Any], less: str, neither: str, more: str) -> str:
    """Return the word for a comparison: less or more where its corrected p-value is below ALPHA."""
    if pd.isna(row["p_holm"]) or row["p_holm"] >= ALPHA:
        return neither
    return less if row["difference"] < 0 else more


def correction(rows: pd.DataFrame) -> str:
    """Return when a difference of one measure is named, in words."""
    size = int(rows["family_size"].max()) if len(rows) else 0
    if size < 2:
        return f"a difference is named where p < {ALPHA} (one test)" if size else "a single photograph allows no test"
    return f"a difference is named where p < {ALPHA} after Holm's correction for {size:,} tests"


def p_text(p: float) -> str:
    """Return a p-value as printed.

    >>> p_text(0.00002), p_text(0.034)
    ('< .001', '= .034')
    """
    return "< .001" if p < 0.001 else f"= {p:.3f}".replace("0.", ".", 1)


def few_of(results: Iterable[Measurement]) -> str:
    """Return the remark on intervals over few photographs, as the end of a sentence; empty where none is needed."""
    remarks = {result.sensitivity.remark for result in results} - {""}
    return f" ({remarks.pop()})" if remarks else ""


def percent(sensitivity: Sensitivity) -> str:
    """Return P(top-1 change) in per cent with its interval, for example ``44 % (95 % CI 23-67 %)``."""
    rate = 100 * (sensitivity.p_top1_change or 0)
    if sensitivity.p_top1_change_interval is None:
        return f"{rate:.0f} %"
    low, high = (100 * end for end in sensitivity.p_top1_change_interval)
    return f"{rate:.0f} % (95 % CI {low:.0f}-{high:.0f} %)"


def setting(result: Measurement) -> str:
    """Return the protocol as a plural noun, with the embedded side if there is one."""
    noun = PROTOCOL_NOUNS.get(result.protocol, result.protocol)
    if result.surround is not None:
        noun = f"{noun.removesuffix(' on black')} on mean grey"
    if result.protocol == "crop" and result.unit == "network":
        noun += " moved in network pixels"
    return noun + (f" at {result.side} px" if result.side is not None else "")


def steps(results: Sequence[Measurement]) -> str:
    """Return the step sizes of the results, for example ``one pixel`` or ``1 or 2 pixels``."""
    sizes = sorted({result.step for result in results})
    return "one pixel" if sizes == [1] else " or ".join(map(str, sizes)) + " pixels"


def change_rate(result: Measurement) -> float:
    """Return P(top-1 change), 0 where it was not measured: the key by which results are ranked."""
    return result.sensitivity.p_top1_change or 0.0


def extremes(
    ranked: Sequence[Measurement], moved: str, rate: Callable[[Measurement], str], *, setting_once: bool = False
) -> str:
    """Return the sentence that names the most and the least sensitive of many networks.

    Args:
        ranked: one result for each network.
        moved: the step, as ``steps`` words it.
        rate: result → its change rate in words.
        setting_once: name the setting with the first rate only, where both networks share it.
    """
    most, least = (extreme(ranked, key=change_rate) for extreme in (max, min))
    brief = setting_once and setting(most) == setting(least)
    return (
        f"A step of {moved} changes the answer of {short(most.network)}, the most sensitive of {len(ranked)} "
        f"networks, in {rate(most)}, and that of {short(least.network)}, the least sensitive, in "
        f"{percent(least.sensitivity) if brief else rate(least)}{few_of(ranked)}."
    )
