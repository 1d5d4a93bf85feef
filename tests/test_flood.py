"""Many people at once: eight ask for typicality while a study runs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import studies
from core.datasets.scenes import Photographer, render
from core.exploration import Exploration, Settings, Store
from core.index.search import FeatureIndex
from core.inference.engine import Engine
from core.networks import registry
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import process
from core.studies.request import Request

KEY, USERS = "embedded/resnet10.scenes-0", 8
Answers = list[tuple[float, float]]  # of each user: seconds until the typicality was known, it


def flood(engine: Engine, data: DataFolder, rounds: int) -> tuple[Answers, list[Answers]]:
    """Each user alone, then all at once, ``rounds`` times; a study runs all the while."""
    card, index = registry.get(KEY, data), FeatureIndex.open(EMBEDDED.indexes / "scenes")
    request = Request(study=studies.create("protocols"), photos="scenes:0-20000", networks=(KEY,))
    folder = request.place(data.studies)

    def ask(seed: int) -> tuple[float, float]:
        photo = render(seed, Photographer())
        began = time.perf_counter()
        one = Exploration(engine, Store(), photo, [card], Settings(), index, card)
        with ThreadPoolExecutor(1) as pool:
            one.start(pool)
            while one.rating is None and not one.finished:
                time.sleep(0.002)
            seconds = time.perf_counter() - began
            one.cancel()
        assert not one.problems
        assert one.rating is not None
        return seconds, one.rating.typicality.value

    process.start(request, folder, data)
    try:
        while not (now := process.status(folder).progress) or not now.done:
            assert process.status(folder).state == "running"
            time.sleep(0.05)
        alone = [ask(seed) for seed in range(USERS)]
        with ThreadPoolExecutor(USERS) as users:
            together = [list(users.map(ask, range(USERS))) for _ in range(rounds)]
        assert process.status(folder).state == "running"
    finally:
        process.cancel(folder)
    return alone, together


def test_eight_at_once_are_answered_as_if_each_were_alone(engine: Engine, tmp_path: Path) -> None:
    alone, (together,) = flood(engine, DataFolder(tmp_path), 1)
    assert [value for _, value in together] == pytest.approx([value for _, value in alone], abs=1e-6)


@pytest.mark.full  # a ratio of times, whose limit is near what one device can do: it needs a machine to itself
def test_the_slowest_of_eight_waits_at_most_ten_times_as_long_as_a_lone_one(engine: Engine, tmp_path: Path) -> None:
    alone, rounds = flood(engine, DataFolder(tmp_path), 3)
    lone = sorted(seconds for seconds, _ in alone)[USERS // 2]
    slowest = min(max(seconds for seconds, _ in together) for together in rounds)  # other work here only adds
    print(f"lone {lone:.2f} s (median of {USERS}), slowest of {USERS} at once {slowest:.2f} s: {slowest / lone:.1f} x")
    assert slowest < 10 * lone
