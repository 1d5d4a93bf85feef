"""One setting of the dial: trained, indexed and measured once; its command, its tables, and the shipped ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core import studies
from core.cli import main
from core.datasets.scenes import Photographer
from core.errors import BadCard, Cancelled
from core.experiments.bias_dial import dial, photographers
from core.experiments.bias_dial.photographers import DialStudy, Setting
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
from tests.support.trained import drawn_here

pytestmark = pytest.mark.usefixtures("one_thread")


P = "p_top1_change"


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


SETTING = Setting(photographer=Photographer(spread=1.0, size_spread=0.3), seeds=(0, 1))


@pytest.mark.usefixtures("tiny")
def test_a_turn_trains_indexes_and_measures_and_is_not_made_twice(tmp_path: Path) -> None:
    data, seen = DataFolder(tmp_path), list[Progress]()
    SETTING.run(data, progress=seen.append)
    shares = [p.fraction or 0.0 for p in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    results = studies.read(SETTING.folder(data))
    found = photographers.read_dial_study(results)
    assert found.photographer == SETTING.photographer
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
    SETTING.run(data)
    changed = {path.name for path, at in before.items() if path.stat().st_mtime_ns != at}
    assert changed <= {"study.lock", "build.lock"}


@pytest.mark.usefixtures("tiny")
def test_stopped_it_goes_on(tmp_path: Path) -> None:
    data, cancel = DataFolder(tmp_path), Cancel()

    def stop(p: Progress) -> None:
        if (p.fraction or 0.0) > 0.5:
            cancel.request()

    with pytest.raises(Cancelled):
        SETTING.run(data, progress=stop, cancel=cancel)
    assert not (SETTING.folder(data) / "manifest.json").exists()
    SETTING.run(data)
    assert studies.read(SETTING.folder(data)).manifest.finished


@pytest.mark.usefixtures("tiny")
def test_the_command_is_the_turn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*Setting(photographer=Photographer(spread=0.25, size_spread=0.1), seeds=(0,)).command, "--json"]
    assert main([*words, "--data", str(tmp_path)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["network"], row["protocol"]) for row in rows] == [
        ("dial/dial_0250_0100-0", "crop"),
        ("dial/dial_0250_0100-0", "black"),
    ]
    status = process.status(tmp_path / "dial" / "studies" / "dial_0250_0100")
    assert (status.state, status.error) == ("finished", None)
    assert main(["dial", "--spread", "2", "--size-spread", "0", "--data", str(tmp_path)]) == 1
    assert "spread 2.0" in capsys.readouterr().err


def test_of_pairs_that_begin_right_the_others_are_left_out(make_results: Callable[[], studies.Results]) -> None:
    results = make_results()
    one = DialStudy(Photographer(spread=0.5), results)
    pairs = results.pairs
    named = pairs[["class_before", "label_index"]].dropna().itertuples(index=False)
    kept = [row for row in named if row.class_before == row.label_index]
    rows = photographers.table([one], right=True)
    assert 0 < rows["pairs"].sum() == len(kept) < photographers.table([one])["pairs"].sum() == len(pairs)
    assert set(rows["spread"]) == {0.5}


def test_a_trial_and_another_size_have_names_of_their_own() -> None:
    who = Photographer(spread=0.5, size_mean=0.4)
    names = [replace(SETTING, photographer=who, small=small).recipe.name for small in (False, True)]
    assert names == ["dial_0500_0120_0400", "dial_0500_0120_0400_small"]
    assert {"--small", "--size"} <= set(replace(SETTING, photographer=who, small=True).command)
    assert len({replace(SETTING, photographer=p).recipe.digest for p in (who, Photographer())}) == 2


def test_networks_without_a_photographer_are_refused(tmp_path: Path) -> None:
    results = studies.read(EMBEDDED.studies / "protocols")
    with pytest.raises(BadCard, match="the card of a network of the dial"):
        photographers.read_dial_study(replace(results, folder=tmp_path / "studies" / "one"))


def test_only_photographers_of_the_usual_size_are_set_beside_each_other(
    make_results: Callable[[], studies.Results],
) -> None:
    results = make_results()
    ours, other = (DialStudy(Photographer(size_mean=size), results) for size in (0.62, 0.4))
    assert len(photographers.table([ours, other])) == len(per_photograph(results.pairs))
    assert photographers.table([other]).empty


@pytest.fixture
def make_results() -> Callable[[], studies.Results]:
    shipped = studies.read(EMBEDDED.studies / "protocols")
    pairs = pairs_table(photographs=40)
    centres = pairs.drop_duplicates(["network", "digest"]).assign(right=True)
    return lambda: replace(shipped, pairs=pairs, photographs=centres)


def test_what_ships_is_whole_and_of_five_photographers() -> None:
    found = [
        photographers.read_dial_study(studies.read(folder))
        for folder in sorted((EMBEDDED.root / "dial" / "studies").iterdir())
    ]
    assert {(t.photographer.spread, t.photographer.size_spread) for t in found} == set(LEVELS)
    for one in found:
        manifest = one.results.manifest
        turn = Setting(photographer=one.photographer)
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
