"""Measures from the tables of a study.

A row of ``pairs`` is one pair on one network. A row of ``photographs`` is one photograph's centre crop on one network.
The columns are those that ``core.studies`` writes. A network without classes has nulls where classes would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..errors import BadTable
from ..images.protocols.readings import TITLES, rows_reading
from .accuracy import Accuracy
from .intervals import Floats, Integers, wilson
from .sensitivity import FLIPS, Sensitivity, Tally

BY = ("network", "protocol", "side", "step", "direction", "unit")  # columns whose values are never pooled
VALUES = ("class_before", "p_before", "p_after", "changed", "kind", "feature_cosine", "label_index")
SURROUND = "surround"  # likewise, in studies by the authors' script; elsewhere it is black
LAYERS = ("layer", "depth")  # likewise, in studies of linear probes
NEEDED = (*BY, "digest", "pair", *VALUES)
MEASURES = {
    "p_top1_change": "P(top-1 change)",
    "mean_absolute_change": "Mean absolute change",
    "representation_change": "Representation change (1 − cosine)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measurement:
    """The sensitivity of one network under one protocol.

    ``side``: embedded short side in network pixels, if any. ``layer``, ``depth``: of the linear probe that answered, if
    any. ``surround``: the colour around the embedded photograph, "#rrggbb"; None where it is black.
    """

    network: str
    protocol: str
    side: int | None
    step: int
    direction: str
    unit: str
    sensitivity: Sensitivity
    layer: str | None = None
    depth: float | None = None
    surround: str | None = None

    @property
    def settings(self) -> str:
        """Layer, protocol and step, as text for people."""
        side = f", side {self.side} px" if self.side is not None else ""
        side += ", grey surround" if self.surround is not None else ""
        layer = f"{self.layer} (depth {self.depth:.2f}), " if self.layer is not None else ""
        return f"{layer}{self.protocol}{side}, step {self.step} {self.unit} px {self.direction}"


def measured(pairs: pd.DataFrame) -> list[Measurement]:
    """Return the sensitivity of each network, and layer, under each protocol and its settings, in the table's order.

    Equal to ``core.statistics.sensitivity.sensitivity`` of the same pairs. Raises BadTable for missing columns.
    """
    require(pairs, NEEDED)
    names = apart(pairs)
    group, keys = groups(pairs, names)
    photograph = photographs_of(pairs)
    order = np.lexsort((pairs["pair"].to_numpy(), photograph, group))
    ends = np.cumsum(np.bincount(group, minlength=len(keys)))
    columns = _Columns(pairs, photograph, order)
    spans = zip([0, *ends[:-1]], ends, strict=True) if len(keys) else []
    return [
        Measurement(**_plain(dict(zip(names, key, strict=True))), sensitivity=columns.tally(*span).sensitivity())
        for key, span in zip(keys, spans, strict=True)
    ]


def _plain(key: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a group as the fields of a Measurement."""
    plain: dict[str, Any] = {name: None if pd.isna(value) else value for name, value in key.items()}
    return plain | {name: int(plain[name]) for name in ("side", "step") if plain[name] is not None}


def apart(pairs: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns of a table whose values are never pooled."""
    return (*BY, *(name for name in (SURROUND, *LAYERS) if name in pairs))


def rows_of(pairs: pd.DataFrame, one: Measurement) -> pd.DataFrame:
    """Return the pairs of one network, layer, protocol and side."""
    of = (pairs["network"] == one.network) & (pairs["protocol"] == one.protocol)
    of &= pairs["side"].isna() if one.side is None else pairs["side"].eq(one.side).fillna(value=False)
    return pairs[of if one.layer is None else of & (pairs["layer"] == one.layer)]


class _Columns:
    """Columns of a table that tallies need, as arrays (N,) ordered by group, photograph and pair."""

    def __init__(self, pairs: pd.DataFrame, photograph: Integers, order: Integers) -> None:
        self.photograph = photograph[order]
        self.classless = pairs["class_before"].isna().to_numpy()[order]
        self.labelled = pairs["label_index"].notna().to_numpy()[order]
        self.changed = changed(pairs)[order]
        self.change = change(pairs)[order]
        self.representation = 1 - pairs["feature_cosine"].to_numpy(np.float64)[order]
        self.kind = pd.Categorical(pairs["kind"], categories=FLIPS).codes[order]

    def tally(self, start: int, end: int) -> Tally:
        """Return the tally of the rows from ``start`` to ``end``."""
        part = slice(start, end)
        photograph = self.photograph[part]
        classless = bool(self.classless[part].any())
        counts = np.bincount(self.kind[part] + 1, minlength=len(FLIPS) + 1)[1:]
        return Tally(
            photograph=np.concatenate([[0], np.cumsum(np.diff(photograph) != 0)]),
            changed=None if classless else self.changed[part],
            change=None if classless else self.change[part],
            representation=self.representation[part],
            flips=dict(zip(FLIPS, counts.tolist(), strict=True)),
            labelled=int(self.labelled[part].sum()),
        )


def changed(pairs: pd.DataFrame) -> Floats:
    """Return (N,) 1 where the arg-max class differs, 0 where not, and NaN for a network without classes."""
    return np.asarray(pairs["changed"].astype("Float64").to_numpy(np.float64, na_value=np.nan))


def change(pairs: pd.DataFrame) -> Floats:
    """Return (N,) |p_after − p_before| of the class that led in the first frame."""
    after, before = (pairs[name].to_numpy(np.float64) for name in ("p_after", "p_before"))
    found: Floats = np.abs(after - before)
    return found


def measures(pairs: pd.DataFrame) -> dict[str, Floats]:
    """Return every measure of MEASURES as a column (N,), pair by pair."""
    representation = 1 - pairs["feature_cosine"].to_numpy(np.float64)
    return dict(zip(MEASURES, (changed(pairs), change(pairs), representation), strict=True))


def groups(table: pd.DataFrame, columns: Sequence[str]) -> tuple[Integers, list[tuple[Any, ...]]]:
    """Return the number (N,) of each row's group, and the values of each group in the order of first rows.

    Nulls count as equal.

    >>> number, values = groups(pd.DataFrame({"network": ["b", "a", "b"]}), ["network"])
    >>> number.tolist(), values
    ([0, 1, 0], [('b',), ('a',)])
    """
    code = np.zeros(len(table), np.int64)
    for name in columns:
        part, values = pd.factorize(table[name])
        code = code * (len(values) + 1) + part + 1
    number, _ = pd.factorize(code)
    first = np.unique(number, return_index=True)[1]
    heads = table.iloc[first]
    return number, list(zip(*(heads[name].tolist() for name in columns), strict=True))


def photographs_of(pairs: pd.DataFrame) -> Integers:
    """Return the number (N,) of each row's photograph, counted from 0 in the order of digests."""
    code, digests = pd.factorize(pairs["digest"])
    places: Integers = np.unique(np.asarray(digests, str), return_inverse=True)[1]
    return places[code] if len(code) else code


def per_photograph(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each photograph, network, protocol and setting: its mean measures over its ``pairs``.

    The rows keep the photograph's name, label, typicality and confidence, which are of one index and one named network,
    whichever network the row is of.
    """
    require(pairs, (*NEEDED, "name", "label", "typicality", "confidence"))
    about = ["digest", "name", "label", "typicality", "confidence"]
    number, _ = groups(pairs, (*apart(pairs), "digest"))
    first = np.unique(number, return_index=True)[1]
    found = pairs.iloc[first][[*about, *apart(pairs)]].reset_index(drop=True)
    count = np.bincount(number, minlength=len(first))
    for name, column in measures(pairs).items():
        found[name] = np.bincount(number, column, minlength=len(first)) / count
    return found.assign(pairs=count)


def accuracies(photographs: pd.DataFrame) -> dict[str, Accuracy]:
    """Return the top-1 accuracy of each network on the centre crops of the photographs whose class it has."""
    return {network: one for (network,), one in accuracies_by(photographs, ("network",)).items()}


def accuracies_by(photographs: pd.DataFrame, by: tuple[str, ...]) -> dict[tuple[str, ...], Accuracy]:
    """Return the same accuracy for each combination of values in the columns ``by``."""
    require(photographs, (*by, "right"))
    known = photographs[photographs["right"].notna()]
    number, keys = groups(known, by)
    counts, totals = np.bincount(number), np.bincount(number, known["right"].to_numpy(float))
    return {
        tuple(map(str, key)): Accuracy(total / n, wilson(total, n), n)
        for key, total, n in zip(keys, map(int, totals), map(int, counts), strict=True)
    }


def layer_accuracies(photographs: pd.DataFrame) -> dict[tuple[str, str], Accuracy]:
    """Return the top-1 accuracy of each (network, layer)'s linear probe on centre crops.

    Empty for a study without linear probes.
    """
    if "layer" not in photographs:
        return {}
    return {(network, layer): one for (network, layer), one in accuracies_by(photographs, ("network", "layer")).items()}


def tidy(found: Sequence[Measurement], right: dict[str, Accuracy] | None = None) -> pd.DataFrame:
    """Return one row for each network and protocol, each measure with ``_low`` and ``_high``, for tables and CSV."""
    rows = []
    for one in found:
        more = (name for name in (SURROUND, *LAYERS) if getattr(one, name) is not None)
        row: dict[str, Any] = {name: getattr(one, name) for name in (*BY, *more)}
        for name in MEASURES:
            low, high = getattr(one.sensitivity, f"{name}_interval") or (None, None)
            row |= {name: getattr(one.sensitivity, name), f"{name}_low": low, f"{name}_high": high}
        flips = one.sensitivity.flips or dict.fromkeys(FLIPS)
        row |= {"pairs": one.sensitivity.pairs, "photographs": one.sensitivity.photographs, **flips}
        row |= {"approximate": one.sensitivity.approximate}
        if (accuracy := (right or {}).get(one.network)) is not None:
            low, high = accuracy.interval
            row |= {"top1": accuracy.top1, "top1_low": low, "top1_high": high, "top1_n": accuracy.n}
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.astype({"side": "Int32"}) if rows else table


def table_1(found: Sequence[Measurement]) -> pd.DataFrame:
    """Return the paper's Table 1: a row for each measure and protocol, a column for each network.

    A cell reads "value [low, high]".
    """
    classes = [one for one in found if one.sensitivity.p_top1_change is not None]
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for name, title in list(MEASURES.items())[:2]:
        for one in classes:
            rows.setdefault((title, _together(one, classes)), {})[one.network] = cell(one.sensitivity, name)
    index = pd.MultiIndex.from_tuples(list(rows), names=["measure", "protocol"])
    return pd.DataFrame(list(rows.values()), index=index if rows else None)


def _together(one: Measurement, found: Sequence[Measurement]) -> str:
    """Return the settings, naming all sides where networks of different input sizes have one side each."""
    alike = [o for o in found if replace(o, side=None).settings == replace(one, side=None).settings]
    sides = sorted({o.side for o in alike if o.side is not None})
    if len({o.network for o in alike}) < len(alike) or len(sides) < 2:
        return one.settings
    return one.settings.replace(f"side {one.side} px", f"side {' or '.join(map(str, sides))} px")


def about(found: Sequence[Measurement], measure: str = "") -> str:
    """Return the caption of a figure: n, step, and the networks that lack the measure."""
    if not found:
        return "nothing measured"
    n = _span([one.sensitivity.photographs for one in found], "photograph")
    pairs = _span([one.sensitivity.pairs for one in found], "pair")
    steps = ", ".join(dict.fromkeys(f"step {one.step} px {one.direction}" for one in found))
    units = {one.unit for one in found if one.protocol == "crop"}
    crops = f" (crop: {' and '.join(sorted(units))} pixels)" if units else ""
    lacking = [one.network for one in found if measure and getattr(one.sensitivity, measure) is None]
    none = ", ".join(dict.fromkeys(lacking))
    remark = next((f" ({one.sensitivity.remark})" for one in found if one.sensitivity.remark), "")
    read = TITLES[rows_reading((one.protocol, one.unit, one.surround) for one in found)]
    return f"n = {pairs} of {n}; {steps}{crops}; protocols by {read}; 95 % intervals{remark}" + (
        f"; without classes, so shown by its representation change alone: {none}" if none else ""
    )


def _span(numbers: Sequence[int], what: str) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,} {what}{'s' if low != 1 else ''}" if low == high else f"{low:,} to {high:,} {what}s"


def cell(found: Sensitivity, measure: str, digits: int = 3) -> str:
    """Return a measure with its interval as text; empty where it was not measured."""
    value, span = getattr(found, measure), getattr(found, f"{measure}_interval")
    if value is None:
        return ""
    return f"{value:.{digits}f}" + (f" [{span[0]:.{digits}f}, {span[1]:.{digits}f}]" if span else "")


def require(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise BadTable unless the table has these columns."""
    lacking = [name for name in columns if name not in table.columns]
    if lacking:
        raise BadTable(
            f"The table has no {', '.join(lacking)}.",
            f"It needs the columns {', '.join(columns)}.",
            "Make it with: python -m core study …",
        )
