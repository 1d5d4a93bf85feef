"""The sentence of Figure 6: how often a step changes the answer for small and for large photographs."""

from __future__ import annotations

from collections.abc import Sequence

from ...networks.card import short
from ...statistics.tables import Measurement
from ..wording import MAX_NAMED, extremes, few_of, join, percent, steps


def sentence(results: Sequence[Measurement]) -> str:
    """Return how often a step changes each network's answer at its smallest and its largest embedded side.

    Of more than two networks only the most and the least sensitive at the smallest side are named. Empty where no
    result has a side.
    """
    sided = [r for r in results if r.side is not None and r.sensitivity.p_top1_change is not None]
    by_side = {network: _by_side(network, sided) for network in dict.fromkeys(result.network for result in sided)}

    def rates(smallest: Measurement) -> str:
        own = by_side[smallest.network]
        ends = own if len(own) < 2 else [own[0], own[-1]]
        return " and ".join(f"{percent(result.sensitivity)} at {result.side} px" for result in ends)

    if len(by_side) > MAX_NAMED:
        return extremes([own[0] for own in by_side.values()], steps(sided), rates)
    texts = [f"{short(network)}'s answer in {rates(own[0])}" for network, own in by_side.items()]
    return f"A step of {steps(sided)} changes {join(texts)}{few_of(sided)}." if texts else ""


def _by_side(network: str, results: Sequence[Measurement]) -> list[Measurement]:
    return sorted((result for result in results if result.network == network), key=lambda result: result.side or 0)
