"""A plan says what the study will then do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import StudyMismatch
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import create
from core.studies.plan import expected, plan
from core.studies.request import Request

TWO = ("embedded/resnet10.scenes-0", "embedded/resnet10_bin5.scenes-0")


def request(name: str = "protocols", **settings: object) -> Request:
    given = {"photos": "scenes:2000000-2000003", "networks": TWO[:1]}
    return Request(study=create(name, **settings), **given)


@pytest.mark.parametrize(
    "asked",
    [
        request(protocols=("crop", "black"), pairs=2),
        request("antialiasing", protocols=("crop",)),  # the antialiased network is added
        replace(request("typicality", pairs=1), index=str(EMBEDDED.indexes / "scenes"), networks=(TWO[1],)),
        replace(request("confidence", pairs=1), confidence=TWO[0], networks=(TWO[1],)),
        request("readouts", train="scenes:1000-1199", per_class=2),
        replace(request(), limit=2),
    ],
    ids=["protocols", "twins", "index", "confidence", "readouts", "limit"],
)
def test_a_study_computes_the_planned_frames(asked: Request, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    planned = plan(asked, data)
    done = asked.run(data, tmp_path / "study")
    assert planned.photographs == done.used
    assert planned.frames == done.run["frames"]
    assert not (tmp_path / "study" / "plan").exists()


def test_the_difference_that_can_be_shown() -> None:
    data = DataFolder.default()
    planned = [plan(replace(request(pairs=m), limit=n), data) for n, m in ((2, 1), (4, 1), (4, 4))]
    shown = [each.smallest_difference for each in planned]
    assert shown == sorted(shown, reverse=True)
    alone = plan(replace(request(), limit=1), data)
    assert alone.smallest_difference is None
    assert "a single photograph allows no comparison" in str(alone)
    assert set(planned[0].as_dict()) == {"photographs", "frames", "seconds", "bytes", "smallest_difference"}
    assert expected().within > expected().between > 0


def test_a_plan_counts_the_tests_of_the_studys_family() -> None:
    data = DataFolder.default()
    both = plan(replace(request(protocols=("crop", "black")), networks=TWO), data)
    assert both.tests == 2
    assert both.smallest_corrected > both.smallest_difference
    assert "with Holm's correction for 2 tests" in str(both)
    three = (TWO[0], "embedded/resnet10.scenes-1", "embedded/resnet10.scenes-2")
    assert plan(replace(request(), networks=three), data).tests == 3 * 4


def test_a_plan_fails_as_the_study_would() -> None:
    with pytest.raises(StudyMismatch, match="started without --index"):
        plan(request("typicality"), DataFolder.default())
