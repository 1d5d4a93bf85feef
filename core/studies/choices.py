"""The choices of a study's analysis, as its manifest, its report and the command ``results`` state them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..networks.variants.twins import antialiased_pairs
from ..statistics.comparisons import ALPHA
from ..statistics.intervals import CLUSTERING, FEW, RULE, WEIGHT
from ..statistics.tables import MEASURES
from .config import get

Couples = tuple[tuple[str, str], ...]

INTERVALS = {
    "P(top-1 change)": "Wilson (1927) with the effective number of pairs: the variance over photographs, shrunk "
    f"towards pairs with a correlation of {CLUSTERING} (weight {WEIGHT} photographs), with Student's t; Wilson's own "
    "with one pair a photograph or with one photograph",
    "means": "Student's t over photographs, corrected for skewness (Hall 1992); over pairs for one photograph",
    "differences of P(top-1 change)": "Bonett & Price (2012) with the effective number of pairs",
    "differences of means": "paired Student's t over photographs",
    "rank correlations": "Bonett & Wright (2000); partial ones with one degree of freedom less; differences Zou (2007)",
}
TESTS = (
    "P(top-1 change) with one pair a photograph: McNemar's exact test; everything else: paired t test of the "
    "photographs' means, or the sign test where all differ alike; two-sided"
)


@dataclass(frozen=True, slots=True)
class Family:
    """The comparisons whose p-values are corrected together, measure by measure: all protocols and sides.

    ``couples`` are (first, second) keys of networks; None for all couples. ``text`` says the same in words.
    """

    couples: Couples | None
    text: str


def family(study: str, keys: Sequence[str]) -> Family:
    """Return the family of a study of the networks ``keys``. It is fixed by the study, before any result."""
    if get(study).layered:
        return Family((), "the deepest layer of each network against its first")
    if twins := antialiased_pairs(keys):
        return Family(tuple(twins.items()), "each antialiased network against its original")
    return Family(None, "all pairs of networks")


def interval_choices() -> dict[str, Any]:
    """Return the choices of every interval, as plain values."""
    return {
        "rule": RULE,
        "measures": list(MEASURES),
        "intervals": INTERVALS,
        "level": "95 %, each interval alone",
        "approximate": f"fewer than {FEW} photographs",
    }


def choices(study: str, keys: Sequence[str]) -> dict[str, Any]:
    """Return every choice of the analysis of a study of the networks ``keys``, as plain values."""
    return interval_choices() | {
        "family": f"{family(study, keys).text}, every protocol and side, one family for each measure",
        "correction": f"Holm (1979) within the family; a difference is named where the corrected p is below {ALPHA}",
        "test": TESTS,
    }
