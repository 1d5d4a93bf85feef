"""Full and partial invariance (paper, § 2): the paper's two kinds of system, on small grey scenes with cyclic shifts.

A classifier of the power spectrum gives the same answer to any pattern and its translation, since cyclic shifts do
not change |FFT|². An SVM trained on shifted copies is invariant, by construction, for the patterns that it was
trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ...datasets.scenes import USUAL, Photographer, render, scene_classes
from ...errors import BadRecipe
from ...jobs.cancel import Cancel
from ...jobs.progress import Meter, Progress, Report
from ...statistics.intervals import Integers, Interval, proportion

Pictures: TypeAlias = npt.NDArray[np.float32]  # (N, S, S), grey, 0 … 1
Bools: TypeAlias = npt.NDArray[np.bool_]
Features: TypeAlias = Callable[[Pictures], npt.NDArray[Any]]  # pictures → (N, D)

SIDE = 32  # pixels
FIRST, APART = 5_000_000, 100_000  # first scene number (no shipped network saw these scenes); distance between seeds
REACH = 1  # pixels; copies are shifted by up to this much in each direction
COPY_SHIFTS = tuple((down, right) for down in range(-REACH, REACH + 1) for right in range(-REACH, REACH + 1))
STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # (down, right): the shifts by one pixel of P(top-1 change)
SHIFTS = (1, 2, 4, 8, 16)  # pixels to the right, up to half the picture
MOST_SCENES = 600
ANOTHER = Photographer(spread=1.0, size_mean=0.35)  # small subjects, anywhere in the frame
C = 10.0  # the SVMs' cost of a violated margin

FULL, PLAIN, COPIES = "power spectrum", "pixels", "pixels, shifted copies"
LEARNED, SAME, OTHER = "training scenes", "held out, same photographer", "held out, another photographer"
GROUPS = (LEARNED, SAME, OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The settings of the experiment: ``learned`` training scenes by the usual photographer, ``held_out`` test scenes.

    The test scenes are taken by the usual photographer and by ``other``. All three classifiers are the same RBF SVM
    (C = 10, standardised inputs) with different inputs; copies are all nine shifts by up to a pixel. Raises BadRecipe.
    """

    other: Photographer = ANOTHER
    learned: int = 240
    held_out: int = 120
    classes: tuple[str, ...] = ("cat", "car", "guitar", "sailing boat")
    seed: int = 0

    def __post_init__(self) -> None:
        accepted, chosen, least = scene_classes(), set(self.classes), 2 * len(self.classes)
        _check(
            len(chosen) == len(self.classes) >= 2 and chosen <= set(accepted),
            f"the classes {', '.join(self.classes)}",
            f"two or more of {', '.join(accepted)}",
        )
        _check(least <= self.learned <= MOST_SCENES, f"{self.learned} training scenes", f"{least} to {MOST_SCENES}")
        _check(2 <= self.held_out <= self.learned, f"{self.held_out} scenes held out", f"2 to {self.learned}")
        _check(self.seed >= 0, f"seed {self.seed}", "0 or more")

    def numbers(self, group: str) -> range:
        """Return the numbers of a group's scenes; both photographers take the same held-out scenes."""
        return range(self.learned) if group == LEARNED else range(self.learned, self.learned + self.held_out)

    def photographer(self, group: str) -> Photographer:
        """Return the photographer of a group's scenes."""
        return self.other if group == OTHER else USUAL

    def classes_of(self, group: str) -> Integers:
        """Return the classes (N,) of a group's scenes, all equally frequent."""
        return np.array(self.numbers(group)) % len(self.classes)


def _check(right: bool, got: str, wanted: str) -> None:
    if not right:
        raise BadRecipe(f"The trial has {got}.", f"It needs {wanted}.", "Change the settings of the trial.")


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of ``trials`` over ``photographs``, with its 95 % interval."""

    value: float
    interval: Interval
    photographs: int
    trials: int

    def __str__(self) -> str:
        low, high = (100 * end for end in self.interval)
        return f"{100 * self.value:.1f} % [{low:.1f}, {high:.1f}]"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers of one classifier to N scenes of one group.

    ``right`` (N,): whether the unmoved picture's answer is its class. ``changed`` (N, 4), ``by_shift`` (N, 5): whether
    the answer differs after each shift of STEPS, and after each shift of SHIFTS to the right.
    """

    classifier: str
    group: str
    right: Bools
    changed: Bools
    by_shift: Bools

    @property
    def p_change(self) -> Rate:
        """Return P(top-1 change) over shifts by one pixel."""
        return _rate(self.changed)

    @property
    def accuracy(self) -> Rate:
        """Return the accuracy on the unmoved pictures."""
        return _rate(self.right[:, None])

    @property
    def rates_by_shift(self) -> tuple[Rate, ...]:
        """Return for each of SHIFTS the share of answers that differ from those to the unmoved pictures."""
        return tuple(_rate(column[:, None]) for column in self.by_shift.T)


def _rate(flags: Bools) -> Rate:
    """Return the share of true flags (N, K) of N photographs."""
    n, each = flags.shape
    total = int(flags.sum())
    interval = proportion(flags.sum(1).astype(float), np.full(n, float(each)))
    return Rate(total / (n * each), interval, n, n * each)


def power_spectrum(pictures: Pictures) -> npt.NDArray[np.float64]:
    """Return log(1 + |FFT|²) of pictures (N, S, S), without conjugate frequencies: (N, S · (S / 2 + 1)).

    It is the same for all cyclic shifts of a picture, up to float64 rounding. The logarithm is taken since powers span
    decades.

    >>> picture = np.zeros((1, 4, 4), np.float32)
    >>> picture[0, 1, 2] = 1
    >>> np.allclose(power_spectrum(picture), power_spectrum(shifted(picture, 1, 1)))
    True
    """
    transformed = np.fft.rfft2(pictures.astype(np.float64))
    return np.log1p(transformed.real**2 + transformed.imag**2).reshape(len(pictures), -1)


def pixels(pictures: Pictures) -> Pictures:
    """Return the pixels of pictures (N, S, S) as features (N, S²)."""
    return pictures.reshape(len(pictures), -1)


def shifted(pictures: Pictures, down: int, right: int) -> Pictures:
    """Return pictures shifted cyclically: pixels that leave at one side come in at the other."""
    return np.roll(pictures, (down, right), (-2, -1))


def measure(trial: Trial, report: Report, cancel: Cancel) -> tuple[Answers, ...]:
    """Return each classifier's answers to each group of scenes; equal for equal trials. Raises Cancelled."""
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
        report(Progress(stage=f"{name}: training on {len(pictures):,} pictures"))
        cancel.check("the trial")
        inputs = features(pictures)
        model = _svm(inputs.shape[1]).fit(inputs, targets)
        for group in GROUPS:
            report(Progress(stage=f"{name}: testing on {group}"))
            cancel.check("the trial")
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


def draw_scenes(trial: Trial, report: Report, cancel: Cancel) -> dict[str, Pictures]:
    """Return group → its pictures. Raises Cancelled."""
    wanted = [(group, number) for group in GROUPS for number in trial.numbers(group)]
    meter, drawn = Meter(report, len(wanted), "drawing scenes"), dict[str, list[Pictures]]()
    meter.set()
    for done, (group, number) in enumerate(wanted, 1):
        cancel.check("the trial")
        drawn.setdefault(group, []).append(picture(trial, number, trial.photographer(group)))
        meter(done)
    return {group: np.stack(pictures) for group, pictures in drawn.items()}


def picture(trial: Trial, number: int, photographer: Photographer) -> Pictures:
    """Return the trial's scene of that number, taken by that photographer: (S, S), grey (ITU-R 601 luma)."""
    label = trial.classes[number % len(trial.classes)]
    scene = render(FIRST + APART * trial.seed + number, photographer, label=label, size=SIDE)
    return np.asarray(scene.image().convert("L"), np.float32) / np.float32(255)


def _svm(width: int) -> Any:
    """Return an RBF SVM on standardised inputs (N, width).

    Its kernel is computed as one matrix product; libsvm's own computes it pair by pair, several times slower.
    """
    from functools import partial

    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(C=C, kernel=partial(rbf_kernel, gamma=1 / width)))
