"""The coverage table of docs/measures.md is that of the benchmark."""

from __future__ import annotations

import pytest

from benchmarks import coverage
from tests.support.basics import ROOT


def documented() -> dict[str, list[float]]:
    """Return row → mean and least coverage, least coverage at rare rates."""
    lines = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith(("| P, ", "| mean, "))]
    return {name.strip(): [float(value) for value in values] for name, *values in rows}


def test_from_ten_photographs_on_the_mean_coverage_is_at_least_93_per_cent() -> None:
    for name, (usual, least, _) in documented().items():
        if int(name.split(", ")[1].split(" ")[0]) >= 10:
            assert usual >= 0.93, name
        assert least <= usual <= 1


def test_the_benchmark_makes_these_rows() -> None:
    head, rule, *lines = coverage.table(2)
    assert f"{head}\n{rule}\n" in (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
    assert [line.strip("|").split("|")[0].strip() for line in lines] == list(documented())


@pytest.mark.full
def test_a_shorter_simulation_agrees_with_the_table() -> None:
    for line in coverage.table(400):
        name, *values = (part.strip() for part in line.strip("|").split("|"))
        if name in documented():
            assert float(values[0]) == pytest.approx(documented()[name][0], abs=0.02), name
