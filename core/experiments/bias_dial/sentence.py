"""The sentence of the dial: whether training on less biased photographs makes a network more invariant."""

from __future__ import annotations

import pandas as pd

from ...statistics.tables import MEASURES
from ..wording import VERBS
from .dial import BOTH, DIALS, Effect, effects, end, level


def sentence(table: pd.DataFrame, measure: str, protocol: str) -> str:
    """Return whether less biased training makes networks invariant, or only makes more photographs typical.

    Args:
        table: as ``dial`` describes it.
        measure: the measure to speak of.
        protocol: the protocol whose rows count.
    """
    rows = table[table["protocol"] == protocol]
    estimates = effects(rows, measure) if len(rows) else None
    if estimates is None:
        return f"Too few photographers and networks were measured under {protocol} to tell."
    dial = BOTH if BOTH in estimates.measured else next(iter(estimates.measured))
    parts = "; ".join(
        _effect(name, effect)
        for name, effect in estimates.measured.items()
        if name != BOTH or len(estimates.measured) < 2
    )
    verdict = _verdict(measure, estimates.measured[dial], estimates.equal[dial])
    n = f"n = {estimates.networks} networks, {estimates.photographs:,} photographs, 95 % intervals over networks"
    return f"{verdict} Under {protocol}: {parts}. {_least_biased(rows, measure)} ({n}.)"


def _effect(name: str, effect: Effect) -> str:
    text = f"{DIALS[name]} from fixed to free change it by {effect}"
    return text if effect.evident else f"{text}, no evidence"


def _verdict(measure: str, measured: Effect, equal: Effect) -> str:
    verb = VERBS[measure]
    network = "a network that was trained on less biased photographs"
    if not measured.evident:
        return f"No evidence that {network} {verb.one} {verb.less}, or {verb.more} ({measured})."
    head = f"{network.capitalize()} {verb.one} {verb.less if measured.value < 0 else verb.more} ({measured})"
    if not equal.evident:
        return (
            f"{head}. Among equally typical photographs there is no evidence of it ({equal}): less biased training "
            "made more photographs typical."
        )
    if (equal.value < 0) != (measured.value < 0):
        return f"{head}, but among equally typical photographs the effect is reversed ({equal})."
    return f"{head}, also among equally typical photographs ({equal}): typicality does not explain all of it."


def _least_biased(table: pd.DataFrame, measure: str) -> str:
    """Return whether the least biased networks are invariant, and the accuracy of both extremes."""
    free, fixed = (end(table, free=free) for free in (True, False))
    value, interval = level(free, measure)
    ends = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
    sensitive = interval is not None and interval[0] > 0
    head = "Even the least biased networks are not invariant" if sensitive else "The least biased networks"
    return (
        f"{head}: {MEASURES[measure]} {value:.3f}{ends}; their accuracy is {free['right'].mean():.2f}, that of the "
        f"most biased {fixed['right'].mean():.2f}."
    )
