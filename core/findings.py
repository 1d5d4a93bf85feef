"""What a study found, in one sentence, made from its numbers alone."""

from __future__ import annotations

from collections.abc import Sequence

from core.sensitivity import Sensitivity
from core.tables import Measured

PLACES = {"crop": "crops", "black": "placements on black", "inpaint": "placements on an inpainted surround",
          "scale": "enlargements"}  # fmt: skip


def protocols(found: Sequence[Measured]) -> str:
    """How often a step changes each network's answer, under the protocol in which it does so most and least."""
    texts = []
    for network in dict.fromkeys(one.network for one in found):
        mine = [one for one in found if one.network == network]
        known = [one for one in mine if one.sensitivity.p_top1_change is not None]
        if known:
            most, least = (choose(known, key=_p) for choose in (max, min))
            ends = [most] if most is least else [most, least]
            texts.append(f"{_short(network)}'s answer in {' and '.join(map(_rate, ends))}")
        else:
            most = max(mine, key=lambda one: one.sensitivity.representation_change)
            change = f"{most.sensitivity.representation_change:.4f} over {_where(most)}"
            texts.append(f"{_short(network)}'s representation (1 − cosine) by {change}")
    return f"A step of {_steps(found)} changes {_joined(texts)}." if texts else ""


def embedded_size(found: Sequence[Measured]) -> str:
    """How often a step changes each network's answer at its smallest and at its largest embedded side."""
    known = [one for one in found if one.side is not None and one.sensitivity.p_top1_change is not None]
    texts = []
    for network in dict.fromkeys(one.network for one in known):
        mine = sorted((one for one in known if one.network == network), key=lambda one: one.side or 0)
        ends = [f"{_percent(one.sensitivity)} at {one.side} px" for one in [*mine[:1], *mine[1:][-1:]]]
        texts.append(f"{_short(network)}'s answer in {' and '.join(ends)}")
    return f"A step of {_steps(known)} changes {_joined(texts)}." if texts else ""


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


def _short(network: str) -> str:
    return network.split("/")[-1]


def _joined(texts: Sequence[str]) -> str:
    return ", and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))
