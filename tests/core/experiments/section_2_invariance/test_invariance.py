"""Full against partial invariance (paper, § 2): the power spectrum is exact, the trial what a plain loop finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.datasets.scenes import USUAL, Photographer, describe, render
from core.errors import BadRecipe, Cancelled
from core.experiments.section_2_invariance import invariance
from core.experiments.section_2_invariance.invariance import (
    COPIES,
    COPY_SHIFTS,
    FULL,
    GROUPS,
    LEARNED,
    OTHER,
    PLAIN,
    SAME,
    SHIFTS,
    STEPS,
    Answers,
    Trial,
    measure,
    power_spectrum,
    shifted,
)
from core.jobs.cancel import Cancel
from core.statistics.intervals import proportion, wilson
from tests.support.answered import invented_answers

SMALL = Trial(learned=24, held_out=12, classes=("cat", "car"))


@pytest.fixture(scope="module")
def found() -> tuple[Answers, ...]:
    return measure(SMALL, lambda _: None, Cancel())


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    return invariance.draw_scenes(SMALL, lambda _: None, Cancel())


def test_the_power_spectrum_is_that_of_a_plain_sum_and_no_shift_changes_it() -> None:
    rng = np.random.default_rng(0)
    for side in (4, 7):
        some = rng.random((2, side, side)).astype(np.float32)
        slow = np.empty((2, side, side // 2 + 1))
        for v in range(side):
            for u in range(side // 2 + 1):
                y, x = np.mgrid[:side, :side]
                slow[:, v, u] = abs((some * np.exp(-2j * np.pi * (v * y + u * x) / side)).sum((1, 2))) ** 2
        spectrum = power_spectrum(some)
        assert np.allclose(spectrum, np.log1p(slow).reshape(2, -1), rtol=0, atol=1e-12)
        for down in range(side):
            for right in range(side):
                assert np.abs(power_spectrum(shifted(some, down, right)) - spectrum).max() < 1e-12
        assert np.abs(power_spectrum(some[:, ::-1]) - spectrum).max() > 1e-3  # a mirror image is no shift


def test_shifts_are_cyclic() -> None:
    one = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    assert shifted(one, 1, -1)[0].tolist() == [[9, 10, 11, 8], [1, 2, 3, 0], [5, 6, 7, 4]]


def test_scenes_are_those_of_their_photographers(drawn: dict[str, np.ndarray]) -> None:
    assert {group: part.shape for group, part in drawn.items()} == {
        LEARNED: (24, 32, 32),
        SAME: (12, 32, 32),
        OTHER: (12, 32, 32),
    }
    first = render(invariance.FIRST + 24, SMALL.other, label="cat", size=32).image().convert("L")
    assert (np.asarray(first) == np.round(255 * drawn[OTHER][0])).all()
    assert SMALL.photographer(LEARNED) == SMALL.photographer(SAME) == USUAL != SMALL.photographer(OTHER)
    sizes = [describe(invariance.FIRST + 24, who, label="cat").size for who in (USUAL, SMALL.other)]
    assert sizes[1] < sizes[0]


def test_answers_are_those_of_a_plain_loop(found: tuple[Answers, ...], drawn: dict[str, np.ndarray]) -> None:
    """libsvm's own kernel, one picture at a time; the copies in the plainest way."""
    from sklearn.svm import SVC

    learned, classes = drawn[LEARNED], [number % 2 for number in range(24)]
    copies = [
        np.roll(np.roll(one, down, 0), right, 1) for one in learned for down in (-1, 0, 1) for right in (-1, 0, 1)
    ]
    repeated = [c for c in classes for _ in range(9)]
    for name, some, targets in ((PLAIN, learned, classes), (COPIES, copies, repeated)):
        flat = np.array([np.asarray(one, np.float64).ravel() for one in some])
        mean, deviation = flat.mean(0), flat.std(0)
        model = SVC(C=10.0, gamma=1 / 1024).fit((flat - mean) / deviation, targets)
        for group in GROUPS:
            [mine] = [one for one in found if (one.classifier, one.group) == (name, group)]
            for k, picture in enumerate(drawn[group][:12]):

                def answer(p: np.ndarray, mean=mean, deviation=deviation, model=model) -> int:
                    return int(model.predict([(p.ravel() - mean) / deviation])[0])

                unmoved = answer(picture)
                assert mine.right[k] == (unmoved == k % 2)
                assert list(mine.changed[k]) == [answer(np.roll(picture, by, (0, 1))) != unmoved for by in STEPS]
                assert list(mine.by_shift[k]) == [answer(np.roll(picture, by, 1)) != unmoved for by in SHIFTS]


def test_the_power_spectrum_never_changes_its_answer_and_the_trial_is_the_same_each_time(
    found: tuple[Answers, ...],
) -> None:
    again = measure(SMALL, lambda _: None, Cancel())
    assert [(one.classifier, one.group) for one in found] == [(c, g) for c in (FULL, PLAIN, COPIES) for g in GROUPS]
    for one, other in zip(found, again, strict=True):
        for name in ("right", "changed", "by_shift"):
            assert (getattr(one, name) == getattr(other, name)).all()
        if one.classifier == FULL:
            assert not one.changed.any()
            assert not one.by_shift.any()
    [known] = [one for one in found if (one.classifier, one.group) == (COPIES, LEARNED)]
    assert not known.changed.any()  # it learned from every one of these
    assert known.accuracy.value == 1.0
    assert set(STEPS) <= set(COPY_SHIFTS)


def test_rates_have_their_intervals() -> None:
    one = invented_answers(0.1, 0.3, 0.5)[4]
    rate = one.p_change
    assert (rate.value, rate.photographs, rate.trials) == (one.changed.mean(), 60, 240)
    assert rate.interval == proportion(one.changed.sum(1), np.full(60, 4))
    assert one.accuracy.interval == wilson(int(one.right.sum()), 60)
    low, high = invented_answers(0, 0, 0)[-1].p_change.interval
    assert (low, high > wilson(0, 240)[1]) == (0, True)
    assert [r.value for r in one.rates_by_shift] == pytest.approx(one.by_shift.mean(0))
    low, high = (100 * end for end in rate.interval)
    assert str(rate) == f"{100 * rate.value:.1f} % [{low:.1f}, {high:.1f}]"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"classes": ("cat",)}, "The trial has the classes cat. It needs two or more of cat"),
        ({"classes": ("cat", "cat")}, "The trial has the classes cat, cat"),
        ({"classes": ("cat", "tiger")}, "The trial has the classes cat, tiger"),
        ({"learned": 2}, "The trial has 2 training scenes. It needs 8 to 600"),
        ({"learned": 10_000}, "The trial has 10000 training scenes"),
        ({"held_out": 1}, "The trial has 1 scenes held out. It needs 2 to 240"),
        ({"seed": -1}, "The trial has seed -1. It needs 0 or more"),
    ],
)
def test_settings_that_make_no_trial(settings: dict[str, object], said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        Trial(**settings)  # type: ignore[arg-type]


def test_it_stops_when_asked_to() -> None:
    cancel, steps = Cancel(), []

    def report(news: object) -> None:
        steps.append(news)
        if len(steps) == 4:
            cancel.request()

    with pytest.raises(Cancelled):
        measure(replace(SMALL, other=Photographer()), report, cancel)
    assert len(steps) == 4
