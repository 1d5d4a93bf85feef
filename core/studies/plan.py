"""The size of a study before it is run, and how small a difference it can show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from ..networks.variants.twins import antialiased_pairs
from ..statistics.comparisons import TOP1_CHANGE
from ..statistics.power import POWER, Spread, smallest_difference, spread
from ..statistics.tables import measures, photographs_of
from ..storage.data_folder import EMBEDDED, DataFolder
from .choices import family
from .layered import LayeredStudy
from .request import Request
from .rows import read
from .training_set import TrainingSet

MEASURED = "antialiasing"  # the shipped study whose variance is expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study before it is run.

    Attributes:
        photographs: given, before any is left out.
        frames: computed by all networks, on centre crops and training photographs too.
        seconds, bytes: not known before the study runs, so None.
        smallest_difference: of P(top-1 change), that one paired test finds with a probability of 80 %; None for a
            single photograph.
        smallest_corrected: the same for the first step of Holm's correction within the study's family.
        tests: number of tests in the family of one measure.
    """

    photographs: int
    frames: int
    seconds: float | None
    bytes: int | None
    smallest_difference: float | None
    smallest_corrected: float | None
    tests: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields of the command's JSON."""
        return {k: v for k, v in asdict(self).items() if k not in ("smallest_corrected", "tests")}

    def __str__(self) -> str:
        size = f"{self.photographs:,} photographs, {self.frames:,} frames"
        if self.smallest_difference is None:
            return f"{size}; a single photograph allows no comparison of networks"
        holm = (
            f" ({self.smallest_corrected:.3f} with Holm's correction for {self.tests} tests)" if self.tests > 1 else ""
        )
        return (
            f"{size}; a difference of P(top-1 change) of {self.smallest_difference:.3f}{holm} is found with a "
            f"probability of {100 * POWER:.0f} %, if the variance is that of the shipped study {MEASURED}"
        )


def plan(request: Request, data: DataFolder) -> Plan:
    """Return the plan of a request. Raises the errors that the study would raise before its first photograph."""
    cards = request.cards(data)
    study, sources = request.settled()
    axes = request.axes(data)
    axes.check(study)
    instances = [len(study.instances(card.size)) for card in cards]
    keys = [card.key for card in cards]
    centres = len({*keys, *(card.key for card in axes.cards())})
    frames = len(sources) * (2 * study.pairs * sum(instances) + centres)
    if isinstance(study, LayeredStudy):
        frames += len(TrainingSet.of(study).sources) * len(cards)
    tests = _tests(study.name, keys, instances)
    how = (expected(), len(sources), study.pairs)
    return Plan(
        photographs=len(sources),
        frames=frames,
        seconds=None,
        bytes=None,
        smallest_difference=smallest_difference(*how),
        smallest_corrected=smallest_difference(*how, tests=max(1, tests)),
        tests=tests,
    )


def _tests(study: str, keys: list[str], instances: list[int]) -> int:
    """Return the number of tests in the family of one measure."""
    own = family(study, keys)
    if own.couples is None:
        return sum(min(one, other) for k, one in enumerate(instances) for other in instances[k + 1 :])
    of = dict(zip(keys, instances, strict=True))
    return sum(min(of[one], of[other]) for one, other in own.couples) or len(keys)


@cache
def expected() -> Spread:
    """Return the variance of differences of P(top-1 change): the mean over the couples of a shipped study."""
    pairs = read(EMBEDDED.studies / MEASURED).pairs
    found = []
    for first, second in antialiased_pairs(list(pairs["network"].unique())).items():
        for protocol in pairs["protocol"].unique():
            one, other = (
                pairs[(pairs["network"] == key) & (pairs["protocol"] == protocol)].sort_values(["digest", "pair"])
                for key in (first, second)
            )
            changes = [measures(table)[TOP1_CHANGE] for table in (one, other)]
            found.append(spread(changes[1] - changes[0], photographs_of(one)))
    return Spread(*(float(np.mean([getattr(each, name) for each in found])) for name in ("between", "within")))
