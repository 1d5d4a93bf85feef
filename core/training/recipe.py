"""Training recipes: all that makes a network, apart from its seed. TOML files in core/training/recipes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..datasets.scenes import Photographer
from ..datasets.scenes.scene import MAX_SIZE, MIN_SIZE
from ..errors import BadRecipe, BadScene, UnknownName
from ..networks.architectures.small import ARCHITECTURES
from ..networks.card import Preprocessing
from ..storage.manifest import CLOSED, RecordError, check_record, identity

RECIPES = Path(__file__).parent / "recipes"
SMALL = 640, 160  # photographs of a trial: for training, held out


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenes:
    """Drawn scenes: ``count`` for training from number ``first``, ``held_out`` others from ``first_held_out``.

    No recipe trains on the scenes from number 0, which the Explore page offers. ``size`` is in pixels.
    """

    count: int
    first: int
    held_out: int
    first_held_out: int
    size: int
    photographer: Photographer


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPhotographs:
    """Labelled photographs that the caller names when training starts, as squares of ``size`` pixels.

    ``dataset`` is the name of the data set, for people; ``classes`` is the number of classes.
    """

    dataset: str
    classes: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Stochastic gradient descent with Nesterov momentum.

    The learning rate rises linearly for ``warmup_epochs``, then falls to 0 as a half cosine. Weight decay applies to
    the weights of convolutions and of the last layer, not to norms and biases.
    """

    epochs: int
    batch: int
    learning_rate: float
    momentum: float
    weight_decay: float
    warmup_epochs: float
    label_smoothing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crops:
    """Random resized crops (Szegedy et al. 2015), which the paper's networks had, and horizontal flips.

    ``area`` is a share of the photograph. ``aspect`` is width over height, drawn uniformly in its logarithm.
    """

    area: tuple[float, float]
    aspect: tuple[float, float]
    flip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The augmentations of Figure 10: the photograph is resized to a random side, ``least`` to ``most`` pixels.

    A photograph that is smaller than the frame lies at a random position on black. Of a larger one, a random part
    fills the frame. There is no augmentation where both sides equal the frame's.
    """

    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training recipe. ``name`` is the network's name without its seed.

    A recipe trains on either ``scenes`` or ``photographs``, and augments them by either ``crops`` or ``sides``.
    ``architecture`` is a name in ``core.networks.architectures.small``. With ``mixed_precision``, forward passes are
    in bfloat16 where the processor has it.
    """

    name: str
    title: str
    architecture: str
    mixed_precision: bool
    scenes: Scenes | None = None
    photographs: NamedPhotographs | None = None
    preprocessing: Preprocessing
    crops: Crops | None = None
    sides: Sides | None = None
    schedule: Schedule

    __pydantic_config__ = CLOSED

    @property
    def digest(self) -> str:
        """The sha256 of the whole recipe. Training with one recipe is not resumed with another."""
        return identity(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the recipe's TOML file has them."""
        chosen = {name: value for name, value in asdict(self).items() if value is not None}
        return chosen | {"preprocessing": self.preprocessing.as_dict()}

    def small(self) -> Recipe:
        """Return a trial of this recipe that trains in under a minute: few scenes, two epochs."""
        scenes = self.scenes and replace(
            self.scenes,
            count=min(self.scenes.count, SMALL[0]),
            held_out=min(self.scenes.held_out, SMALL[1]),
        )
        schedule = replace(self.schedule, epochs=2, warmup_epochs=0.5, batch=min(self.schedule.batch, 32))
        return replace(self, name=f"{self.name}_small", scenes=scenes, schedule=schedule)


def names() -> tuple[str, ...]:
    """Return the names of the recipes that ship, sorted.

    >>> "resnet10.scenes" in names()
    True
    """
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def get(name: str) -> Recipe:
    """Return the recipe of that name, or the recipe in that TOML file. Raises UnknownName, BadRecipe.

    >>> get("resnet10.scenes").schedule.epochs
    8
    """
    if name in names():
        return read(RECIPES / f"{name}.toml")
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return read(path)
    raise UnknownName(
        f"There is no recipe {name!r}.", f"Accepted are {', '.join(names())}, and a TOML file.", "Choose one of these."
    )


def read(path: Path) -> Recipe:
    """Return the recipe in a TOML file. Raises BadRecipe, naming the field that is missing, unknown or out of range."""
    try:
        facts = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise _bad(path, str(error), "a TOML file") from None
    try:
        recipe = check_record(facts, Recipe)
    except RecordError as error:
        raise _bad(path, error.got, error.wanted) from None
    except BadScene as error:  # of the photographer
        raise BadRecipe(
            f"{path.name} cannot be used. {error.happened}", error.accepted, "Correct the recipe."
        ) from None
    for holds, got, wanted in (*_general_rules(recipe, facts), *_scene_rules(recipe, facts), *_other_rules(recipe)):
        if not holds:
            raise _bad(path, got, wanted)
    return recipe


Rule = tuple[object, str, str]  # whether it holds, what the recipe has, what is accepted


def _general_rules(recipe: Recipe, facts: dict[str, Any]) -> Iterator[Rule]:
    for first, second in (("scenes", "photographs"), ("crops", "sides")):
        given = [name for name in (first, second) if getattr(recipe, name) is not None]
        yield given, f"no table [{first}]", f"one of the tables [{first}] and [{second}]"
        yield len(given) < 2, f"both tables [{first}] and [{second}]", "one of them"
    t, shown = recipe.schedule, recipe.preprocessing
    yield (
        recipe.architecture in ARCHITECTURES,
        f"architecture {recipe.architecture!r}",
        f"one of {', '.join(ARCHITECTURES)}",
    )
    yield re.fullmatch(r"\w[\w.]*", recipe.name), f"name {recipe.name!r}", "letters, digits, _ and ."
    yield min(t.epochs, t.batch) >= 1, f"epochs {t.epochs}, batch {t.batch}", "whole numbers from 1"
    yield 0 < t.learning_rate < 10, f"learning_rate {t.learning_rate}", "above 0, below 10"
    for name in ("momentum", "weight_decay", "label_smoothing"):
        yield 0 <= getattr(t, name) < 1, f"{name} {getattr(t, name)}", "from 0 to below 1"
    yield 0 <= t.warmup_epochs < t.epochs, f"warmup_epochs {t.warmup_epochs}", f"from 0 to below {t.epochs}"
    yield 1 <= shown.crop <= shown.resize, f"crop {shown.crop}, resize {shown.resize}", "a crop of at most resize"
    yield min(shown.std) > 0, f"std {shown.std}", "three numbers above 0"
    yield "order" not in facts["preprocessing"], "an unknown field 'order' in [preprocessing]", "red, green, blue"


def _scene_rules(recipe: Recipe, facts: dict[str, Any]) -> Iterator[Rule]:
    s, batch = recipe.scenes, recipe.schedule.batch
    if s is None:
        return
    for name in asdict(s.photographer):  # no recipe relies on defaults
        given = name in facts["scenes"]["photographer"]
        yield given, f"no field {name!r} in [scenes.photographer]", f"a value for {name}"
    apart = s.first + s.count <= s.first_held_out or s.first_held_out + s.held_out <= s.first
    first = f"first {s.first}, first_held_out {s.first_held_out}"
    yield min(s.count, s.held_out) >= 1, f"count {s.count}, held_out {s.held_out}", "whole numbers from 1"
    yield batch <= s.count, f"batches of {batch} from {s.count} scenes", "at least one whole batch"
    yield MIN_SIZE <= s.size <= MAX_SIZE, f"scenes of size {s.size}", f"{MIN_SIZE} to {MAX_SIZE} pixels"
    yield min(s.first, s.first_held_out) >= 0, first, "whole numbers from 0"
    yield apart, "held-out scenes that are trained on", "two ranges that do not overlap"


def _other_rules(recipe: Recipe) -> Iterator[Rule]:
    if (named := recipe.photographs) is not None:
        size = f"photographs of size {named.size}"
        yield named.classes >= 2, f"classes {named.classes}", "2 or more"
        yield MIN_SIZE <= named.size <= MAX_SIZE, size, f"{MIN_SIZE} to {MAX_SIZE} pixels"
    if (crops := recipe.crops) is not None:
        yield 0 < crops.area[0] <= crops.area[1] <= 1, f"area {crops.area}", "two rising shares above 0, up to 1"
        yield 0 < crops.aspect[0] <= crops.aspect[1], f"aspect {crops.aspect}", "two rising ratios above 0"
    if (sides := recipe.sides) is not None:
        got = f"least {sides.least}, most {sides.most}"
        yield 1 <= sides.least <= sides.most, got, "two rising whole numbers from 1"


def _bad(path: Path, got: str, wanted: str) -> BadRecipe:
    return BadRecipe(
        f"{path.name} cannot be used: {got.rstrip('.')}.", f"Expected {wanted.rstrip('.')}.", "Correct the recipe."
    )
