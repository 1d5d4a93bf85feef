"""The sentence of Figure 2 and Table 1: how often a step changes each network's answer."""

from __future__ import annotations

from collections.abc import Sequence

from ...networks.card import short
from ...statistics.tables import Measurement
from ..wording import MAX_NAMED, change_rate, extremes, few_of, join, percent, setting, steps


def sentence(results: Sequence[Measurement]) -> str:
    """Return how often a step changes each network's answer, under the protocols where it does so most and least.

    Of more than two networks only the most and the least sensitive are named, under the protocol that changes the
    most answers. A network without classes is described by its representation change. Empty without results.
    """
    classified = [result for result in results if result.sensitivity.p_top1_change is not None]
    if len({result.network for result in classified}) > MAX_NAMED:
        protocol = max(classified, key=change_rate).protocol
        ranked = [result for result in sorted(classified, key=change_rate) if result.protocol == protocol]
        most_sensitive = {result.network: result for result in ranked}  # one result a network: its highest rate
        return extremes(list(most_sensitive.values()), steps(results), _rate, setting_once=True)
    texts = []
    for network in dict.fromkeys(result.network for result in results):
        own = [result for result in results if result.network == network]
        texts.append(_answer(own) or _representation(own))
    return f"A step of {steps(results)} changes {join(texts)}{few_of(results)}." if texts else ""


def _answer(results: Sequence[Measurement]) -> str:
    """Return the highest and the lowest change rate of one network; empty if it has no classes."""
    classified = [result for result in results if result.sensitivity.p_top1_change is not None]
    if not classified:
        return ""
    most, least = (extreme(classified, key=change_rate) for extreme in (max, min))
    rates = [most] if most is least else [most, least]
    return f"{short(most.network)}'s answer in {' and '.join(map(_rate, rates))}"


def _representation(results: Sequence[Measurement]) -> str:
    most = max(results, key=lambda result: result.sensitivity.representation_change)
    change = f"{most.sensitivity.representation_change:.4f} over {setting(most)}"
    return f"{short(most.network)}'s representation (1 − cosine) by {change}"


def _rate(result: Measurement) -> str:
    return f"{percent(result.sensitivity)} of {setting(result)}"
