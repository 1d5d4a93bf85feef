"""The photographer's bias: places of boxes, and a test that rejects 5 % of what is unbiased."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from core.datasets.annotations.boxes import check
from core.datasets.scenes import Photographer, describe
from core.experiments.figure_05_photographers_bias import bias
from core.experiments.figure_05_photographers_bias.bias import (
    AXES,
    BIASED,
    BINS,
    FEW,
    LEAST,
    UNIFORM,
    add_distance,
    binned,
    by_class,
    chi_squared,
    measure_places,
)
from core.statistics.comparisons import holm
from core.statistics.tables import per_photograph
from tests.support.boxed import boxes, invented_places, join_places, scenes
from tests.support.study_tables import TWO, pairs_table


def test_place_and_size_of_the_largest_box() -> None:
    found = measure_places(
        boxes(
            ("a", "cat", 0, 0, 10, 10, 100, 50),
            ("a", "dog", 60, 10, 100, 30, 100, 50),  # the second is larger
            ("b", "cat", 10, 5, 30, 45, None, None),  # no size: never assumed
            ("c", "cat", 2, 10, 98, 20, 100, 50),  # leaves 4 % of the width
            ("d", "cat", 30, 0, 40, 50, 100, 50),
            ("d", "dog", 0, 0, 50, 10, 100, 50),  # equally large: the first
        )
    )
    assert found.unknown == 1
    assert list(found.table["image"]) == ["a", "c", "d"]
    assert list(found.table["label"]) == ["dog", "cat", "cat"]
    assert found.table["u"].tolist() == pytest.approx([1.0, np.nan, 30 / 90], nan_ok=True)
    assert found.table["v"].tolist() == pytest.approx([10 / 30, 10 / 40, np.nan], nan_ok=True)
    assert found.table[["x", "y"]].iloc[0].tolist() == pytest.approx([0.8, 0.4])
    assert found.table["size"].tolist() == pytest.approx([0.4, 0.96, 1.0])
    assert (found.filling("u"), found.filling("v"), found.classes) == (1, 1, 2)
    assert found.of("cat").table["image"].tolist() == ["c", "d"]


def test_bins_are_equal_and_hold_their_lower_edge() -> None:
    values = np.array([[0.0, 0.1999, 0.2, 0.6, 1.0], [np.nan, 0.4, 0.4, 0.9, np.nan]])
    assert binned(values).tolist() == [[2, 1, 0, 1, 1], [0, 0, 2, 0, 1]]
    some = np.random.default_rng(0).random(1000)
    assert binned(some).tolist() == np.histogram(some, BINS, (0, 1))[0].tolist()


def test_chi_squared_is_scipys() -> None:
    counts = np.random.default_rng(1).integers(1, 40, (20, BINS))
    statistic, p = chi_squared(counts)
    for row, mine, chance in zip(counts, statistic, p, strict=True):
        wanted = chisquare(row)
        assert (mine, chance) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-12)
    assert bias.cramers_v([0, 0, 30, 0, 0]) == pytest.approx(1.0)
    assert bias.cramers_v([6, 6, 6, 6, 6]) == 0.0


@pytest.mark.parametrize("n", [LEAST, 40, 200, 841])
def test_of_uniform_places_five_in_a_hundred_are_rejected(n: int) -> None:
    """20,000 sets of photographs whose object lies anywhere in frame."""
    u = np.random.default_rng(n).random((20_000, n))
    _, p = chi_squared(binned(u))
    assert abs((p < 0.05).mean() - 0.05) < 0.01


def test_so_they_are_from_boxes_in_pixels() -> None:
    """Whole pixels, boxes of all sizes: only the nearly filling ones are left out."""
    rng, rejected, sets, n = np.random.default_rng(5), 0, 400, 60
    w = rng.integers(20, 500, sets * n)
    left = rng.integers(0, 500 - w + 1)
    table = pd.DataFrame(
        {
            "image": np.arange(sets * n).astype(str),
            "label": "cat",
            "xmin": left,
            "ymin": 0,
            "xmax": left + w,
            "ymax": 10,
            "width": 500,
            "height": 375,
        }
    )
    u = measure_places(check(table, "boxes", pixels=False)).table["u"].to_numpy().reshape(sets, n)
    assert 0 < np.isnan(u).mean() < 0.1
    rejected = (chi_squared(binned(u))[1] < 0.05).mean()
    assert abs(rejected - 0.05) < 0.03  # 400 sets only


@pytest.mark.parametrize("shares", [(0.2,) * 5, (0.1, 0.2, 0.4, 0.2, 0.1)])
def test_the_interval_holds_the_true_effect_in_95_of_100(shares: tuple[float, ...]) -> None:
    truth, n, held, sets = float(np.sqrt(sum((p - 0.2) ** 2 / 0.2 for p in shares) / (BINS - 1))), 120, 0, 500
    middles = (np.arange(BINS) + 0.5) / BINS
    for counts in np.random.default_rng(8).multinomial(n, shares, sets):
        found = bias.uniformity(np.repeat(middles, counts), "u")
        assert found is not None
        assert found.counts == tuple(counts)
        assert found.interval[0] <= found.v <= found.interval[1]
        assert (found.interval[0] > 0) == (found.p < 0.025)
        held += found.interval[0] <= truth <= found.interval[1]
    assert 0.92 <= held / sets <= 0.99


def test_a_test_is_told_in_full() -> None:
    u = np.random.default_rng(2).beta(3, 3, 80)
    found = bias.uniformity(u, "u")
    assert found is not None
    assert (found.n, found.v) == (80, float(bias.cramers_v(binned(u))))
    assert f"χ²(4) = {found.statistic:.1f}, p < 0.001, Cramér's V {found.v:.2f} [" in str(found)
    assert bias.uniformity(u[: LEAST - 1], "u") is None


def test_classes_are_tested_one_by_one_and_corrected_together() -> None:
    rng = np.random.default_rng(4)
    drawn = (("cat", rng.uniform(0.4, 0.6, 60)), ("owl", rng.random(60)), ("key", rng.random(24)))
    found = join_places(*(invented_places(u, label) for label, u in drawn))
    table = by_class(found)
    assert table["class"].tolist()[0] == "cat"
    rows = table.set_index("class")
    assert rows["u"].to_dict() == {"cat": BIASED, "owl": UNIFORM, "key": FEW}
    assert rows["v"].to_dict() == {"cat": BIASED, "owl": BIASED, "key": FEW}  # all in the middle down
    assert rows["n"].to_dict() == {"cat": 60, "owl": 60, "key": 24}
    known = rows.loc[["cat", "owl"]]
    for name in known.index:
        wanted = chisquare(np.histogram(found.table.loc[found.table["label"] == name, "u"], BINS, (0, 1))[0])
        assert known.loc[name, ["u χ²", "u p"]].tolist() == pytest.approx([wanted.statistic, wanted.pvalue], rel=1e-9)
    p = known[["u p", "v p"]].to_numpy(float)
    assert known[["u p Holm", "v p Holm"]].to_numpy(float).ravel() == pytest.approx(holm(p.ravel()))
    assert rows.loc["key", ["u χ²", "u p", "u V", "u p Holm"]].isna().all()
    assert rows.loc["owl", ["mean u", "mean v"]].tolist() == pytest.approx(
        [found.table.loc[found.table["label"] == "owl", "u"].mean(), 0.5]
    )


def test_scenes_lie_where_their_photographer_puts_them() -> None:
    who = Photographer(spread=0.5, size_mean=0.5)
    found = scenes(who)
    scene = describe(3, who)
    row = found.table.iloc[3]
    assert (row["image"], row["label"]) == ("3", scene.label)
    assert row[["x", "y", "size"]].tolist() == pytest.approx([scene.x, scene.y, scene.size])
    assert row["u"] == pytest.approx((scene.x - scene.width / 2) / (1 - scene.width))
    for axis in AXES:
        assert found.table[axis].dropna().between(0.25, 0.75).all()
        assert np.ptp(found.table[axis].dropna()) > 0.45
    assert all(test.p < 1e-6 for test in bias.over_all(found))
    free = bias.over_all(scenes(Photographer(spread=1.0, size_mean=0.5)))
    assert all(test.p > 0.001 for test in free)


def test_distance_joins_a_study_by_name() -> None:
    photographs = per_photograph(pairs_table(TWO, ("crop",), photographs=5, pairs=2))
    names = list(dict.fromkeys(photographs["name"].astype(str)))
    mine = measure_places(
        boxes(*((f"d/{n}.JPEG", "cat", 10 * k, 0, 10 * k + 20, 20, 100, 100) for k, n in enumerate(names[:4])))
    )
    found = add_distance(photographs, mine, invented_places(np.full(30, 0.5)))
    away = found.drop_duplicates("name").set_index("name")["distance"]
    assert [away[n] for n in names[:4]] == pytest.approx([np.hypot(0.1 + 0.1 * k - 0.5, 0.1 - 0.5) for k in range(4)])
    assert np.isnan(away[names[4]])
    assert len(found) == len(photographs)
