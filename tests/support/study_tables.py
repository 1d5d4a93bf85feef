"""Tables as studies write them, invented: for tests of statistics and figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.statistics.sensitivity import FLIPS, Outcome

PROTOCOLS = ("crop", "black", "inpaint", "scale")
TEXT = ("digest", "name", "label", "network", "protocol", "direction", "unit", "kind")
LEVELS = ((0.0, 0.0), (1.0, 0.3), (0.5, 0.15), (1.0, 0.0), (0.0, 0.3))  # spreads of place and size, of the dial
TWO = ("embedded/plain.scenes-0", "embedded/plain_bin5.scenes-0")


def pairs_table(
    networks: tuple[str, ...] = TWO,
    protocols: tuple[str, ...] = PROTOCOLS,
    photographs: int = 12,
    pairs: int = 3,
    *,
    seed: int = 0,
    classless: tuple[str, ...] = (),
    sides: tuple[int, ...] = (100,),
    labels: bool = True,
) -> pd.DataFrame:
    """Photographs differ in how often their pairs change: the less typical, the more; rows in a shuffled order."""
    rng = np.random.default_rng(seed)
    settings = [(p, s) for p in protocols for s in ((None,) if p == "crop" else sides)]
    counts = np.indices((len(networks), len(settings), photographs, pairs))
    network, setting, photograph, pair = (part.ravel() for part in counts)
    n, typicality = len(pair), rng.permutation(np.linspace(0.4, 0.9, photographs))
    before, flipped = rng.integers(0, 5, n), rng.random(n) < (1 - typicality[photograph]) * (0.4 + 0.2 * network)
    after = np.where(flipped, (before + rng.integers(1, 5, n)) % 5, before)
    known = photograph % 3 > 0 if labels else np.zeros(n, bool)
    label = np.where(known, rng.integers(0, 5, photographs)[photograph], -1)
    kind = np.where(before == label, FLIPS[0], np.where(after == label, FLIPS[1], FLIPS[2]))
    none = np.isin(np.array(networks)[network], classless)
    p = np.where(none, np.float32(np.nan), rng.random((2, n), np.float32))
    digest = np.array([f"{rng.integers(16**8):08x}{k:04x}" for k in range(photographs)])
    table = pd.DataFrame(
        {
            "digest": digest[photograph],
            "name": [f"photo-{k}" for k in photograph],
            "label": pd.Series([f"class-{k}" if k >= 0 else None for k in label], dtype="str"),
            "network": np.array(networks)[network],
            **_placements(settings, setting, photograph, pair),
            "class_before": pd.array(before, "Int32"),
            "class_after": pd.array(after, "Int32"),
            "p_before": p[0],
            "p_after": p[1],
            "changed": pd.array(flipped, "boolean"),
            "kind": pd.Series(np.where(flipped & (label >= 0) & ~none, kind, None), dtype="str"),
            "feature_cosine": 1 - 0.2 * rng.random(n),
            "label_index": pd.array(label, "Int32"),
            "typicality": typicality[photograph],
            "confidence": rng.random(photographs)[photograph],
        }
    )
    return _as_read(table, rng, none)


def _placements(
    settings: list[tuple[str, int | None]], setting: np.ndarray, photograph: np.ndarray, pair: np.ndarray
) -> dict[str, object]:
    """Return the columns that say where pairs are placed."""
    side = np.array([-1 if s is None else s for _, s in settings])[setting]
    return {
        "protocol": np.array([p for p, _ in settings])[setting],
        "side": pd.array(side, "Int32"),
        "step": np.int32(1),
        "direction": "diagonal",
        "unit": np.where(side < 0, "source", "network"),
        "seed": 0,
        "pair": pair.astype(np.int32),
        "x": (7 * photograph + pair).astype(np.int32),
        "y": np.int32(3),
    }


def _as_read(table: pd.DataFrame, rng: np.random.Generator, none: np.ndarray) -> pd.DataFrame:
    """Return the table as parquet gives it back: missing values, categories and rows in whatever order."""
    table.loc[none, ["class_before", "class_after", "changed", "label_index"]] = pd.NA
    table.loc[table["side"] < 0, "side"] = pd.NA
    table.loc[table["label_index"] < 0, "label_index"] = pd.NA
    for name in TEXT:
        values = table[name].dropna().unique()
        table[name] = pd.Categorical(table[name], categories=rng.permutation(values))
    return table.iloc[rng.permutation(len(table))].reset_index(drop=True)


def photographs_table(pairs: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """The centre crops of the same photographs on the same networks."""
    rng = np.random.default_rng(seed)
    columns = ["digest", "name", "label", "network", "label_index", "typicality", "confidence"]
    table = pairs[columns].drop_duplicates(["digest", "network"], ignore_index=True)
    top1 = pd.array(rng.integers(0, 5, len(table)), "Int32")
    return table.assign(class_top1=top1, p_top1=rng.random(len(table)), right=top1 == table["label_index"].array)


def outcomes(table: pd.DataFrame) -> list[Outcome]:
    """The same pairs one by one."""
    return [
        Outcome(
            row.digest,
            row.pair,
            None if pd.isna(row.class_before) else row.class_before,
            None if pd.isna(row.class_after) else row.class_after,
            float(row.p_before),
            float(row.p_after),
            row.feature_cosine,
            None if pd.isna(row.label_index) else row.label_index,
        )
        for row in table.itertuples()
    ]


def turned(
    *,
    of_place: float = 0.0,
    of_typicality: float = 0.0,
    photographs: int = 200,
    seeds: int = 3,
    noise: float = 0.01,
    levels: tuple[tuple[float, float], ...] = LEVELS,
    seed: int = 0,
) -> pd.DataFrame:
    """Freer places make everything more typical; the measure falls with typicality, and with freedom beyond it."""
    rng = np.random.default_rng(seed)
    own = rng.uniform(0.4, 0.6, photographs)
    parts = []
    for spread, size_spread in levels:
        typical = own + 0.2 * spread + 0.05 * size_spread / 0.3
        for k in range(seeds):
            level = 0.4 + of_place * spread + rng.normal(0, noise)
            parts.append(
                pd.DataFrame(
                    {
                        "network": f"dial/{spread}_{size_spread}-{k}",
                        "spread": spread,
                        "size_spread": size_spread,
                        "protocol": "crop",
                        "digest": [f"{n:08x}" for n in range(photographs)],
                        "name": [str(n) for n in range(photographs)],
                        "typicality": typical,
                        "step": 1,
                        "direction": "diagonal",
                        "unit": "source",
                        "pairs": 4,
                        "right": (np.arange(photographs) % 4 > 1 - spread).astype(float),
                        "p_top1_change": level + of_typicality * (typical - 0.5) + rng.normal(0, 0.02, photographs),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)
