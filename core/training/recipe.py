"""A recipe: everything that, with a seed, makes a network. One TOML file each, in core/training/recipes."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from ..datasets.scenes import Photographer
from ..datasets.scenes.scene import MAX_SIZE, MIN_SIZE
from ..errors import BadRecipe, BadScene, UnknownName
from ..images.geometry import Interpolation
from ..networks.architectures.small import ARCHITECTURES
from ..networks.card import Preprocessing

RECIPES = Path(__file__).parent / "recipes"
FEW = 640, 160  # photographs of a trial: for training, held out
FIXED = ("order",)  # of the channels: the project's own networks read red, green, blue


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenes:
    """Which scenes: ``count`` for training from number ``first`` on, ``held_out`` others from ``first_held_out`` on.

    Explore offers scenes from number 0 on: none of them was trained on.
    """

    count: int
    first: int
    held_out: int
    first_held_out: int
    size: int
    photographer: Photographer


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Photographs that are named when training begins, each with its label, as squares of ``size``.

    ``dataset``: which they are meant to be, for people; ``classes``: how many names their labels have.
    """

    dataset: str
    classes: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Stochastic gradient descent with Nesterov momentum; the rate rises linearly, then falls as a cosine to 0."""

    epochs: int
    batch: int
    learning_rate: float
    momentum: float
    weight_decay: float  # of convolutions and the last layer's weights; not of norms and biases
    warmup_epochs: float
    label_smoothing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crops:
    """Random resized crops as the paper's networks had (Szegedy et al. 2015), and horizontal flips.

    ``area``: share of the photograph; ``aspect``: width over height, drawn uniformly in its logarithm.
    """

    area: tuple[float, float]
    aspect: tuple[float, float]
    flip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The augmentations of Figure 10: the photograph is resized to a side drawn uniformly from ``least`` to ``most``
    network pixels. Under the frame's it lies at a random place on black, over it a random part of it fills the frame;
    at the frame's it is as it is: no augmentation where that is both.
    """

    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """``name``: of the network without its seed.

    ``mixed_precision``: forward passes in bfloat16 where the processor has it. Either ``scenes`` or ``photographs``
    are trained on, with either ``crops`` or ``sides``.
    """

    name: str
    title: str
    architecture: str  # in core.networks.architectures.small
    mixed_precision: bool
    scenes: Scenes | None = None
    photographs: Named | None = None
    preprocessing: Preprocessing
    crops: Crops | None = None
    sides: Sides | None = None
    schedule: Schedule

    @property
    def digest(self) -> str:
        """sha256 of the whole recipe: what was begun with one is not gone on with by another."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as its TOML file has them."""
        held = {name: value for name, value in asdict(self).items() if value is not None}
        return held | {"preprocessing": self.preprocessing.as_dict()}

    def small(self) -> Recipe:
        """The same in under a minute, for a trial: few scenes, two epochs."""
        scenes = self.scenes and replace(
            self.scenes, count=min(self.scenes.count, FEW[0]), held_out=min(self.scenes.held_out, FEW[1])
        )
        schedule = replace(self.schedule, epochs=2, warmup_epochs=0.5, batch=min(self.schedule.batch, 32))
        return replace(self, name=f"{self.name}_small", scenes=scenes, schedule=schedule)


def names() -> tuple[str, ...]:
    """Of the recipes that ship."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def get(name: str) -> Recipe:
    """The recipe of that name, or in that TOML file. Raises UnknownName, BadRecipe."""
    if name in names():
        return read(RECIPES / f"{name}.toml")
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return read(path)
    raise UnknownName(
        got=f"recipe {name!r}", wanted=f"one of {', '.join(names())}, or a TOML file", remedy="Choose one of these."
    )


def read(path: Path) -> Recipe:
    """TOML file → recipe; raises BadRecipe naming what is missing, unknown or out of range."""
    try:
        facts = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise _bad(path, str(error), "a TOML file") from None
    either = (("scenes", "photographs"), ("crops", "sides"))
    chosen = [other if other in facts else usual for usual, other in either]
    kinds: dict[str, Any] = {"scenes": Scenes, "photographs": Named, "crops": Crops, "sides": Sides}
    tables = {name: _table(path, facts, name, kinds[name]) for name in chosen}
    if "scenes" in tables:
        tables["scenes"]["photographer"] = _photographer(path, tables["scenes"])
    if "crops" in tables:
        tables["crops"] |= {name: _pair(path, tables["crops"][name], name) for name in ("area", "aspect")}
    preprocessing = _table(path, facts, "preprocessing", Preprocessing)
    preprocessing |= {name: _three(path, preprocessing[name], name) for name in ("mean", "std")}
    top = _fields(path, facts, "the recipe", Recipe, without=kinds.keys() - set(chosen))
    recipe = Recipe(
        **top
        | {name: kinds[name](**table) for name, table in tables.items()}
        | {
            "preprocessing": Preprocessing(**preprocessing),
            "schedule": Schedule(**_table(path, facts, "schedule", Schedule)),
        }
    )
    _check(path, recipe)
    return recipe


def _check(path: Path, recipe: Recipe) -> None:
    t, shown = recipe.schedule, recipe.preprocessing
    known, kinds = ", ".join(ARCHITECTURES), get_args(Interpolation)
    rules: tuple[tuple[object, str, str], ...] = (
        (recipe.architecture in ARCHITECTURES, f"architecture {recipe.architecture!r}", f"one of {known}"),
        (re.fullmatch(r"\w[\w.]*", recipe.name), f"name {recipe.name!r}", "letters, digits, _ and ."),
        (min(t.epochs, t.batch) >= 1, f"epochs {t.epochs}, batch {t.batch}", "whole numbers, 1 up"),
        (0 < t.learning_rate < 10, f"learning_rate {t.learning_rate}", "above 0, below 10"),
        (0 <= t.momentum < 1, f"momentum {t.momentum}", "from 0 to below 1"),
        (0 <= t.weight_decay < 1, f"weight_decay {t.weight_decay}", "from 0 to below 1"),
        (0 <= t.warmup_epochs < t.epochs, f"warmup_epochs {t.warmup_epochs}", f"from 0 to below {t.epochs}"),
        (0 <= t.label_smoothing < 1, f"label_smoothing {t.label_smoothing}", "from 0 to below 1"),
        (1 <= shown.crop <= shown.resize, f"crop {shown.crop}, resize {shown.resize}", "a crop of at most resize"),
        (shown.interpolation in kinds, f"interpolation {shown.interpolation!r}", f"one of {', '.join(kinds)}"),
        (min(shown.std) > 0, f"std {shown.std}", "three numbers above 0"),
    )
    for holds, got, wanted in (*rules, *_of_scenes(recipe), *_of_others(recipe)):
        if not holds:
            raise _bad(path, got, wanted)


def _of_scenes(recipe: Recipe) -> Iterator[tuple[object, str, str]]:
    s, batch = recipe.scenes, recipe.schedule.batch
    if s is None:
        return
    apart = s.first + s.count <= s.first_held_out or s.first_held_out + s.held_out <= s.first
    first = f"first {s.first}, first_held_out {s.first_held_out}"
    yield min(s.count, s.held_out) >= 1, f"count {s.count}, held_out {s.held_out}", "whole numbers, 1 up"
    yield batch <= s.count, f"batches of {batch} from {s.count} scenes", "at least one whole batch"
    yield MIN_SIZE <= s.size <= MAX_SIZE, f"scenes of size {s.size}", f"{MIN_SIZE} to {MAX_SIZE} pixels"
    yield min(s.first, s.first_held_out) >= 0, first, "whole numbers, 0 up"
    yield apart, "held-out scenes that are trained on", "two ranges apart"


def _of_others(recipe: Recipe) -> Iterator[tuple[object, str, str]]:
    named, crops, sides = recipe.photographs, recipe.crops, recipe.sides
    if named is not None:
        yield named.classes >= 2, f"classes {named.classes}", "2 or more"
        yield (
            MIN_SIZE <= named.size <= MAX_SIZE,
            f"photographs of size {named.size}",
            f"{MIN_SIZE} to {MAX_SIZE} pixels",
        )
    if crops is not None:
        yield 0 < crops.area[0] <= crops.area[1] <= 1, f"area {crops.area}", "two rising shares above 0, to 1"
        yield 0 < crops.aspect[0] <= crops.aspect[1], f"aspect {crops.aspect}", "two rising ratios above 0"
    if sides is not None:
        yield (
            1 <= sides.least <= sides.most,
            f"least {sides.least}, most {sides.most}",
            "two rising whole numbers, 1 up",
        )


def _photographer(path: Path, scenes: dict[str, Any]) -> Photographer:
    facts = _table(path, scenes, "photographer", Photographer)
    try:
        return Photographer(**facts)
    except BadScene as error:
        raise _bad(path, error.got, error.wanted) from None


def _table(path: Path, facts: dict[str, Any], name: str, kind: Any) -> dict[str, Any]:
    if not isinstance(facts.get(name), dict):
        wanted = ", ".join(f.name for f in fields(kind) if f.name not in FIXED)
        raise _bad(path, f"no table [{name}]", f"one with {wanted}")
    return _fields(path, facts[name], f"[{name}]", kind)


def _fields(path: Path, facts: dict[str, Any], where: str, kind: Any, without: Collection[str] = ()) -> dict[str, Any]:
    """The facts, if they are the fields of that dataclass and of their types (whole numbers pass for real ones)."""
    types = {f.name: str(f.type) for f in fields(kind) if f.name not in (*FIXED, *without)}
    for name in sorted(set(facts) ^ set(types)):
        raise _bad(path, f"{'an unknown' if name in facts else 'no'} field {name!r} in {where}", ", ".join(types))
    plain: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
    for name, value in facts.items():
        allowed = plain.get(types[name])
        if allowed and (type(value) not in allowed or (isinstance(value, float) and not math.isfinite(value))):
            raise _bad(path, f"{name} = {value!r} in {where}", f"{types[name]}")
    return dict(facts)


def _pair(path: Path, value: Any, name: str) -> tuple[float, float]:
    numbers = _numbers(path, value, name, 2)
    return numbers[0], numbers[1]


def _three(path: Path, value: Any, name: str) -> tuple[float, float, float]:
    numbers = _numbers(path, value, name, 3)
    return numbers[0], numbers[1], numbers[2]


def _numbers(path: Path, value: Any, name: str, count: int) -> list[float]:
    if (
        not isinstance(value, list)
        or len(value) != count
        or not all(type(v) in (int, float) and math.isfinite(v) for v in value)
    ):
        raise _bad(path, f"{name} = {value!r}", f"{count} numbers")
    return [float(v) for v in value]


def _bad(path: Path, got: str, wanted: str) -> BadRecipe:
    return BadRecipe(got=f"{got} in {path.name}", wanted=wanted, remedy="Correct the recipe.")
