"""Full against partial invariance (paper, § 2): the paper's two kinds of system, on small grey scenes on the torus.

A classifier of the power spectrum gives the same answer to any pattern and its translation, since cyclic shifts leave
|FFT|² as it is. An SVM that learned from shifted copies does so, by construction, for the patterns that it learned
from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ...datasets.scenes import USUAL, Photographer, render, scene_classes
from ...errors import BadRecipe, Cancelled
from ...jobs.job import Report
from ...jobs.progress import Meter
from ...statistics.intervals import Integers, Interval, bootstrap
from ...statistics.sensitivity import proportion

Pictures: TypeAlias = npt.NDArray[np.float32]  # (N, S, S), grey, 0 … 1
Bools: TypeAlias = npt.NDArray[np.bool_]
Features: TypeAlias = Callable[[Pictures], npt.NDArray[Any]]  # pictures → (N, D)

SIDE = 32  # pixels
FIRST, APART = 5_000_000, 100_000  # scenes that no embedded network knows; a seed's begin so far from the next one's
REACH = 1  # pixels: copies are shifted by up to so many either way
COPY_SHIFTS = tuple((down, right) for down in range(-REACH, REACH + 1) for right in range(-REACH, REACH + 1))
STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # (down, right): the shifts by one pixel of P(top-1 change)
SHIFTS = (1, 2, 4, 8, 16)  # pixels to the right, up to half the torus
MOST_SCENES = 600
ANOTHER = Photographer(spread=1.0, size_mean=0.35)  # subjects small, anywhere in frame
C = 10.0  # an SVM's cost of a violated margin

FULL, PLAIN, COPIES = "power spectrum", "pixels", "pixels, shifted copies"
LEARNED, SAME, OTHER = "learned from", "held out, same photographer", "held out, another photographer"
GROUPS = (LEARNED, SAME, OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """``learned`` scenes by the usual photographer; ``held_out`` more, taken by the usual photographer and by
    ``other``.

    All three classifiers are the same RBF SVM (C = 10, standardised inputs) and differ in what it is shown; copies are
    all nine shifts by up to a pixel. Raises BadRecipe.
    """

    other: Photographer = ANOTHER
    learned: int = 240
    held_out: int = 120
    classes: tuple[str, ...] = ("cat", "car", "guitar", "sailing boat")
    seed: int = 0

    def __post_init__(self) -> None:
        known, chosen, least = scene_classes(), set(self.classes), 2 * len(self.classes)
        _check(
            len(chosen) == len(self.classes) >= 2 and chosen <= set(known),
            f"the classes {', '.join(self.classes)}",
            f"two or more of {', '.join(known)}",
        )
        _check(
            least <= self.learned <= MOST_SCENES, f"{self.learned} scenes to learn from", f"{least} to {MOST_SCENES}"
        )
        _check(2 <= self.held_out <= self.learned, f"{self.held_out} scenes held out", f"2 to {self.learned}")
        _check(self.seed >= 0, f"seed {self.seed}", "0 or more")

    def numbers(self, group: str) -> range:
        """Of the group's scenes: the same ones are held out for either photographer."""
        return range(self.learned) if group == LEARNED else range(self.learned, self.learned + self.held_out)

    def photographer(self, group: str) -> Photographer:
        """Who takes the group's scenes."""
        return self.other if group == OTHER else USUAL

    def classes_of(self, group: str) -> Integers:
        """(N,) of the group's scenes, all equally often."""
        return np.array(self.numbers(group)) % len(self.classes)


def _check(right: bool, got: str, wanted: str) -> None:
    if not right:
        raise BadRecipe(got=got, wanted=wanted, remedy="Correct the settings of the trial.")


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of ``trials`` over ``photographs``, its 95 % interval, and how that was found."""

    value: float
    interval: Interval
    photographs: int
    trials: int
    method: str

    def __str__(self) -> str:
        low, high = (100 * end for end in self.interval)
        return f"{100 * self.value:.1f} % [{low:.1f}, {high:.1f}]"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Of one classifier to N scenes of one group. ``right`` (N,): whether the answer to the picture unmoved is its
    class; ``changed`` (N, 4) and ``along`` (N, 5): whether that to it moved by each of STEPS and of ALONG differs."""

    classifier: str
    group: str
    right: Bools
    changed: Bools
    by_shift: Bools

    @property
    def p_change(self) -> Rate:
        """P(top-1 change) over shifts by one pixel."""
        return _rate(self.changed)

    @property
    def accuracy(self) -> Rate:
        """Of the pictures unmoved."""
        return _rate(self.right[:, None])

    @property
    def rates_by_shift(self) -> tuple[Rate, ...]:
        """Of each of ALONG, the share of answers that differ from those to the pictures unmoved."""
        return tuple(_rate(column[:, None]) for column in self.by_shift.T)


def _rate(flags: Bools) -> Rate:
    """(N, K) of N photographs → the share that is true."""
    n, each = flags.shape
    total = int(flags.sum())
    spread = bootstrap(flags.ravel().astype(float), np.repeat(np.arange(n), each), seed=0)
    interval, method = proportion(total, n * each, n, spread)
    return Rate(total / (n * each), interval, n, n * each, method)


def power_spectrum(pictures: Pictures) -> npt.NDArray[np.float64]:
    """(N, S, S) → log(1 + |FFT|²) at every frequency that is not another's conjugate, (N, S · (S / 2 + 1)).

    Equal to float64 rounding for all cyclic shifts of a picture. The logarithm, because powers span decades.
    """
    transformed = np.fft.rfft2(pictures.astype(np.float64))
    return np.log1p(transformed.real**2 + transformed.imag**2).reshape(len(pictures), -1)


def pixels(pictures: Pictures) -> Pictures:
    """(N, S, S) → (N, S²)."""
    return pictures.reshape(len(pictures), -1)


def shifted(pictures: Pictures, down: int, right: int) -> Pictures:
    """On the torus: what leaves at one side comes in at the other."""
    return np.roll(pictures, (down, right), (-2, -1))


def measure(trial: Trial, report: Report, cancel: threading.Event) -> tuple[Answers, ...]:
    """Each classifier's answers to each group of scenes; equal for equal trials. Raises Cancelled."""
    drawn = draw_scenes(trial, report, cancel)
    learned, classes = drawn[LEARNED], trial.classes_of(LEARNED)
    copies = np.concatenate([shifted(learned, *by) for by in COPY_SHIFTS])
    trainings: dict[str, tuple[Features, Pictures, Integers]] = {
        FULL: (power_spectrum, learned, classes),
        PLAIN: (pixels, learned, classes),
        COPIES: (pixels, copies, np.tile(classes, len(COPY_SHIFTS))),
    }
    answers = []
    for name, (features, pictures, targets) in trainings.items():
        report(f"{name}: learning from {len(pictures):,} pictures")
        _go_on(cancel)
        inputs = features(pictures)
        model = _svm(inputs.shape[1]).fit(inputs, targets)
        for group in GROUPS:
            report(f"{name}: asking about those {group}")
            _go_on(cancel)
            chosen = drawn[group][: trial.held_out]  # as many training scenes as held-out ones
            answers.append(_answers(model, features, name, group, chosen, trial.classes_of(group)[: trial.held_out]))
    return tuple(answers)


def _answers(model: Any, features: Features, name: str, group: str, pictures: Pictures, classes: Integers) -> Answers:
    unmoved = model.predict(features(pictures))
    moved = {
        by: model.predict(features(shifted(pictures, *by))) != unmoved
        for by in dict.fromkeys([*STEPS, *((0, right) for right in SHIFTS)])
    }
    changed, by_shift = (np.stack([moved[by] for by in chosen], axis=1) for chosen in (STEPS, [(0, k) for k in SHIFTS]))
    return Answers(name, group, unmoved == classes, changed, by_shift)


def draw_scenes(trial: Trial, report: Report, cancel: threading.Event) -> dict[str, Pictures]:
    """Group → its pictures. Raises Cancelled."""
    report("drawing scenes")
    wanted = [(group, number) for group in GROUPS for number in trial.numbers(group)]
    meter, drawn = Meter(report, len(wanted)), dict[str, list[Pictures]]()
    for done, (group, number) in enumerate(wanted, 1):
        _go_on(cancel)
        drawn.setdefault(group, []).append(picture(trial, number, trial.photographer(group)))
        meter(done, None)
    return {group: np.stack(pictures) for group, pictures in drawn.items()}


def picture(trial: Trial, number: int, photographer: Photographer) -> Pictures:
    """The trial's scene of that number, taken by that photographer: (S, S), grey (ITU-R 601 luma)."""
    label = trial.classes[number % len(trial.classes)]
    scene = render(FIRST + APART * trial.seed + number, photographer, label=label, size=SIDE)
    return np.asarray(scene.image().convert("L"), np.float32) / np.float32(255)


def _svm(width: int) -> Any:
    """An RBF SVM on standardised inputs (N, width). Its kernel is one product of matrices: libsvm's own goes pair by
    pair, and takes several times as long."""
    from functools import partial

    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(C=C, kernel=partial(rbf_kernel, gamma=1 / width)))


def _go_on(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise Cancelled("the trial")
