"""One sentence in plain words about a photograph, made from the numbers alone."""

from __future__ import annotations

from ..statistics.sensitivity import Sensitivity
from . import Exploration

PLACES = {"black": ("placement on black", "placements on black"), "crop": ("crop", "crops")}


def sentence(found: Exploration) -> str:
    """Return what is complete so far, in the order of the chosen networks; empty before that."""
    pairs = _pairs(found)
    parts = [text for text in (pairs, _curve(found), _typical(found)) if text]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _pairs(found: Exploration) -> str:
    texts = []
    for card in found.cards:
        measured = {name: found.measured(card.key, name) for name in PLACES}
        whole = {name: m for name, m in measured.items() if m is not None and m.pairs == found.settings.pairs}
        if whole and card.labels is None:
            changes = [
                f"by {m.representation_change:.4f} on average over {_placed(m, name)}" for name, m in whole.items()
            ]
            texts.append(f"{card.name} changes its representation (1 − cosine) {' and '.join(changes)}")
        elif whole:
            texts.append(f"{card.name} changes its answer {' and '.join(_count(m, name) for name, m in whole.items())}")
    if not texts:
        return ""
    step = "one pixel" if found.settings.step == 1 else f"{found.settings.step} pixels"
    return f"when this photograph moves by {step}, " + ", and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def _count(m: Sensitivity, name: str) -> str:
    if m.p_top1_change is None or m.p_top1_change_interval is None:
        return ""
    low, high = m.p_top1_change_interval
    percent = f"({100 * m.p_top1_change:.0f} %, 95 % CI {100 * low:.0f}-{100 * high:.0f} %)"
    return f"in {m.changed or 'none'} of {_placed(m, name)} {percent}"


def _placed(m: Sensitivity, name: str) -> str:
    return f"{m.pairs} {PLACES[name][m.pairs != 1]}"


def _curve(found: Exploration) -> str:
    for card in found.cards:
        trace = found.traces.get((card.key, "shift"))
        if trace is None or not trace.complete or card.labels is None:
            continue
        p, jump = trace.own, float(trace.steps.max())
        reach = trace.path.values[-1]
        return (
            f"over a shift of {reach} px {card.name}'s P({card.labels.names[trace.followed_class]}) lies between "
            f"{float(p.min()):.2f} and {float(p.max()):.2f} and changes by up to {jump:.2f} from one pixel to the next"
        )
    return ""


def _typical(found: Exploration) -> str:
    if found.rating is None:
        return ""
    t = found.rating.typicality
    if t.percentile is None:
        others = " (of other classes only)" if t.other_classes else ""
        return f"this photograph's typicality is {t.value:.3f}{others}"
    than = f"more typical than {t.percentile:.0f} % of the {t.references} reference photographs"
    return f"this photograph's typicality is {t.value:.3f}, {than}"
