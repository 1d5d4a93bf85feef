"""The page Augmentation without a browser: its numbers are those of core."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import studies
from core.datasets.scenes import Photographer
from core.experiments.section_2_invariance import invariance
from core.experiments.section_2_invariance.invariance import Trial
from core.experiments.section_2_invariance.sentence import sentence
from core.experiments.study_results import StudyResults
from core.jobs.cancel import Cancel
from core.storage.data_folder import EMBEDDED, DataFolder
from tests.support.framed import app, read_out, settled

pytestmark = pytest.mark.usefixtures("one_thread")
SIZE = {"learned": 24, "held_out": 12}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials of few scenes, so that the page is quick."""
    whole = invariance.measure
    monkeypatch.setattr(invariance, "measure", lambda trial, *more: whole(replace(trial, **SIZE), *more))


def measured(**settings: object) -> str:
    return sentence(invariance.measure(Trial(**settings), lambda _: None, Cancel()))  # type: ignore[arg-type]


def test_the_sentence_is_what_core_measures(fresh: DataFolder, small: None) -> None:
    at = settled(app("augmentation").run(), "fully invariant")
    assert measured() in read_out(at.markdown)
    assert len(at.get("plotly_chart")) == 9  # those of sizes first
    said = read_out(at.markdown)
    for name in ("figure_10_cifar10", "figure_11_cifar10"):
        found = studies.read(EMBEDDED.studies / name)
        assert StudyResults.of(found).findings[f"Figure {name.split('_')[1]}"] in said
    rows = at.table[0].value
    assert len(rows) == 9
    assert set(rows["n"]) == {12}
    at.number_input(key="trial_seed").set_value(3)
    at.segmented_control(key="other_photographer").set_value("anywhere").run()
    wanted = measured(seed=3, other=Photographer(spread=1.0))
    assert wanted in read_out(settled(at, wanted).markdown)


def test_what_fails_can_be_tried_again(fresh: DataFolder, small: None) -> None:
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(invariance, "draw_scenes", lambda *_: 1 / 0)
        at = settled(app("augmentation").run(), "ZeroDivisionError")
    [again] = [button for button in at.button if str(button.key).startswith("again invariance")]
    again.click().run()
    settled(at, "fully invariant")
