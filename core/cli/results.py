"""The command ``results``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import PhotobiasError
from .console import say, show
from .options import add

BROKEN = 2  # exit status for a study that cannot be read


def register(commands: Any) -> None:
    """Add the subcommand."""
    about = "Print the results of a finished study, as its page shows them: rates, comparisons and findings."
    one = add(commands, "results", _results, about)
    one.add_argument("folder", type=Path, metavar="DIR", help="folder of a finished study")
    one.add_argument("--against", type=Path, metavar="DIR", help="also compare it with this finished study")


def _results(chosen: argparse.Namespace) -> None:
    from ..experiments import study_results
    from ..studies.rows import read_finished

    try:
        results = read_finished(chosen.folder)
        found = study_results.StudyResults.of(results).as_dict()
        if chosen.against is not None:
            found |= study_results.between_record(results, read_finished(chosen.against))
    except PhotobiasError as error:
        say(f"error: {error}")
        raise SystemExit(BROKEN) from None
    show(chosen, found, _lines(found))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    """Yield the results as text: findings, then both tables, then the choices of the analysis."""
    from ..images.protocols.readings import TITLES

    yield from found["findings"]
    yield f"Protocols by {TITLES[found['reading']]}."
    yield "\nRates (95 % intervals)"
    yield from _table([_rate(row) for row in found["rates"]])
    yield "\nComparisons (95 % paired intervals, not corrected; p corrected within its family)"
    yield from _table([_comparison(row) for row in found["comparisons"]]) or ["none: they need two networks"]
    for family, size in dict.fromkeys((row["family"], row["family_size"]) for row in found["comparisons"]):
        yield f"Family of {size} test{'s' * (size != 1)}: {family}"
    if "between" in found:
        yield "\nDifferences from the other study (95 % intervals, not corrected)"
        yield from filter(None, [found["warning"]])
        yield from _table([_between(row) for row in found["between"]]) or [
            "none: they have no network under the same protocol and side"
        ]
    yield "\nAnalysis"
    for name, value in found["choices"].items():
        items = value.items() if isinstance(value, dict) else [("", value)]
        for part, text in items:
            shown = ", ".join(text) if isinstance(text, list) else text
            yield f"  {name}{f', {part}' if part else ''}: {shown}"


def _table(rows: list[list[str]]) -> list[str]:
    """Return rows of cells as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _setting(row: dict[str, Any]) -> str:
    side = "" if row["side"] is None else f", {row['side']} px"
    return f"{row['protocol']}{side}"


def _interval(row: dict[str, Any], sign: str = "") -> str:
    return "" if row["interval"] is None else "[{:{sign}.4f}, {:{sign}.4f}]".format(*row["interval"], sign=sign)


def _rate(row: dict[str, Any]) -> list[str]:
    from ..statistics.intervals import few

    n = f"{row['pairs']} pairs of {row['photographs']} photographs"
    network = f"{row['network']} {row['layer']}" if "layer" in row else row["network"]
    return [network, _setting(row), row["measure"], f"{row['value']:.4f}", _interval(row), n, few(row["photographs"])]


def _comparison(row: dict[str, Any]) -> list[str]:
    names = [row["network"], f"against {row['against']}"]
    if "layer" in row:
        names = [f"{row['network']} {row['layer']}", f"against {row['against_layer']}"]
    return [*names, _setting(row), row["measure"], f"{row['difference']:+.4f}", _interval(row, "+"), _p(row)]


def _between(row: dict[str, Any]) -> list[str]:
    how = "paired" if row["paired"] else "not paired"
    n = f"{how}, {row['photographs']} and {row['photographs_against']} photographs"
    values = f"{row['value']:.4f} against {row['value_against']:.4f}"
    cells = [row["network"], _setting(row), row["measure"], values, f"{row['difference']:+.4f}", _interval(row, "+")]
    return [*cells, _p(row), n]


def _p(row: dict[str, Any]) -> str:
    return "no test" if row["p_corrected"] is None else f"p {row['p']:.2g}, corrected {row['p_corrected']:.2g}"
