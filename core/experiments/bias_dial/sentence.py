"""The sentence of the dial: whether training on less biased photographs makes a network more invariant."""

from __future__ import annotations

import pandas as pd

from ...statistics.tables import MEASURES
from ..wording import VERBS
from .dial import BOTH, DIALS, Effect, Effects, bracketed, effects, end, level

NOT_GENERAL = "no evidence for other photographers"
COUNTS = dict(enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine"), 2))


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
    verdict = _verdict(measure, estimates, dial)
    n = f"n = {estimates.networks} networks, {estimates.photographs:,} photographs; 95 % intervals, uncorrected"
    return f"{verdict} Under {protocol}: {parts}. {_least_biased(rows, measure)} ({n}.)"


def _effect(name: str, effect: Effect) -> str:
    text = f"{DIALS[name]} from fixed to free change it by {effect}"
    return text if effect.general else f"{text}, {NOT_GENERAL if effect.evident else 'no evidence'}"


def _verdict(measure: str, estimates: Effects, dial: str) -> str:
    """Return the effect given these photographers, and what it says about others."""
    measured, equal, verb = estimates.measured[dial], estimates.equal[dial], VERBS[measure]
    given = f"given these {COUNTS.get(estimates.photographers, estimates.photographers)} photographers"
    network = "a network that was trained on less biased photographs"
    if not measured.evident:
        head = f"No evidence that {network} {verb.one} {verb.less}, or {verb.more} ({measured}, {given})."
        return f"{head} {_over_photographers(measured)}"
    change = f"{network} {verb.one} {verb.less if measured.value < 0 else verb.more}"
    if measured.general:
        head = f"{change[0].upper()}{change[1:]} ({measured}, {given})"
    else:
        head = f"{given.capitalize()}, {change} ({measured})"
    return f"{head}{_at_equal_typicality(measured, equal)} {_over_photographers(measured)}"


def _at_equal_typicality(measured: Effect, equal: Effect) -> str:
    """Return what is left of an evident effect among equally typical photographs, as the end of its sentence."""
    if not equal.evident:
        return (
            f". Among equally typical photographs there is no evidence of it ({equal}): less biased training may act "
            "by making more photographs typical."
        )
    unsure = "" if equal.general or not measured.general else f"; {NOT_GENERAL}"
    if (equal.value < 0) != (measured.value < 0):
        return f", but among equally typical photographs the effect is reversed ({equal}{unsure})."
    return f", also among equally typical photographs ({equal}{unsure}): typicality does not explain all of it."


def _over_photographers(effect: Effect) -> str:
    """Return what the effect says about photographers who were not measured."""
    span = effect.over_photographers
    if span is None:
        return "There are too few photographers to speak of others."
    excludes = "it excludes 0, but that over networks does not" if span[0] * span[1] > 0 else NOT_GENERAL
    claim = "the effect is evident too" if effect.general else excludes
    return f"With photographers as units the interval is {bracketed(span)}: {claim}."


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
