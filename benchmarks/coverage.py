"""Coverage of the 95 % intervals by simulation; prints the table of docs/measures.md.

    python -m benchmarks.coverage [--runs 2000]

A photograph has its own rate of change, drawn from a distribution whose mean is the true rate: the same rate for all,
beta distributions with correlations of .1, .3 and .6 between two pairs of one photograph, and two-point distributions
with .3 and .6, in which most photographs never change. Means are of one value a photograph, beta distributed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from core.statistics.intervals import Floats, Interval, mean, proportion

PHOTOGRAPHS = (2, 5, 10, 20, 50, 150)
PAIRS = (1, 4, 16)
RATES = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5)
USUAL = 0.02  # least rate of the means; below it Wilson's own interval covers less
KINDS = (("beta", 0.0), ("beta", 0.1), ("beta", 0.3), ("beta", 0.6), ("two points", 0.3), ("two points", 0.6))
SPREADS = (0.02, 0.1, 0.3)  # variance of a photograph's mean, as a share of rate · (1 − rate)


def photographs_rates(kind: str, rate: float, clustering: float, shape: tuple[int, int], seed: int) -> Floats:
    """Return the rates of photographs, in an array of a shape, whose mean in the population is ``rate``."""
    rng = np.random.default_rng(seed)
    if not clustering:
        return np.full(shape, rate)
    if kind == "beta":
        return rng.beta(rate * (1 / clustering - 1), (1 - rate) * (1 / clustering - 1), shape)
    often = rate + clustering * (1 - rate)
    return np.where(rng.random(shape) < rate / often, often, 0.0)


def covered(intervals: Iterator[Interval | None], truth: float, runs: int) -> float:
    """Return the share of intervals that hold the truth."""
    return sum(each is not None and each[0] - 1e-12 <= truth <= each[1] + 1e-12 for each in intervals) / runs


def of_proportions(n: int, pairs: int, runs: int) -> dict[float, list[float]]:
    """Return rate → coverage of P(top-1 change) for every kind of photographs."""
    sizes, rng = np.full(n, pairs), np.random.default_rng(1)
    kinds = KINDS[:1] if pairs == 1 else KINDS  # with one pair each, all kinds are the same
    return {
        rate: [
            covered((proportion(row, sizes) for row in rng.binomial(pairs, rates)), rate, runs)
            for kind, clustering in kinds
            for rates in [photographs_rates(kind, rate, clustering, (runs, n), 0)]
        ]
        for rate in RATES
    }


def of_means(n: int, runs: int) -> dict[float, list[float]]:
    """Return rate → coverage of a mean for every spread of the photographs."""
    units = np.arange(n)
    return {
        rate: [
            covered((mean(row, units, bounds=(0, 1)) for row in values), rate, runs)
            for share in SPREADS
            for values in [photographs_rates("beta", rate, share, (runs, n), 0)]
        ]
        for rate in RATES
    }


def row(name: str, found: dict[float, list[float]]) -> str:
    """Return a row of the table: the mean and the least coverage over usual rates, and the least over rare ones."""
    usual = [value for rate, values in found.items() if rate >= USUAL for value in values]
    rare = [value for rate, values in found.items() if rate < USUAL for value in values]
    return f"| {name} | {np.mean(usual):.3f} | {min(usual):.3f} | {min(rare):.3f} |"


def table(runs: int) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| photographs × pairs | mean, rates .02 to .5 | least, rates .02 to .5 | least, rates .001 and .005 |"
    yield "| --- | --- | --- | --- |"
    works: list[tuple[str, Callable[[], dict[float, list[float]]]]] = [
        (f"P, {n} × {pairs}", lambda n=n, pairs=pairs: of_proportions(n, pairs, runs))  # type: ignore[misc]
        for n in PHOTOGRAPHS
        for pairs in PAIRS
    ]
    works += [(f"mean, {n}", lambda n=n: of_means(n, runs)) for n in PHOTOGRAPHS]  # type: ignore[misc]
    for name, work in works:
        yield row(name, work())


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=2000)
    for line in table(options.parse_args().runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
