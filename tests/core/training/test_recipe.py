"""Recipes: read, or refused by what is wrong in them; those that ship."""

from __future__ import annotations

import json
import math
import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from core.datasets.scenes import USUAL, Photographer
from core.errors import BadRecipe, UnknownName
from core.networks.card import Preprocessing
from core.training import make, recipe
from core.training.recipe import Crops, NamedPhotographs, Recipe, Scenes, Schedule, Sides
from tests.support.trained import toml_text

SHIPPED = "resnet10.scenes"
NESTED = {
    "scenes": Scenes,
    "scenes.photographer": Photographer,
    "preprocessing": Preprocessing,
    "crops": Crops,
    "schedule": Schedule,
}
OTHERS = ("photographs", "sides")  # which stand in the place of scenes and crops
PLACES = [f.name for f in fields(Recipe) if f.name not in OTHERS] + [
    f"{table}.{f.name}" for table, kind in NESTED.items() for f in fields(kind) if f.name != "order"
]
LEAVES = [place for place in PLACES if place not in NESTED]
GONE = object()


def changed(path: Path, changes: dict[str, object]) -> Path:
    """The shipped recipe in a file of its own, with those places changed."""
    facts = tomllib.loads((recipe.RECIPES / f"{SHIPPED}.toml").read_text())
    for place, value in changes.items():
        *tables, name = place.split(".")
        table = facts
        for part in tables:
            table = table[part]
        table.pop(name, None)
        if value is not GONE:
            table[name] = value
    path.write_text(toml_text(facts))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


OF_SCENES = tuple(name for name in recipe.names() if name.endswith(".scenes"))


@pytest.mark.parametrize("name", recipe.names())
def test_recipes_that_ship(name: str):
    got = recipe.get(name)
    assert got.name == name
    named = name.split(".")[0].removesuffix("_black").removesuffix("_crop")
    assert got.architecture.removesuffix("_cifar") == named
    assert got.schedule.epochs > 1
    if got.scenes is None:
        assert got.photographs == NamedPhotographs(dataset="CIFAR-10", classes=10, size=32)
    else:
        assert got.scenes.photographer == USUAL
        assert min(got.scenes.first, got.scenes.first_held_out) > 100_000  # Explore's are below
        if named in ("resnet10", "resnet10_bin5"):
            assert got.crops == Crops(area=(0.08, 1.0), aspect=(3 / 4, 4 / 3), flip=True)
        else:  # the others see photographs as they were taken, at some size
            assert got.sides is not None
            assert (got.sides.least == got.sides.most == got.preprocessing.crop) == (named == name.split(".")[0])


def test_twins_differ_in_their_architecture_alone():
    for one, other in (
        (SHIPPED, "resnet10_bin5.scenes"),
        ("resnet8.cifar10", "resnet8_bin5.cifar10"),
        ("alexnet32_stride1.cifar10", "alexnet32_stride1_zero.cifar10"),
        ("alexnet32.cifar10", "alexnet32_stride1.cifar10"),
        ("alexnet32.scenes32", "alexnet32_stride1.scenes32"),
    ):
        plain, twin = (recipe.get(name).as_dict() for name in (one, other))
        assert {name for name in plain if plain[name] != twin[name]} == {"name", "title", "architecture"}


@pytest.mark.parametrize("network", ["resnet8", "resnet50"])
def test_the_three_trainings_of_figure_10_differ_in_their_sides_alone(network: str):
    none, black, crop = (recipe.get(f"{network}{kind}.cifar10") for kind in ("", "_black", "_crop"))
    assert (none.sides, black.sides, crop.sides) == (
        Sides(least=32, most=32),
        Sides(least=16, most=32),
        Sides(least=32, most=48),
    )
    for other in (black, crop):
        assert replace(other, name=none.name, title=none.title, sides=none.sides) == none


def test_an_unknown_recipe_lists_the_known(tmp_path: Path):
    for name in ("resnet99", str(tmp_path / "none.toml"), str(tmp_path), ""):
        with pytest.raises(UnknownName, match=r"resnet10\.scenes, resnet10_bin5\.scenes.*TOML file"):
            recipe.get(name)


def test_a_recipe_of_the_users_own(file: Path):
    got = recipe.get(str(changed(file, {"name": "mine", "schedule.learning_rate": 1})))  # a whole number passes
    assert got == replace(
        recipe.get(SHIPPED), name="mine", schedule=replace(recipe.get(SHIPPED).schedule, learning_rate=1.0)
    )
    file.write_text("\ufeff" + file.read_text(), "utf-8")  # as Windows' editor saves it
    assert recipe.get(str(file)) == got


def test_a_recipe_written_into_a_card_is_the_same_recipe(file: Path):
    for name in recipe.names():
        facts = recipe.get(name).as_dict()
        tables = {k: v for k, v in facts.items() if isinstance(v, dict)}
        file.write_bytes(make.toml({k: v for k, v in facts.items() if k not in tables}, tables))
        assert recipe.read(file) == recipe.get(name)
        assert recipe.read(file).digest == recipe.get(name).digest


def _another(value: Any) -> object:
    if isinstance(value, list):
        return [value[0] * 0.5 + 0.01, *value[1:]]
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value * 0.5 + 0.01


def test_the_digest_follows_every_field(file: Path):
    facts = tomllib.loads((recipe.RECIPES / f"{SHIPPED}.toml").read_text())
    digests = {recipe.get(SHIPPED).digest, recipe.read(changed(file, {})).digest}
    assert len(digests) == 1  # the same facts in another file
    texts = {"name": "other", "title": "Other", "architecture": "resnet10_bin5"}
    texts["preprocessing.interpolation"] = "bicubic"
    for place in LEAVES:
        value: Any = facts
        for part in place.split("."):
            value = value[part]
        digests.add(recipe.read(changed(file, {place: texts[place] if place in texts else _another(value)})).digest)
    assert len(digests) == 1 + len(LEAVES)
    assert all(len(digest) == 64 for digest in digests)


@pytest.mark.parametrize("place", PLACES)
def test_a_missing_field_is_named(file: Path, place: str):
    with pytest.raises(BadRecipe) as caught:
        recipe.read(changed(file, {place: GONE}))
    name = place.split(".")[-1]
    assert re.search(rf"no (field '{name}'|table \[{name}\])", caught.value.happened)
    assert "mine.toml" in caught.value.happened
    assert caught.value.accepted


@pytest.mark.parametrize("table", ["", *NESTED])
def test_an_unknown_field_is_named(file: Path, table: str):
    with pytest.raises(BadRecipe) as caught:
        recipe.read(changed(file, {f"{table}.colour".lstrip("."): 5}))
    assert "an unknown field 'colour'" in caught.value.happened
    assert table.split(".")[-1] in caught.value.happened


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("place", "values"),
    {
        "name": (5, "", "a b", "a/b.c", "../up", ".hidden", "a-b", ["a"]),
        "title": (5, True),
        "architecture": (5, "resnet11", ""),
        "mixed_precision": (1, "yes"),
        "scenes": (5, [1]),
        "scenes.count": (0, -1, 640.0, "640", True),
        "scenes.first": (-1, 0.5, False),
        "scenes.held_out": (0, 1.0),
        "scenes.first_held_out": (-5, "0"),
        "scenes.size": (0, 31, 513, 192.0),
        "scenes.photographer": (5, "usual"),
        "scenes.photographer.spread": (-0.1, 1.1, NAN, "0.4", True),
        "scenes.photographer.size_mean": (0.1, 1.1, INF),
        "scenes.photographer.size_spread": (-0.1, 0.5),
        "scenes.photographer.framing": (-0.1, 0.5),
        "preprocessing.resize": (95, 0, 110.0),  # below the crop
        "preprocessing.crop": (0, -96, 111, True),
        "preprocessing.interpolation": ("area", "", 2, ["bilinear"]),
        "preprocessing.mean": (0.5, [0.5] * 2, [0.5] * 4, ["0.5"] * 3, [True] * 3, [0.5, NAN, 0.5], [0.5, 0.5, INF]),
        "preprocessing.std": (0.5, [0.5] * 2, [0, 1, 1], [1, 1, -1], [1, NAN, 1], [1, 1, INF]),
        "crops.area": (0.5, [0.5], [0, 1], [0.5, 0.4], [0.5, 1.1], [NAN, 1], [0.5, NAN]),
        "crops.aspect": ("1", [1, 1, 1], [0, 1], [-1, 1], [2, 1], [1, INF], [NAN, 1]),
        "crops.flip": (1, "no"),
        "schedule.epochs": (0, 2.0, True),
        "schedule.batch": (0, 10_001, 64.0),
        "schedule.learning_rate": (0, -0.1, 10, NAN, INF, "0.1"),
        "schedule.momentum": (-0.1, 1, NAN),
        "schedule.weight_decay": (-0.1, 1, NAN),
        "schedule.warmup_epochs": (-1, 8, NAN),
        "schedule.label_smoothing": (-0.1, 1, NAN),
    }.items(),
)
def test_a_wrong_field_is_named(file: Path, place: str, values: tuple[object, ...]):
    for value in values:
        with pytest.raises(BadRecipe, match=place.split(".")[-1]) as caught:
            recipe.read(changed(file, {place: value}))
        assert "mine.toml" in caught.value.happened, value
        assert caught.value.accepted, value


def test_every_field_is_among_the_wrong_ones():
    """The list above forgets none."""
    (mark,) = (m for m in test_a_wrong_field_is_named.pytestmark if m.name == "parametrize")
    assert sorted(place for place, _ in mark.args[1]) == sorted(set(PLACES) - {"preprocessing", "crops", "schedule"})


@pytest.mark.parametrize(
    ("first", "apart"), [(100, True), (120, False), (146, False), (150, False), (199, False), (200, True), (40, True)]
)
def test_held_out_scenes_are_never_trained_on(file: Path, first: int, apart: bool):
    """Training has 150 … 199; fifty others are held out from ``first`` on."""
    places = {"count": 50, "first": 150, "held_out": 50, "first_held_out": first}
    path = changed(file, {f"scenes.{k}": v for k, v in places.items()} | {"schedule.batch": 10})
    if apart:
        assert recipe.read(path).scenes.first_held_out == first
    else:
        with pytest.raises(BadRecipe, match="held-out scenes that are trained on"):
            recipe.read(path)


@pytest.mark.parametrize("content", [b"name = ", bytes(range(256)), b"\xff\xfe\x00", b"\x80\x02}q", None])
def test_what_is_no_toml_file_is_refused(file: Path, content: bytes | None):
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(BadRecipe, match=r"mine\.toml.*TOML file"):
        recipe.read(file)


def test_small(file: Path):
    for name in OF_SCENES:
        whole = recipe.get(name)
        small = whole.small()
        assert (small.scenes.count, small.scenes.held_out) == (640, 160)
        assert (small.schedule.epochs, small.schedule.batch) == (2, 32)
        assert small.name != whole.name  # so that it never takes the whole one's place
        assert small.digest != whole.digest
        assert (small.architecture, small.crops, small.preprocessing) == (
            whole.architecture,
            whole.crops,
            whole.preprocessing,
        )
        file.write_text(toml_text(json.loads(json.dumps(small.as_dict()))))
        assert recipe.read(file) == small
    tiny = recipe.read(changed(file, {"scenes.count": 20, "scenes.held_out": 5, "schedule.batch": 20})).small()
    assert (tiny.scenes.count, tiny.scenes.held_out, tiny.schedule.batch) == (20, 5, 20)
