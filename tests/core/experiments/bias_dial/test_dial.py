"""The dial of the photographer's bias: effects against fits by others, a turn of it, its figures, its command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core import studies
from core.cli import main
from core.datasets.scenes import Photographer
from core.errors import BadCard, Cancelled
from core.experiments.bias_dial import dial, photographers
from core.experiments.bias_dial.figure import along, at_typicality, half
from core.experiments.bias_dial.photographers import Taught, Turn
from core.index.search import FeatureIndex
from core.index.typicality import typicality
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.networks import registry
from core.statistics.tables import per_photograph
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import process
from core.training import recipe
from tests.support.study_tables import LEVELS, pairs_table
from tests.support.study_tables import turned as table
from tests.support.trained import drawn_here

pytestmark = pytest.mark.usefixtures("one_thread")

P = "p_top1_change"


# effects


def test_one_dial_is_scipys_regression() -> None:
    rows = table(of_place=-0.05, levels=((0.0, 0.0), (0.5, 0.0), (1.0, 0.0)))
    found = dial.effects(rows, P)
    assert found is not None
    plain = dial.means(rows, P)
    theirs = stats.linregress(plain["spread"], plain[P])
    assert set(found.measured) == {"spread"}
    one = found.measured["spread"]
    assert one.value == pytest.approx(theirs.slope)
    half_width = stats.t.ppf(0.975, len(plain) - 2) * theirs.stderr
    assert one.interval == pytest.approx((theirs.slope - half_width, theirs.slope + half_width))
    assert (found.networks, found.photographs) == (9, 200)


def test_equal_typicality_is_a_slow_fit_with_every_dummy() -> None:
    rows = table(of_place=-0.05, of_typicality=-0.8)
    plain = dial.means(rows, P)
    bins = dial.bins_of(rows["typicality"].to_numpy())
    design = np.zeros((len(rows), len(plain) + bins.max() + 1))
    design[:, -1] = rows["typicality"]
    for k, (network, number) in enumerate(zip(rows["network"], bins, strict=True)):
        design[k, plain["network"].tolist().index(network)] = 1
        if number:
            design[k, len(plain) + number - 1] = 1
    fitted = np.linalg.pinv(design) @ rows[P].to_numpy()
    slopes = np.column_stack([np.ones(len(plain)), plain["spread"], plain["size_spread"] / 0.3])
    wanted = np.linalg.pinv(slopes) @ fitted[: len(plain)]
    found = dial.effects(rows, P)
    assert found is not None
    assert found.equal["spread"].value == pytest.approx(wanted[1])
    assert found.equal["size_spread"].value == pytest.approx(wanted[2])
    assert found.equal[dial.BOTH].value == pytest.approx(wanted[1] + wanted[2])


def test_dials_that_were_always_turned_together_are_not_told_apart() -> None:
    rows = table(of_place=-0.1, levels=LEVELS[:3])
    found = dial.effects(rows, P)
    assert found is not None
    assert set(found.measured) == set(found.equal) == {dial.BOTH}
    alone = dial.effects(rows.assign(size_spread=0.0), P)
    assert alone is not None
    assert found.measured[dial.BOTH].interval == pytest.approx(alone.measured["spread"].interval)
    assert "places and sizes together from fixed to free change it by -0.0" in dial.sentence(rows, P, "crop")


def test_bins_hold_as_many_and_equal_values_share_one() -> None:
    counts = np.bincount(dial.bins_of(np.random.default_rng(0).random(1000)))
    assert counts.tolist() == [100] * dial.BINS
    assert dial.bins_of(np.full(7, 0.5)).tolist() == [0] * 7


def test_the_interval_holds_the_true_effect_in_95_of_100() -> None:
    held = 0
    for seed in range(200):
        found = dial.effects(table(of_place=-0.02, photographs=4, noise=0.02, seed=seed), P)
        assert found is not None
        low, high = found.measured["spread"].interval
        held += low <= -0.02 <= high
    assert stats.binomtest(held, 200, 0.95).pvalue > 0.01


@pytest.mark.parametrize(
    ("of_place", "of_typicality", "said"),
    [
        (
            0.0,
            0.0,
            "No evidence that a network that learned from less biased photographs changes its answer less often, or",
        ),
        (0.0, -0.8, "less often (-0.1"),
        (-0.1, -0.8, "typicality does not explain all of it"),
        (0.1, 0.0, "more often"),
        (0.1, -0.8, "yet among equally typical photographs the other way round"),
    ],
)
def test_the_sentence_follows_the_numbers(of_place: float, of_typicality: float, said: str) -> None:
    rows = table(of_place=of_place, of_typicality=of_typicality)
    text = dial.sentence(rows, P, "crop")
    assert said in text
    found = dial.effects(rows, P)
    assert found is not None
    assert str(found.measured[dial.BOTH]) in text
    assert "n = 15 networks, 200 photographs" in text
    assert "Invariant the least biased are not: P(top-1 change) " in text
    assert "they are right on 0.75 of the photographs, the most biased on 0.50" in text
    explained = "among equally typical photographs there is no evidence of it" in text
    assert explained == (found.measured[dial.BOTH].evident and not found.equal[dial.BOTH].evident)


def test_typicality_that_explains_all_is_found_to() -> None:
    assert "there is no evidence of it" in dial.sentence(table(of_typicality=-0.8, noise=0.02), P, "crop")


@pytest.mark.parametrize("rows", [table(levels=LEVELS[:1]), table(seeds=1, levels=LEVELS[:2])])
def test_too_few_are_said_to_be(rows: pd.DataFrame) -> None:
    assert dial.effects(rows, P) is None
    assert dial.sentence(rows, P, "crop") == "Too few photographers and networks were measured under crop to tell."
    assert "under black" in dial.sentence(rows, P, "black")


def test_answers_that_never_change_are_not_called_changing() -> None:
    assert "Of the least biased: P(top-1 change) 0.000" in dial.sentence(table().assign(**{P: 0.0}), P, "crop")


# figures


def test_points_are_networks_and_means_photographers() -> None:
    rows = table(of_place=-0.1)
    fig = along(rows, P, chosen=(1.0, 0.3))
    plain = dial.means(rows, P)
    alike = plain[plain["size_spread"] == 0.3]
    points, means = fig.data[4], fig.data[5]
    assert sorted(points.y) == pytest.approx(sorted(alike[P]))
    apart = means.x[0]  # beside those whose sizes are spread less
    assert 0 < apart < 0.1
    assert list(means.x) == [apart, 1 + apart]
    assert set(points.x) == set(means.x)
    assert fig.data[1].x[0] == -apart
    free = alike.loc[alike["spread"] == 1.0, P].to_numpy()
    assert means.y[1] == pytest.approx(free.mean())
    assert means.error_y.array[1] == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem(free))
    assert (fig.data[-1].name, fig.data[-1].x[0], fig.data[-1].y[0]) == (
        "the dial",
        1 + apart,
        pytest.approx(free.mean()),
    )
    assert "the dial" not in [trace.name for trace in along(rows, P, chosen=(0.35, 0.1)).data]
    assert "n = 15 networks, 200 photographs" in fig.layout.annotations[-1].text.replace("<br>", " ")
    assert half(np.array([0.3])) == 0


def test_the_interval_of_typicality_is_over_photographs() -> None:
    """All networks of a photographer have the same."""
    rows = table(of_typicality=-0.3)
    fig = along(rows, "typicality")
    means, free = fig.data[5], rows[(rows["spread"] == 1.0) & (rows["size_spread"] == 0.3)]
    value, interval = dial.level(free, "typicality")
    assert interval is not None
    assert interval[0] < value < interval[1]
    assert means.y[1] == pytest.approx(value)
    assert means.y[1] - means.error_y.arrayminus[1] == pytest.approx(interval[0])
    assert means.y[1] + means.error_y.array[1] == pytest.approx(interval[1])
    assert "intervals over photographs" in fig.layout.annotations[-1].text.replace("<br>", " ")


def test_a_curve_a_photographer_each_photograph_once() -> None:
    fig = at_typicality(table(of_typicality=-0.8), P)
    names = [trace.name for trace in fig.data if trace.mode == "lines+markers"]
    assert names == [f"places {a:g}, sizes ± {b:g}" for a, b in sorted(LEVELS)]
    assert sum(n for n, *_ in fig.data[1].customdata) == 200


# a turn


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 scenes, one epoch, 32 pixels, measured on six."""
    base = recipe.get(photographers.BASE)
    assert base.scenes is not None
    assert base.sides is not None
    made = replace(
        base,
        scenes=replace(base.scenes, count=64, held_out=32),
        sides=replace(base.sides, least=32, most=32),
        preprocessing=replace(base.preprocessing, resize=32, crop=32),
        schedule=replace(base.schedule, epochs=1, warmup_epochs=0.5, batch=32),
    )
    monkeypatch.setattr(photographers.recipes, "get", lambda name: made)
    monkeypatch.setattr("core.training.make.scenes", drawn_here)  # processes of their own take longer to begin
    monkeypatch.setattr(photographers, "TESTED", photographers.TESTED.replace("2000399", "2000005"))


TURN = Turn(photographer=Photographer(spread=1.0, size_spread=0.3), seeds=(0, 1))


@pytest.mark.usefixtures("tiny")
def test_a_turn_trains_indexes_and_measures_and_is_not_made_twice(tmp_path: Path) -> None:
    data, seen = DataFolder(tmp_path), list[Progress]()
    TURN.run(data, progress=seen.append)
    shares = [p.fraction or 0.0 for p in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    results = studies.read(TURN.folder(data))
    found = photographers.taught(results)
    assert found.photographer == TURN.photographer
    assert found.networks == ("dial_1000_0300-0", "dial_1000_0300-1")
    assert len(results.pairs) == 2 * len(photographers.PROTOCOLS) * photographers.PAIRS * 6
    assert results.manifest.command.startswith("python -m core dial --spread 1 --size-spread 0.3 --seeds 0,1 --data ")

    index = FeatureIndex.open(photographers.home(data).indexes / "dial_1000_0300")
    assert index.manifest.rows == 64  # all that the networks learned from, and by one feature network
    assert index.manifest.network == photographers.FEATURES
    card = registry.get(photographers.FEATURES, data)
    engine, shown = Engine(), results.photograph(str(results.pairs["digest"].iloc[0]))
    assert shown is not None
    [seen_by] = engine.predict(engine.load(card), [card.preprocessing.centre(shown)])
    expected = typicality(index, seen_by.features.numpy()[0], shown.digest).value
    rows = photographers.table([found])
    assert rows.loc[rows["digest"] == shown.digest, "typicality"].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert set(zip(rows["spread"], rows["size_spread"], strict=True)) == {(1.0, 0.3)}

    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    TURN.run(data)
    changed = {path.name for path, at in before.items() if path.stat().st_mtime_ns != at}
    assert changed <= {"study.lock", "build.lock"}


@pytest.mark.usefixtures("tiny")
def test_stopped_it_goes_on(tmp_path: Path) -> None:
    data, cancel = DataFolder(tmp_path), Cancel()

    def stop(p: Progress) -> None:
        if (p.fraction or 0.0) > 0.5:
            cancel.request()

    with pytest.raises(Cancelled):
        TURN.run(data, progress=stop, cancel=cancel)
    assert not (TURN.folder(data) / "manifest.json").exists()
    TURN.run(data)
    assert studies.read(TURN.folder(data)).manifest.finished


@pytest.mark.usefixtures("tiny")
def test_the_command_is_the_turn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*Turn(photographer=Photographer(spread=0.25, size_spread=0.1), seeds=(0,)).command, "--json"]
    assert main([*words, "--data", str(tmp_path)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["network"], row["protocol"]) for row in rows] == [
        ("dial/dial_0250_0100-0", "crop"),
        ("dial/dial_0250_0100-0", "black"),
    ]
    status = process.status(tmp_path / "dial" / "studies" / "dial_0250_0100")
    assert (status.state, status.error) == ("finished", None)
    assert main(["dial", "--spread", "2", "--size-spread", "0", "--data", str(tmp_path)]) == 1
    assert "got spread 2.0" in capsys.readouterr().err


def test_of_pairs_that_begin_right_the_others_are_left_out(make_results: Callable[[], studies.Results]) -> None:
    results = make_results()
    one = Taught(Photographer(spread=0.5), results)
    pairs = results.pairs
    named = pairs[["class_before", "label_index"]].dropna().itertuples(index=False)
    kept = [row for row in named if row.class_before == row.label_index]
    rows = photographers.table([one], right=True)
    assert 0 < rows["pairs"].sum() == len(kept) < photographers.table([one])["pairs"].sum() == len(pairs)
    assert set(rows["spread"]) == {0.5}


def test_a_trial_and_another_size_have_names_of_their_own() -> None:
    who = Photographer(spread=0.5, size_mean=0.4)
    names = [replace(TURN, photographer=who, small=small).recipe.name for small in (False, True)]
    assert names == ["dial_0500_0120_0400", "dial_0500_0120_0400_small"]
    assert {"--small", "--size"} <= set(replace(TURN, photographer=who, small=True).command)
    assert len({replace(TURN, photographer=p).recipe.digest for p in (who, Photographer())}) == 2


def test_networks_without_a_photographer_are_refused(tmp_path: Path) -> None:
    results = studies.read(EMBEDDED.studies / "protocols")
    with pytest.raises(BadCard, match="the card of a network of the dial"):
        photographers.taught(replace(results, folder=tmp_path / "studies" / "one"))


def test_only_photographers_of_the_usual_size_are_set_beside_each_other(
    make_results: Callable[[], studies.Results],
) -> None:
    results = make_results()
    ours, other = (Taught(Photographer(size_mean=size), results) for size in (0.62, 0.4))
    assert len(photographers.table([ours, other])) == len(per_photograph(results.pairs))
    assert photographers.table([other]).empty


@pytest.fixture
def make_results() -> Callable[[], studies.Results]:
    shipped = studies.read(EMBEDDED.studies / "protocols")
    pairs = pairs_table(photographs=40)
    centres = pairs.drop_duplicates(["network", "digest"]).assign(right=True)
    return lambda: replace(shipped, pairs=pairs, photographs=centres)


# what ships


def test_what_ships_is_whole_and_of_five_photographers() -> None:
    found = [
        photographers.taught(studies.read(folder)) for folder in sorted((EMBEDDED.root / "dial" / "studies").iterdir())
    ]
    assert {(t.photographer.spread, t.photographer.size_spread) for t in found} == set(LEVELS)
    for one in found:
        manifest = one.results.manifest
        turn = Turn(photographer=one.photographer)
        assert manifest.command == " ".join(["python", "-m", "core", *turn.command, "--data", "data/embedded"])
        assert len(one.networks) == len(photographers.SEEDS)
        assert manifest.index is not None
        assert manifest.index["network"] == photographers.FEATURES
        assert manifest.index["rows"] == 3000
        for name in one.networks:
            card = (EMBEDDED.root / "dial" / "networks" / f"{name}.toml").read_text()
            assert f'recipe = "{turn.recipe.digest}"' in card
    rows = photographers.table(found)
    assert rows["digest"].nunique() == 400
    assert dial.effects(rows[rows["protocol"] == "crop"], P) is not None
