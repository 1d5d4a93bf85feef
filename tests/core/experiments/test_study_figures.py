"""core.experiments.drawing of whole studies: numbers, intervals and labels in them are those of the tables."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from core.experiments.bias_dial import figure as dial_figures
from core.experiments.drawing.bars import Column, grouped
from core.experiments.drawing.scatter import POINTS, curves, sample
from core.experiments.drawing.style import COLOURS, colour, dash, pattern, places
from core.experiments.figure_02_protocols import figure as protocols_figure
from core.experiments.figure_02_protocols.accuracy_figure import against_accuracy
from core.experiments.figure_02_protocols.flips_figure import flips
from core.experiments.figure_04_readouts.figure import readout_accuracy, readouts
from core.experiments.figure_06_embedded_size.figure import embedded_size
from core.experiments.figure_07_08_typicality.figure import against_typicality
from core.experiments.figure_09_13_antialiasing.failures_figure import KEPT, failures
from core.experiments.figure_09_13_antialiasing.figure import antialiasing
from core.experiments.figure_10_11_augmentation import sizes
from core.experiments.figure_10_11_augmentation.figure import accuracy, against_size
from core.experiments.figure_12_confidence.figure import against_confidence
from core.experiments.replication.paper import BIN5, KERAS, TORCH
from core.inference.linear_probes import HEAD
from core.statistics.association import binned, spearman
from core.statistics.intervals import wilson
from core.statistics.sensitivity import FLIPS
from core.statistics.tables import accuracies, layer_accuracies, measured, per_photograph
from tests.support.layered import LAYERS as DEPTHS
from tests.support.layered import readout_tables
from tests.support.study_tables import PROTOCOLS, TWO, pairs_table, photographs_table, turned

PAPERS = (TORCH["ResNet50"], TORCH["VGG16"])
TWINS = {PAPERS[0]: BIN5["ResNet50"], PAPERS[1]: BIN5["VGG16"]}
DINO = "timm/dino"

PAIRS = pairs_table((*PAPERS, DINO), classless=(DINO,))
FOUND = measured(PAIRS)
CROPS = per_photograph(pairs_table((*PAPERS, DINO), ("crop",), photographs=60, pairs=4, classless=(DINO,)))
RIGHT = accuracies(photographs_table(PAIRS))
SIDED = measured(pairs_table(tuple(KERAS.values()), ("crop", "black"), sides=(40, 100, 160, 220)))
TWINNED = measured(pairs_table((*TWINS, *TWINS.values()), ("crop", "black")))


def with_likeness(pairs: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    psnr = np.where(rng.random(len(pairs)) < 0.1, np.inf, rng.normal(35, 5, len(pairs)))
    return pairs.assign(psnr=psnr, ssim=rng.random(len(pairs)))


DEEP, DEEP_CENTRES = readout_tables(TWO)
LAYERS, RIGHT_THERE = measured(DEEP), layer_accuracies(DEEP_CENTRES)
FAILED = with_likeness(PAIRS)
EXAMPLES: dict[str, Callable[[], go.Figure]] = {
    "study": lambda: protocols_figure.study(FOUND, PROTOCOLS, "p_top1_change"),
    "embedded_size": lambda: embedded_size(SIDED),
    "against_size": lambda: against_size(SIDED, "p_top1_change", trained={}, frame=224),
    "accuracy": lambda: accuracy(
        sizes.accuracies(pairs_table(TWO, ("black",), sides=(8, 16))), trained={TWO[0]: (8, 16)}, frame=32
    ),
    "along": lambda: dial_figures.along(turned(), "p_top1_change", chosen=(1.0, 0.3)),
    "at_typicality": lambda: dial_figures.at_typicality(turned(), "p_top1_change"),
    "against_typicality": lambda: against_typicality(CROPS, "an index"),
    "against_confidence": lambda: against_confidence(CROPS, "a network"),
    "curves": lambda: curves(CROPS, "typicality", "typicality", "mean_absolute_change", paper={0.1: "a level"}),
    "failures": lambda: failures(FAILED),
    "against_accuracy": lambda: against_accuracy(FOUND, RIGHT),
    "flips": lambda: flips(FOUND),
    "antialiasing": lambda: antialiasing(TWINNED, TWINS),
    "readouts": lambda: readouts(LAYERS),
    "readout_accuracy": lambda: readout_accuracy(LAYERS, RIGHT_THERE),
    "grouped": lambda: grouped([Column("a", 0, "crop", 0.1, (0.05, 0.2), 9)], ["crop"], "protocol", "P"),
}
NOTHING: dict[str, Callable[[], go.Figure]] = {
    "study": lambda: protocols_figure.study([], PROTOCOLS, "p_top1_change"),
    "embedded_size": lambda: embedded_size([]),
    "against_typicality": lambda: against_typicality(CROPS.head(0), "an index"),
    "against_confidence": lambda: against_confidence(CROPS.head(0), "a network"),
    "failures": lambda: failures(FAILED.head(0)),
    "against_accuracy": lambda: against_accuracy([], {}),
    "flips": lambda: flips([]),
    "antialiasing": lambda: antialiasing([], {}),
    "readouts": lambda: readouts([]),
    "readout_accuracy": lambda: readout_accuracy([], {}),
}


def text(fig: go.Figure) -> str:
    """What stands below a figure."""
    return str(fig.layout.annotations[-1].text).replace("<br>", " ")


def ends(trace: go.Bar | go.Scatter, axis: str = "y") -> list[tuple[float, float]]:
    """Of its whiskers."""
    bars, values = trace[f"error_{axis}"], trace[axis]
    return [(v - low, v + high) for v, low, high in zip(values, bars.arrayminus, bars.array, strict=True)]


def trace(fig: go.Figure, name: str, kind: str | None = None) -> go.Scatter | go.Bar:
    [found] = [t for t in fig.data if t.name == name and (kind is None or t.mode == kind)]
    return found


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_measured_is_said(name: str) -> None:
    fig = NOTHING[name]()
    assert "nothing measured" in text(fig) or "n = 0 pairs" in text(fig)
    assert all(len(t.x) == 0 for t in fig.data)


def test_figure_2_has_the_tables_numbers_and_table_1s() -> None:
    fig = protocols_figure.study(FOUND, PROTOCOLS, "p_top1_change")
    for network in PAPERS:
        name = network.split("/")[1]
        [bar] = [t for t in fig.data if t.type == "bar" and t.name == name]
        mine = {one.protocol: one.sensitivity for one in FOUND if one.network == network}
        assert dict(zip(bar.x, bar.y, strict=True)) == {k: m.p_top1_change for k, m in mine.items()}
        for x, span in zip(bar.x, ends(bar), strict=True):
            assert span == pytest.approx(mine[x].p_top1_change_interval)
    marks = [t for t in fig.data if t.type == "scatter"]
    assert [t.offsetgroup for t in marks] == [t.offsetgroup for t in fig.data if t.type == "bar"]  # else not in line
    drawn = {(t.offsetgroup, x): y for t in marks for x, y in zip(t.x, t.y, strict=True) if y is not None}
    where = places(one.network for one in FOUND)
    resnet, vgg = str(where[PAPERS[0]]), str(where[PAPERS[1]])
    assert drawn == {(resnet, "crop"): 0.061, (resnet, "black"): 0.2, (vgg, "crop"): 0.062, (vgg, "black"): 0.18}
    assert [t.showlegend for t in marks].count(True) == 1
    assert "n = 36 pairs of 12 photographs; step 1 px diagonal (crop: source pixels)" in text(fig)
    assert f"alone: {DINO}" in text(fig)
    assert "dino" not in {t.name for t in fig.data}
    shown = protocols_figure.study(FOUND, PROTOCOLS, "representation_change")
    assert "dino" in {t.name for t in shown.data}
    assert DINO not in text(shown)


def test_networks_that_the_paper_does_not_have_carry_no_mark() -> None:
    for network in (*TWO, "resnet50-pqf", f"{PAPERS[0]}~bin5"):
        fig = protocols_figure.study(measured(pairs_table((network,))), PROTOCOLS, "p_top1_change")
        assert {t.type for t in fig.data} == {"bar"}


def test_figure_6_has_bands_and_the_papers_two_sizes() -> None:
    fig = embedded_size(SIDED)
    for network in KERAS.values():
        name = network.split("/")[1]
        line, band = trace(fig, name, "lines+markers"), trace(fig, f"{name}, 95 % interval")
        mine = sorted((one for one in SIDED if one.network == network and one.side), key=lambda one: one.side)
        assert list(line.x) == [40, 100, 160, 220]
        assert list(line.y) == [one.sensitivity.p_top1_change for one in mine]
        spans = [one.sensitivity.p_top1_change_interval for one in mine]
        assert list(zip(reversed(band.y[4:]), band.y[:4], strict=True)) == spans
        assert list(band.x) == [40, 100, 160, 220, 220, 160, 100, 40]
    marks = trace(fig, "paper")
    drawn = {(who, x): y for who, x, y in zip(marks.customdata, marks.x, marks.y, strict=True)}
    resnet, inception = (KERAS[k].split("/")[1] for k in ("ResNet50", "InceptionResNetV2"))
    assert (drawn[resnet, 220], drawn[inception, 220], drawn[inception, 100]) == (0.1, 0.1, 0.3)
    assert drawn[resnet, 100] == 0.29  # Table 1 is exact, Figure 6 is read off
    share = embedded_size(SIDED, sizes=dict.fromkeys(KERAS.values(), 200))
    assert list(trace(share, resnet, "lines+markers").x) == [20, 50, 80, 110]


def test_figure_8_is_the_binned_curve_over_its_photographs() -> None:
    fig = against_typicality(CROPS, "an index", bins=6)
    for network in PAPERS:
        name = network.split("/")[1]
        mine = CROPS[CROPS["network"] == network]
        wanted = binned(mine["typicality"], mine["p_top1_change"], 6)
        curve, points = trace(fig, name, "lines+markers"), trace(fig, name, "markers")
        assert list(curve.x) == list(wanted["x"])
        assert list(curve.y) == list(wanted["y"])
        assert list(curve.error_y.array) == list(wanted["standard_error"])
        assert list(points.x) == list(mine["typicality"])
        assert [tuple(one) for one in points.customdata] == list(zip(mine["digest"], mine["name"], strict=True))
        found = spearman(mine["typicality"], mine["p_top1_change"])
        assert found.interval is not None
        assert f"{name}: {found.rho:.2f} [{found.interval[0]:.2f}, {found.interval[1]:.2f}] " in f"{text(fig)} "
        assert curve.line.color == colour(places(CROPS["network"])[network])
    assert f"Spearman and its 95 % interval, n = {found.n}: " in text(fig)
    assert "crop, step 1 source px diagonal; 4 pairs a photograph; 6 bins" in text(fig)
    assert "alone: dino" in text(fig)
    assert not fig.layout.shapes  # of these networks the paper gives no level
    assert text(fig).startswith("typicality among an index ")


def test_the_papers_levels_stand_where_its_networks_do() -> None:
    keras = per_photograph(pairs_table((KERAS["VGG16"],), ("crop",)))
    assert sorted(shape.y0 for shape in against_typicality(keras, "i").layout.shapes) == [0, 0.3]
    bin5 = per_photograph(pairs_table((BIN5["VGG16"],), ("crop",)))
    assert [shape.y0 for shape in against_typicality(bin5, "i").layout.shapes] == [0.2]
    assert not against_typicality(bin5, "i", "mean_absolute_change").layout.shapes


def test_photographs_without_typicality_are_left_out_and_one_is_enough() -> None:
    some = CROPS.assign(typicality=CROPS["typicality"].where(CROPS["digest"].isin(sorted(set(CROPS["digest"]))[:9])))
    assert "51 photographs without typicality left out" in text(against_typicality(some, "i"))
    one = against_typicality(CROPS[CROPS["digest"] == CROPS["digest"].iloc[0]], "i")
    assert "no rank correlation (n = 1)" in text(one)
    assert list(trace(one, PAPERS[0].split("/")[1], "lines+markers").error_y.array) == [0]


def test_figure_12_lies_along_one_networks_confidence() -> None:
    fig = against_confidence(CROPS, "resnet50")
    points = trace(fig, PAPERS[0].split("/")[1], "markers")
    assert list(points.x) == list(CROPS.loc[CROPS["network"] == PAPERS[0], "confidence"])
    assert fig.layout.xaxis.title.text == "top-1 probability on the centre crop"
    assert text(fig).startswith("probability of resnet50 ")


def test_figure_9_pairs_each_network_with_its_twin() -> None:
    fig = antialiasing(TWINNED, TWINS)
    original, other = trace(fig, "original"), trace(fig, "antialiased")
    assert list(original.x) == list(other.x)
    assert set(original.x) == {f"{p}<br>{n}" for p in ("crop", "black") for n in ("resnet50", "vgg16")}
    values = {(one.network, one.protocol): one.sensitivity for one in TWINNED}
    for x, before, after in zip(original.x, original.y, other.y, strict=True):
        protocol, name = x.split("<br>")
        key = next(k for k in TWINS if name in k)
        assert before == values[key, protocol].p_top1_change
        assert after == values[TWINS[key], protocol].p_top1_change
    assert [y for t in fig.data if t.name == "paper" and t.offsetgroup == "1" for y in t.y if y] == [0.15, 0.15]
    alone = antialiasing([one for one in TWINNED if one.network != BIN5["VGG16"]], TWINS)
    assert "no antialiased twin measured of vgg16.imagenet1k_v1" in text(alone)
    curves = against_typicality(CROPS, "i", place=places((*PAPERS, DINO), {PAPERS[0]: PAPERS[1]}))
    assert len({t.line.color for t in curves.data if t.mode == "lines+markers"}) == 1


def test_figure_13_shows_pairs_that_changed() -> None:
    fig = failures(FAILED)
    changed = FAILED[FAILED["changed"].fillna(False) & np.isfinite(FAILED["psnr"])]
    drawn = {
        (*one, round(x, 9)): y for t in fig.data for one, x, y in zip(map(tuple, t.customdata), t.x, t.y, strict=True)
    }
    assert len(drawn) == len(changed) == sum(len(t.x) for t in fig.data)
    for row in changed.itertuples():
        key = (row.digest, row.name, row.protocol, str(row.pair), round(row.psnr, 9))
        assert drawn[key] == pytest.approx(abs(float(row.p_after) - float(row.p_before)))
    total = int(FAILED["changed"].sum())
    assert f"n = {total} pairs whose arg-max changed, of {len(FAILED)}" in text(fig)
    assert f"median PSNR {changed['psnr'].median():.3g}" in text(fig)
    assert "SSIM" in failures(FAILED, "ssim").layout.xaxis.title.text


def test_sensitivity_against_accuracy_has_both_intervals() -> None:
    fig = against_accuracy(FOUND, RIGHT)
    for network in PAPERS:
        points, mine = trace(fig, network.split("/")[1]), [one for one in FOUND if one.network == network]
        assert list(points.x) == [RIGHT[network].top1] * 4
        assert list(points.y) == [one.sensitivity.p_top1_change for one in mine]
        assert [c[0] for c in points.customdata] == [one.protocol for one in mine]
        for span in ends(points, "x"):
            assert span == pytest.approx(RIGHT[network].interval)
        for span, one in zip(ends(points), mine, strict=True):
            assert span == pytest.approx(one.sensitivity.p_top1_change_interval)
    assert "no photograph's class known to dino" in text(fig)
    keras = pairs_table((KERAS["ResNet50"],))
    marks = trace(against_accuracy(measured(keras), accuracies(photographs_table(keras))), "paper")
    assert set(zip(marks.x, marks.y, strict=True)) == {(0.759, 0.14), (0.759, 0.29)}


def test_flips_add_up_to_what_changed_of_labelled_pairs() -> None:
    fig = flips(FOUND)
    known = [one for one in FOUND if one.sensitivity.flips is not None]
    assert [t.name for t in fig.data] == list(FLIPS)
    for k, one in enumerate(known):
        n = one.sensitivity.labelled_pairs
        shares = [t.x[k] for t in fig.data]
        assert shares == [one.sensitivity.flips[kind] / n for kind in FLIPS]
        total = sum(one.sensitivity.flips.values())
        last = fig.data[-1].error_x
        assert (sum(shares) - last.arrayminus[k], sum(shares) + last.array[k]) == pytest.approx(wilson(total, n))
    assert "4 without a known label left out" in text(fig)
    assert fig.layout.barmode == "stack"


# many


def test_many_networks_look_different_and_twins_alike_in_colour() -> None:
    looks = [(colour(k), dash(k), pattern(k)) for k in range(24)]
    assert len({look[:2] for look in looks}) == len({look[::2] for look in looks}) == 24
    assert [colour(k) for k in range(6)] == list(COLOURS)
    keys = [f"net{k}" for k in range(8)]
    where = places([*keys, *(f"{key}~bin5" for key in keys)], {key: f"{key}~bin5" for key in keys})
    assert len(set(where.values())) == 16
    for key in keys:
        assert colour(where[key]) == colour(where[f"{key}~bin5"])
        assert pattern(where[key]) != pattern(where[f"{key}~bin5"])
    assert places(["b", "a", "b"]) == {"b": 0, "a": 1}
    assert places(["b~bin5"], {"b": "b~bin5"}) == {"b~bin5": 0}


def test_names_that_do_not_fit_stand_upright() -> None:
    many = protocols_figure.study(SIDED, PROTOCOLS, "p_top1_change")
    assert "black 220" in many.layout.xaxis.categoryarray
    wide = grouped([Column("a", 0, "x" * 30, 0.1, None, 1)], [f"{k}" * 30 for k in range(4)], "x", "P")
    assert protocols_figure.said(wide, "n = 1").layout.xaxis.tickangle == -90
    assert protocols_figure.study(FOUND, PROTOCOLS, "p_top1_change").layout.xaxis.tickangle == 0


def test_sampling_is_seeded_and_said() -> None:
    rows = pd.DataFrame({"a": range(9)})
    whole, nothing = sample(rows, most=9)
    assert (list(whole["a"]), nothing) == (list(rows["a"]), "")
    kept, said = sample(rows, seed=1, most=4)
    assert said == "4 of 9 points drawn, at random"
    assert list(kept["a"]) == sorted(kept["a"]) == list(sample(rows, seed=1, most=4)[0]["a"])
    assert list(kept["a"]) != list(sample(rows, seed=2, most=4)[0]["a"])


def test_a_million_rows_draw_in_no_time() -> None:
    table = with_likeness(pairs_table((*PAPERS, *TWO, "a"), photographs=1000, pairs=50))
    assert len(table) == 1_000_000
    start = time.process_time()
    crops = per_photograph(table)
    fig = against_typicality(crops[crops["protocol"] == "crop"], "i")
    assert time.process_time() - start < 6  # measured 1.1
    assert sum(len(t.x) for t in fig.data if t.mode == "markers") == POINTS
    assert f"{POINTS:,} of 5,000 points drawn, at random" in text(fig)
    start = time.process_time()
    fig = failures(table)
    assert time.process_time() - start < 6
    assert sum(len(t.x) for t in fig.data) == POINTS
    worst = table[table["changed"] & np.isfinite(table["psnr"])]
    changes = np.sort(np.abs(worst["p_after"].to_numpy(float) - worst["p_before"].to_numpy(float)))[-KEPT:]
    assert set(changes) <= {y for t in fig.data for y in t.y}
    assert len(fig.to_json()) < 2_000_000


@pytest.mark.parametrize("measure", ["p_top1_change", "mean_absolute_change"])
def test_figure_4_has_the_tables_numbers_at_their_depths(measure: str) -> None:
    fig = readouts(LAYERS, measure)
    for network in TWO:
        name = network.split("/")[1]
        [line] = [t for t in fig.data if t.name == name]
        assert list(line.x) == [depth for _, depth in DEPTHS]
        rows = DEEP[DEEP["network"] == network]
        for (layer, _), y, (about, low, high) in zip(DEPTHS, line.y, line.customdata, strict=True):
            mine = rows[rows["layer"] == layer]
            slow = mine["changed"].mean() if measure == "p_top1_change" else (mine.p_after - mine.p_before).abs().mean()
            assert y == pytest.approx(float(slow))
            assert low <= y < high
            assert about == f"{layer}, n = 60 pairs"
        [star] = [t for t in fig.data if t.name == f"{name}, {HEAD}"]
        assert (list(star.x), len(star.y)) == ([1.0], 1)
    assert "n = 60 pairs of 30 photographs" in text(fig)
    assert "a star: the network's own head" in text(fig)
    alone = readouts(measured(readout_tables(TWO, head=False)[0]), measure)
    assert "without the networks' own heads, which know other classes" in text(alone)


def test_the_accuracy_of_readouts_stands_beside() -> None:
    fig = readout_accuracy(LAYERS, RIGHT_THERE)
    [line] = [t for t in fig.data if t.name == TWO[0].split("/")[1]]
    mine = DEEP_CENTRES[(DEEP_CENTRES["network"] == TWO[0]) & DEEP_CENTRES["right"].notna()]
    assert list(line.y) == [pytest.approx(mine[mine["layer"] == layer]["right"].mean()) for layer, _ in DEPTHS]
    assert "n = 30 photographs, centre crops" in text(fig)
