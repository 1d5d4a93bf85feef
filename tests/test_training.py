"""Training: recipes read or refused, crops as torchvision's, a loop that can be killed, networks as they ship."""

from __future__ import annotations

import copy
import csv
import dataclasses
import hashlib
import json
import math
import re
import threading
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from scipy.stats import ks_2samp
from torchvision.transforms import RandomResizedCrop

from core import protocols
from core.engine import Engine
from core.errors import BadRecipe, Cancelled, UnknownName
from core.folders import DataFolder
from core.measure import accuracy, outcomes
from core.networks.card import SCENES, NetworkCard, Preprocessing
from core.networks.checkpoint import read_card
from core.networks.small import ARCHITECTURES
from core.photographs import Photograph
from core.scenes import USUAL, Photographer, render, scene_classes
from core.sensitivity import sensitivity
from core.training import make, photographs, recipe
from core.training.loop import Epoch, Trained, learning_rate, precision, train
from core.training.photographs import Photographs, batches, crop_box, scenes
from core.training.recipe import Crops, Named, Recipe, Scenes, Schedule, Sides

pytestmark = pytest.mark.usefixtures("one_thread")

SHIPPED = "resnet10.scenes"
NESTED = {
    "scenes": Scenes, "scenes.photographer": Photographer, "preprocessing": Preprocessing, "crops": Crops,
    "schedule": Schedule,
}  # fmt: skip
OTHERS = ("photographs", "sides")  # which stand in the place of scenes and crops
PLACES = [f.name for f in fields(Recipe) if f.name not in OTHERS] + [
    f"{table}.{f.name}" for table, kind in NESTED.items() for f in fields(kind) if f.name not in recipe.FIXED
]
LEAVES = [place for place in PLACES if place not in NESTED]
GONE = object()


# recipes


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
    path.write_text(_toml(facts))
    return path


def _toml(table: dict[str, Any], name: str = "") -> str:
    """Plain TOML, written without the project's own writer."""
    text = "".join(f"{k} = {_value(v)}\n" for k, v in table.items() if not isinstance(v, dict))
    for k, v in table.items():
        if isinstance(v, dict):
            inner = f"{name}.{k}" if name else k
            text += f"[{inner}]\n{_toml(v, inner)}"
    return text


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("NaN", "nan").replace("Infinity", "inf")


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
        assert got.photographs == Named(dataset="CIFAR-10", classes=10, size=32)
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
        (SHIPPED, "resnet10_bin5.scenes"), ("resnet8.cifar10", "resnet8_bin5.cifar10"),
        ("alexnet32_stride1.cifar10", "alexnet32_stride1_zero.cifar10"),
        ("alexnet32.cifar10", "alexnet32_stride1.cifar10"), ("alexnet32.scenes32", "alexnet32_stride1.scenes32"),
    ):  # fmt: skip
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
        with pytest.raises(UnknownName, match=r"resnet10\.scenes, resnet10_bin5\.scenes.*, or a TOML file"):
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
    assert re.search(rf"no (field '{name}'|table \[{name}\])", caught.value.got)
    assert "mine.toml" in caught.value.got
    assert caught.value.wanted


@pytest.mark.parametrize("table", ["", *NESTED])
def test_an_unknown_field_is_named(file: Path, table: str):
    with pytest.raises(BadRecipe) as caught:
        recipe.read(changed(file, {f"{table}.colour".lstrip("."): 5}))
    assert "an unknown field 'colour'" in caught.value.got
    assert (table.split(".")[-1] or "the recipe") in caught.value.got


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
)  # fmt: skip
def test_a_wrong_field_is_named(file: Path, place: str, values: tuple[object, ...]):
    for value in values:
        with pytest.raises(BadRecipe, match=place.split(".")[-1]) as caught:
            recipe.read(changed(file, {place: value}))
        assert "mine.toml" in caught.value.got, value
        assert caught.value.wanted, value


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
    with pytest.raises(BadRecipe, match=r"mine\.toml; wanted a TOML file"):
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
            whole.architecture, whole.crops, whole.preprocessing,
        )  # fmt: skip
        file.write_text(_toml(json.loads(json.dumps(small.as_dict()))))
        assert recipe.read(file) == small
    tiny = recipe.read(changed(file, {"scenes.count": 20, "scenes.held_out": 5, "schedule.batch": 20})).small()
    assert (tiny.scenes.count, tiny.scenes.held_out, tiny.schedule.batch) == (20, 5, 20)


# scenes


def drawn_here(seeds: range, photographer: Photographer, size: int, **_: object) -> Photographs:
    """One after the other, in this process."""
    names = scene_classes()
    shown = [render(seed, photographer, size=size) for seed in seeds]
    pixels = np.stack([photo.pixels.permute(1, 2, 0).numpy() for photo in shown])
    return Photographs(pixels, np.array([names.index(str(photo.label)) for photo in shown]))


def test_scenes_are_what_render_draws_in_their_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(photographs, "CHUNK", 8)
    monkeypatch.setattr(photographs, "workers", lambda: 2)
    told: list[tuple[int, int]] = []
    got = scenes(range(40, 60), Photographer(spread=1.0), 32, told=lambda *step: told.append(step))
    wanted = drawn_here(range(40, 60), Photographer(spread=1.0), 32)
    np.testing.assert_array_equal(got.pixels, wanted.pixels)
    np.testing.assert_array_equal(got.labels, wanted.labels)
    assert (got.pixels.dtype, got.labels.dtype, len(got)) == (np.uint8, np.int64, 20)
    assert len(set(got.labels.tolist())) > 5
    assert told == [(8, 20), (16, 20), (20, 20)]


def test_drawing_scenes_can_be_stopped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(photographs, "CHUNK", 2)
    monkeypatch.setattr(photographs, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(1))  # starts at once
    told: list[int] = []
    cancel = threading.Event()

    def stop(done: int, _total: int) -> None:
        told.append(done)
        cancel.set()

    with pytest.raises(Cancelled, match="drawing scenes"):
        scenes(range(10_000), USUAL, 32, told=stop, cancel=cancel)
    assert told == [2]


# crops


def crops(
    area: tuple[float, float] = (0.08, 1.0), aspect: tuple[float, float] = (3 / 4, 4 / 3), flip: bool = False
) -> Crops:
    return Crops(area=area, aspect=aspect, flip=flip)


@pytest.mark.parametrize(("width", "height"), [(192, 192), (300, 200), (33, 190), (400, 34), (1, 1), (1, 50), (70, 2)])
def test_a_crop_lies_within_the_photograph(width: int, height: int):
    rng = np.random.default_rng(0)
    for _ in range(300):
        left, top, right, bottom = crop_box(width, height, crops(), rng)
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


def boxes(width: int, height: int, count: int, wanted: Crops) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return _measures(np.array([crop_box(width, height, wanted, rng) for _ in range(count)], float), width, height)


def torchvisions_boxes(width: int, height: int, count: int, wanted: Crops) -> dict[str, np.ndarray]:
    frame = torch.empty(3, height, width)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        found = [RandomResizedCrop.get_params(frame, list(wanted.area), list(wanted.aspect)) for _ in range(count)]
    return _measures(np.array([(x, y, x + w, y + h) for y, x, h, w in found], float), width, height)


def _measures(found: np.ndarray, width: int, height: int) -> dict[str, np.ndarray]:
    left, top, right, bottom = found.T
    w, h = right - left, bottom - top
    return {
        "area": w * h / (width * height), "aspect": w / h,
        "across": left / np.maximum(width - w, 1), "down": top / np.maximum(height - h, 1),
    }  # fmt: skip


@pytest.mark.parametrize(("width", "height"), [(192, 192), (640, 400), (250, 600)])
def test_crops_are_distributed_as_torchvisions(width: int, height: int):
    """Two samples of 4,000 each (Kolmogorov and Smirnov); the last shape falls back in part."""
    ours, theirs = (draw(width, height, 4000, crops()) for draw in (boxes, torchvisions_boxes))
    for name in ours:
        assert ks_2samp(ours[name], theirs[name]).pvalue > 0.01, name


def test_another_distribution_of_crops_would_be_seen():
    """The control of the test above: a little more area, a little less aspect."""
    theirs = torchvisions_boxes(640, 400, 4000, crops())
    for name, other in (("area", crops(area=(0.12, 1.0))), ("aspect", crops(aspect=(0.7, 1.3)))):
        assert ks_2samp(boxes(640, 400, 4000, other)[name], theirs[name]).pvalue < 1e-4, name


@pytest.mark.parametrize(("width", "height"), [(20, 500), (500, 20), (101, 1000), (77, 13)])
def test_where_no_crop_fits_it_is_the_largest_in_the_middle_as_torchvisions(width: int, height: int):
    whole = crops(area=(1.0, 1.0))
    y, x, h, w = RandomResizedCrop.get_params(torch.empty(3, height, width), [1.0, 1.0], list(whole.aspect))
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert crop_box(width, height, whole, rng) == (x, y, x + w, y + h)
    assert 0.7 < w / h < 1.4


# batches


def numbered(count: int) -> Photographs:
    """Photographs of one colour each, which tells label (red, in steps of 20) and number (green)."""
    labels = np.arange(count) * 7 % 5
    colours = np.stack([labels * 20, np.arange(count), np.full(count, 200)], 1).astype(np.uint8)
    return Photographs(np.broadcast_to(colours[:, None, None], (count, 24, 24, 3)).copy(), labels)


def cut(source: Photographs, seed: int = 3, epoch: int = 0, *, wanted: Crops | None = None, batch: int = 16) -> Any:
    """One epoch's frames (N, 3, 12, 12) and labels (N,)."""
    parts = list(batches(source, wanted or crops(), 12, "bilinear", batch=batch, seed=seed, epoch=epoch))
    assert all(frames.shape == (batch, 3, 12, 12) and frames.dtype == torch.uint8 for frames, _ in parts)
    assert all(labels.shape == (batch,) and labels.dtype == torch.int64 for _, labels in parts)
    return torch.cat([frames for frames, _ in parts]), torch.cat([labels for _, labels in parts])


def textured(count: int = 50) -> Photographs:
    rng = np.random.default_rng(1)
    return Photographs(rng.integers(0, 256, (count, 24, 24, 3), np.uint8), rng.integers(0, 5, count))


def test_an_epoch_shows_every_photograph_once_with_its_label():
    """100 photographs fill six batches of 16; four are left to other epochs, and not always the same."""
    left = []
    for epoch in range(4):
        frames, labels = cut(numbered(100), epoch=epoch)
        assert len(frames) == 96
        assert (frames.float().std((2, 3)) == 0).all()
        label, number, constant = frames[:, :, 0, 0].int().T
        assert (constant == 200).all()
        assert torch.equal(label, labels.int() * 20)
        assert len(set(number.tolist())) == 96
        assert number.tolist() != sorted(number.tolist())
        left.append(frozenset(range(100)) - set(number.tolist()))
    assert len(set(left)) == 4


def test_an_epoch_can_be_made_again_and_no_two_are_alike():
    first, labels = cut(textured())
    again, labels_again = cut(textured())
    assert torch.equal(first, again)
    assert torch.equal(labels, labels_again)
    alike = Photographs(textured().pixels[:1].repeat(50, 0), np.zeros(50, np.int64))  # told apart by their crops alone
    for seed, epoch in ((3, 1), (4, 0)):
        assert not torch.equal(labels, cut(textured(), seed, epoch)[1])
        assert not torch.equal(cut(alike)[0], cut(alike, seed, epoch)[0])


def test_an_epoch_does_not_depend_on_the_number_of_workers(monkeypatch: pytest.MonkeyPatch):
    wanted = crops(flip=True)
    frames, labels = cut(textured(), wanted=wanted, batch=4)
    for number in (1, 2, 7):
        monkeypatch.setattr(photographs, "workers", lambda number=number: number)
        other, labels_then = cut(textured(), wanted=wanted, batch=4)
        assert torch.equal(frames, other)
        assert torch.equal(labels, labels_then)


@pytest.mark.parametrize("flip", [False, True])
def test_half_of_the_frames_are_mirrored_where_asked_and_none_else(flip: bool):
    """Whole photographs, dark on the left."""
    pixels = np.zeros((200, 24, 24, 3), np.uint8)
    pixels[:, :, 12:] = 200
    wanted = crops(area=(1.0, 1.0), aspect=(1.0, 1.0), flip=flip)
    frames, _ = cut(Photographs(pixels, np.zeros(200, np.int64)), wanted=wanted, batch=50)
    columns = frames[:, 0, 0].int()
    mirrored = columns[:, 0] > columns[:, -1]
    upright = np.asarray(Image.fromarray(pixels[0]).resize((12, 12), Image.Resampling.BILINEAR))[0, :, 0]
    for row, turned in zip(columns.numpy(), mirrored.tolist(), strict=True):
        np.testing.assert_array_equal(row, upright[::-1] if turned else upright)
    assert 70 <= int(mirrored.sum()) <= 130 if flip else not mirrored.any()  # 100 ± 7


def test_fewer_photographs_than_a_batch_give_none():
    assert list(batches(numbered(15), crops(), 12, "bilinear", batch=16, seed=0, epoch=0)) == []


# schedule and precision


def schedule(**changes: Any) -> Schedule:
    usual = Schedule(
        epochs=4, batch=16, learning_rate=0.05, momentum=0.9, weight_decay=5e-4, warmup_epochs=1.0, label_smoothing=0.0
    )
    return replace(usual, **changes)


def test_the_rate_rises_as_a_line_and_falls_as_a_cosine_to_0():
    rates = [learning_rate(schedule(learning_rate=2.0), step, 10) for step in range(1, 41)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 10 * 2)
    np.testing.assert_allclose(rates[9:], 1 + np.cos(np.pi * np.arange(31) / 30), atol=1e-12)
    assert max(rates) == rates[9] == 2.0
    assert rates[-1] == 0


@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.5, 3.8])
def test_any_warm_up_ends_at_0(warmup: float):
    rates = [learning_rate(schedule(warmup_epochs=warmup), step, 10) for step in range(1, 41)]
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert all(0 < rate <= 0.05 for rate in rates[:-1])
    assert int(np.argmax(rates)) in (max(int(warmup * 10) - 1, 0), int(warmup * 10))


@pytest.mark.parametrize(
    ("found", "fit"),
    [
        ({}, False),
        ({"avx512_bf16": False, "avx2": True}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
    ],
)
def test_precision_follows_the_processor(monkeypatch: pytest.MonkeyPatch, found: dict[str, bool], fit: bool):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert precision(tiny(mixed_precision=False), torch.device("cpu")) == "float32"
    assert precision(tiny(mixed_precision=True), torch.device("cpu")) == ("bfloat16" if fit else "float32")


@pytest.mark.parametrize("fit", [False, True])
def test_precision_follows_the_gpu(monkeypatch: pytest.MonkeyPatch, fit: bool):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: fit or including_emulation)
    assert precision(tiny(mixed_precision=False), torch.device("cuda")) == "float32"
    assert precision(tiny(mixed_precision=True), torch.device("cuda")) == ("bfloat16" if fit else "float32")


# the loop


FRAME = 40


def tiny(architecture: str = "resnet10", mixed_precision: bool = False, **changes: Any) -> Recipe:
    """A recipe for the photographs below; ``changes`` are of its schedule."""
    values = {"epochs": 3, "warmup_epochs": 0.5} | changes
    return Recipe(
        name="tiny",
        title="Tiny",
        architecture=architecture,
        mixed_precision=mixed_precision,
        scenes=Scenes(count=96, first=1000, held_out=12, first_held_out=5000, size=48, photographer=USUAL),
        preprocessing=Preprocessing(
            resize=44, crop=FRAME, interpolation="bilinear", mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3)
        ),
        crops=crops(area=(0.5, 1.0), flip=True),
        schedule=schedule(**values),
    )


def coloured(count: int, seed: int, size: int = 48) -> Photographs:
    """A red, a green or a blue rectangle somewhere on grey noise: three classes."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(90, 150, (count, size, size, 1), np.uint8).repeat(3, 3)
    labels = np.arange(count) % 3
    for frame, label in zip(pixels, labels, strict=True):
        y, x = rng.integers(0, size // 2, 2)
        frame[y : y + size // 2, x : x + size // 2] = np.eye(3)[label] * 200 + 20
    return Photographs(pixels, labels)


SHOWN, HELD_OUT = coloured(80, 0), coloured(30, 1, FRAME)
PER_EPOCH = 5  # batches of 16


def run(
    state: Path, wanted: Recipe | None = None, seed: int = 0, *, shown: Photographs = SHOWN,
    held_out: Photographs = HELD_OUT, **more: Any,
) -> Trained:  # fmt: skip
    return train(wanted or tiny(), seed, shown, held_out, 3, state=state, device="cpu", **more)


def same_weights(one: Trained, other: Trained) -> bool:
    states = [model.state_dict() for model in (one.model, other.model)]
    assert list(states[0]) == list(states[1])
    return all(torch.equal(states[0][k], states[1][k]) for k in states[0])


def timeless(log: tuple[Epoch, ...]) -> list[Epoch]:
    assert all(row.seconds > 0 for row in log)
    return [replace(row, seconds=0) for row in log]


@dataclasses.dataclass(frozen=True)
class Straight:
    """A training that nothing stopped, its state file and what it told."""

    result: Trained
    state: bytes
    told: list[tuple[int, int]]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Straight:
    state = tmp_path_factory.mktemp("straight") / "tiny.pt"
    told: list[tuple[int, int]] = []
    result = run(state, told=lambda *step: told.append(step))
    return Straight(result, state.read_bytes(), told)


def test_it_learns_what_is_easy(straight: Straight):
    log = straight.result.log
    assert [row.epoch for row in log] == [1, 2, 3]
    assert log[0].loss > 3 * log[-1].loss
    assert log[-1].loss < 0.3 * math.log(3)
    assert log[-1].held_out_top1 > 0.9
    assert log[-1].top1 > 0.9
    assert log[-1].learning_rate == pytest.approx(0, abs=1e-12)
    assert log[0].learning_rate == learning_rate(tiny().schedule, PER_EPOCH, PER_EPOCH)
    assert {row.precision for row in log} == {"float32"}
    assert straight.told == [(k + 1, 15) for k in range(15)]


def test_held_out_frames_are_seen_in_eval_mode_and_teach_nothing(tmp_path: Path):
    """A network that is half-way there; what it returns is as right as its log says."""
    wanted = tiny(epochs=1, learning_rate=0.02)
    got = run(tmp_path / "a.pt", wanted)
    mean, std = (np.array(v) for v in (wanted.preprocessing.mean, wanted.preprocessing.std))
    inputs = torch.from_numpy(((HELD_OUT.pixels / 255 - mean) / std).transpose(0, 3, 1, 2)).float()
    with torch.inference_mode():
        right = (got.model(inputs).argmax(1).numpy() == HELD_OUT.labels).mean()
    assert right == got.log[-1].held_out_top1 < 1
    dark = Photographs(HELD_OUT.pixels // 8, HELD_OUT.labels)
    assert same_weights(got, run(tmp_path / "b.pt", wanted, held_out=dark))


def test_a_step_is_nesterovs_and_spares_norms_and_biases(tmp_path: Path):
    """Two batches, the second at rate 0: all that happened to the weights is one step, done here by hand."""
    wanted = tiny(epochs=1, warmup_epochs=0.0, batch=40, weight_decay=0.2, label_smoothing=0.1, learning_rate=0.02)
    got = run(tmp_path / "s.pt", wanted, seed=4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        model = ARCHITECTURES["resnet10"](3).train()
    shown = batches(SHOWN, wanted.crops, FRAME, "bilinear", batch=40, seed=4, epoch=0)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (wanted.preprocessing.mean, wanted.preprocessing.std))
    losses, right = [], 0
    for number, (frames, labels) in enumerate(shown):
        logits = model((frames / 255 - mean) / std)
        targets = 0.9 * torch.eye(3)[labels] + 0.1 / 3
        loss = -(targets * logits.log_softmax(1)).sum(1).mean()
        losses.append(float(loss.detach()))
        right += int((logits.argmax(1) == labels).sum())
        if number == 0:
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    slope = p.grad + (0.2 * p if p.dim() > 1 else 0)
                    p -= 0.01 * (1 + 0.9) * slope  # half the rate, half-way down the cosine; velocity is one slope old
    assert got.log[0].loss == pytest.approx(sum(losses) / 2, rel=1e-4)
    assert got.log[0].top1 == right / 80
    for (name, p), q in zip(model.named_parameters(), got.model.parameters(), strict=True):
        torch.testing.assert_close(q, p, rtol=1e-3, atol=2e-5, msg=name)


@pytest.mark.parametrize("stops", [[PER_EPOCH], [PER_EPOCH + 2], [2], [PER_EPOCH, 2 * PER_EPOCH, 2 * PER_EPOCH + 4]])
def test_a_killed_training_ends_in_the_same_network(tmp_path: Path, straight: Straight, stops: list[int]):
    """Stopped after those batches, within one more at most; what is not a whole epoch is done again."""
    state = tmp_path / "tiny.pt"
    for stop in stops:
        cancel = threading.Event()
        told: list[int] = []

        def tell(done: int, _total: int, stop=stop, told=told, cancel=cancel) -> None:
            told.append(done)
            if done == stop:
                cancel.set()

        with pytest.raises(Cancelled, match="the training of tiny"):
            run(state, told=tell, cancel=cancel)
        assert told[-1] == stop
        assert state.is_file() == (stop >= PER_EPOCH)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(999)  # the program that goes on has another past
        told = []
        resumed = run(state, told=lambda done, _: told.append(done))
    assert told[0] == stops[-1] // PER_EPOCH * PER_EPOCH + 1
    assert same_weights(resumed, straight.result)
    assert timeless(resumed.log) == timeless(straight.result.log)


def test_a_finished_training_is_not_done_again(tmp_path: Path, straight: Straight):
    state = tmp_path / "tiny.pt"
    state.write_bytes(straight.state)
    told: list[int] = []
    again = run(state, told=lambda done, _: told.append(done))
    assert told == []
    assert same_weights(again, straight.result)
    assert again.log == straight.result.log
    for model in (again.model, straight.result.model):  # ready for use
        assert not any(module.training for module in model.modules())
        assert not any(p.requires_grad or p.device.type != "cpu" for p in model.parameters())
    assert state.read_bytes() == straight.state


def test_seeds_differ_and_torchs_own_randomness_stays_as_it_was(tmp_path: Path):
    once = tiny(epochs=1)
    before = torch.get_rng_state()
    results = [run(tmp_path / f"{k}.pt", once, seed) for k, seed in enumerate((1, 2, 1))]
    assert torch.equal(torch.get_rng_state(), before)
    assert same_weights(results[0], results[2])
    assert not same_weights(results[0], results[1])
    assert timeless(results[0].log) == timeless(results[2].log) != timeless(results[1].log)


def test_a_twin_in_half_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """bfloat16 for forward passes alone: weights stay float32, and its steps are about those in full precision."""
    few = coloured(32, 0)  # where it is emulated, it is slow
    losses = []
    for fit in (False, True):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda fit=fit: {"avx512_bf16": fit})
        got = run(tmp_path / f"{fit}.pt", tiny("resnet10_bin5", mixed_precision=True, epochs=1), shown=few)
        assert got.log[0].precision == ("bfloat16" if fit else "float32")
        assert {p.dtype for p in got.model.parameters()} == {torch.float32}
        losses.append(got.log[0].loss)
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.1)


def _saved(path: Path, content: object) -> bytes:
    torch.save(content, path)
    return path.read_bytes()


def _state(straight: Straight, path: Path, **changes: object) -> bytes:
    path.write_bytes(straight.state)
    return _saved(path, torch.load(path, weights_only=True) | changes)


BROKEN: dict[str, tuple[Callable[[Straight, Path], bytes], str]] = {
    "cut": (lambda straight, _: straight.state[: len(straight.state) // 2], "does not load"),
    "cut at its end": (lambda straight, _: straight.state[:-10], "does not load"),
    "empty": (lambda *_: b"", "does not load"),
    "text": (lambda *_: b"of what?\n" * 50, "does not load"),
    "noise": (lambda *_: np.random.default_rng(0).bytes(500), "does not load"),
    "a pickle that ends early": (lambda *_: b"\x80\x02a", "does not load"),
    "a list": (lambda _, path: _saved(path, [1, 2]), "does not load"),
    "a tensor": (lambda _, path: _saved(path, torch.zeros(3)), "does not load"),
    "weights alone": (lambda straight, path: _saved(path, straight.result.model.state_dict()), "does not load"),
    "an older log": (lambda straight, path: _state(straight, path, log=[{"epoch": 1}]), "does not load"),
    "other weights": (lambda straight, path: _state(straight, path, model={"w": torch.zeros(3)}), "does not load"),
    "another's": (lambda straight, path: _state(straight, path, of="x, seed 9"), "the state of x, seed 9"),
}


@pytest.mark.filterwarnings("ignore:Detected pickle protocol", "ignore:Using a non-tuple sequence")
@pytest.mark.parametrize("what", BROKEN)
def test_a_state_that_does_not_load_is_named_and_left_alone(tmp_path: Path, straight: Straight, what: str):
    state = tmp_path / "tiny.pt"
    content, said = BROKEN[what]
    state.write_bytes(content(straight, tmp_path / "made.pt"))
    before = state.read_bytes()
    with pytest.raises(BadRecipe, match=said) as caught:
        run(state)
    assert str(state) in caught.value.got
    assert f"Remove {state}" in caught.value.remedy
    assert str(caught.value).isprintable()
    assert state.read_bytes() == before


@pytest.mark.parametrize(
    ("wanted", "seed"), [(tiny(), 1), (tiny(learning_rate=0.06), 0), (replace(tiny(), title="Other"), 0)]
)
def test_a_state_of_another_recipe_or_seed_is_not_gone_on_with(
    tmp_path: Path, straight: Straight, wanted: Recipe, seed: int
):
    state = tmp_path / "tiny.pt"
    state.write_bytes(straight.state)
    with pytest.raises(BadRecipe, match=f"state of tiny, seed 0, recipe {tiny().digest[:12]}") as caught:
        run(state, wanted, seed)
    assert str(state) in caught.value.got
    assert state.read_bytes() == straight.state


# networks made


FEW = replace(tiny(epochs=2, batch=32), name="few.scenes", title="Few „scenes“")
FILES = ["few.scenes-0.csv", "few.scenes-0.safetensors", "few.scenes-0.toml", "scenes.txt"]
draw_once = lru_cache(drawn_here)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes are drawn in this process, once for all tests: starting others takes seconds."""
    monkeypatch.setattr(make, "scenes", lambda seeds, photographer, size, **_: draw_once(seeds, photographer, size))


@dataclasses.dataclass(frozen=True)
class Made:
    """One network made from its recipe."""

    data: DataFolder
    card: NetworkCard
    result: Trained
    measured_on: list[Photograph]
    told: list[tuple[str, int, int]]

    def file(self, ending: str) -> Path:
        return self.data.networks / f"few.scenes-0.{ending}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Made:
    data = DataFolder(tmp_path_factory.mktemp("made"))
    told: list[tuple[str, int, int]] = []
    results: list[Trained] = []
    shown: list[Photograph] = []
    measure = make.measure

    def kept(*args: Any, **more: Any) -> Trained:
        results.append(train(*args, **more))
        return results[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "scenes", lambda seeds, photographer, size, **_: draw_once(seeds, photographer, size))
        patch.setattr(make, "train", kept)
        patch.setattr(make, "measure", lambda card, some, **more: shown.extend(some) or measure(card, some, **more))
        (card,) = make.make([FEW], [0], data, device="cpu", told=lambda *step: told.append(step))
    return Made(data, card, results[0], shown, told)


def contents(data: DataFolder) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in data.networks.iterdir()}


def test_a_network_and_its_papers(made: Made):
    assert sorted(path.name for path in made.data.networks.iterdir()) == FILES
    assert list((made.data.root / "training").iterdir()) == []  # its state is not needed any more
    card = read_card(made.file("toml"))
    assert card.key == made.card.key == "own/few.scenes-0"
    assert card.title == "Few „scenes“ (seed 0)"
    assert card.trained_on == SCENES
    assert card.preprocessing == FEW.preprocessing
    assert card.labels is not None
    assert card.labels.names == scene_classes()
    assert card.weights_digest == hashlib.sha256(made.file("safetensors").read_bytes()).hexdigest()
    assert card.published == {"top1": tomllib.loads(made.file("toml").read_text())["measured"]["top1"]}


def test_the_checkpoint_is_the_trained_network_in_half_precision(made: Made):
    stored, trained = load_file(made.file("safetensors")), made.result.model.state_dict()
    assert {value.dtype for value in stored.values()} == {torch.float16}
    assert set(stored) == {name for name in trained if not name.endswith("num_batches_tracked")}
    assert all(torch.equal(stored[name], trained[name].half()) for name in stored)
    built = made.card.build()
    assert all(torch.equal(built.state_dict()[name], value.float()) for name, value in stored.items())


def test_the_card_holds_how_it_was_made(made: Made, file: Path):
    facts = tomllib.loads(made.file("toml").read_text())
    assert facts["training"]["seed"] == 0
    assert facts["training"]["recipe"] == FEW.digest
    assert facts["training"]["software"]["torch"] == torch.__version__.split("+")[0]
    file.write_text(_toml(facts["recipe"]))
    assert recipe.read(file) == FEW


def test_the_log_has_a_line_an_epoch(made: Made):
    with made.file("csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(made.result.log) == 2
    for row, epoch in zip(rows, made.result.log, strict=True):
        assert row["epoch"] == str(epoch.epoch)
        assert row["precision"] == epoch.precision
        for name in ("learning_rate", "loss", "top1", "held_out_top1", "seconds"):
            assert float(row[name]) == pytest.approx(getattr(epoch, name), rel=1e-5, abs=1e-12)


def test_the_card_says_what_its_checkpoint_measures(made: Made):
    """The held-out scenes as anybody would draw them."""
    shown = [render(5000 + k, USUAL, size=48) for k in range(12)]
    facts = [(photo.digest, photo.name, photo.label, photo.drawn) for photo in shown]
    assert [(photo.digest, photo.name, photo.label, photo.drawn) for photo in made.measured_on] == facts
    measured = tomllib.loads(made.file("toml").read_text())["measured"]
    engine = Engine()
    network = engine.load(read_card(made.file("toml")))
    right = accuracy(engine, network, shown)
    assert right is not None
    assert (measured["n"], measured["seed"]) == (right.n, 0) == (12, 0)
    assert measured["top1"] == right.top1
    assert measured["top1_interval"] == pytest.approx(right.interval)
    assert set(measured) == {"n", "seed", "top1", "top1_interval", *protocols.names()}
    for name in protocols.names():
        parts = outcomes(engine, network, shown, protocols.create(name), pairs=1, seed=0)
        found = sensitivity(row for part in parts for row in part)
        assert found.pairs == 12
        for measure in measured[name]:
            assert measured[name][measure] == pytest.approx(getattr(found, measure), abs=1e-6), (name, measure)
        assert {"p_top1_change", "mean_absolute_change"} < set(measured[name])


def test_progress_is_told(made: Made):
    training = [(done, total) for what, done, total in made.told if what == "few.scenes-0: training, batches"]
    assert training == [(k + 1, 6) for k in range(6)]
    for name in protocols.names():
        assert (f"few.scenes-0: measuring {name}, pairs", 12, 12) in made.told


def fails(*_: object, **__: object) -> Any:
    raise AssertionError("nothing is to be done")


def test_a_network_that_is_there_is_not_made_again(made: Made, monkeypatch: pytest.MonkeyPatch):
    before = contents(made.data)
    for name in ("scenes", "train", "write", "measure"):
        monkeypatch.setattr(make, name, fails)
    (again,) = make.make([FEW], [0], made.data)
    assert again.key == made.card.key
    assert again.weights_digest == made.card.weights_digest
    assert contents(made.data) == before


@pytest.mark.usefixtures("here")
def test_the_same_recipe_and_seed_give_the_same_bytes_after_a_stop(
    tmp_path: Path, made: Made, monkeypatch: pytest.MonkeyPatch
):
    """Stopped within the second epoch, then killed while it was measured; in the end as if nothing had happened."""
    data, cancel = DataFolder(tmp_path), threading.Event()
    state = tmp_path / "training" / "few.scenes-0.pt"

    def stop(_what: str, done: int, _total: int) -> None:
        if done == 5:
            cancel.set()

    with pytest.raises(Cancelled):
        list(make.make([FEW], [0], data, device="cpu", told=stop, cancel=cancel))
    assert state.is_file()
    assert not data.networks.exists()
    with monkeypatch.context() as patch:
        patch.setattr(make, "measure", fails)
        with pytest.raises(AssertionError, match="nothing is to be done"):
            list(make.make([FEW], [0], data, device="cpu"))
    assert state.is_file()
    told: list[str] = []
    (card,) = make.make([FEW], [0], data, device="cpu", told=lambda what, *_: told.append(what))
    assert not any("training, batches" in what for what in told)  # all its epochs were kept
    assert not state.exists()
    assert card.published == made.card.published
    assert (data.networks / "few.scenes-0.safetensors").read_bytes() == made.file("safetensors").read_bytes()


@dataclasses.dataclass
class Fake:
    """Stands in for drawing, training and measuring, and counts."""

    drawn: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    trained: list[tuple[str, int]] = dataclasses.field(default_factory=list)

    def scenes(self, seeds: range, _photographer: Photographer, size: int, **_: object) -> Photographs:
        self.drawn.append((seeds[0], len(seeds)))
        return Photographs(np.zeros((len(seeds), size, size, 3), np.uint8), np.zeros(len(seeds), np.int64))

    def train(self, wanted: Recipe, seed: int, shown: Photographs, *_: object, **__: object) -> Trained:
        self.trained.append((wanted.name, seed))
        assert len(shown) == wanted.scenes.count
        return Trained(ARCHITECTURES[wanted.architecture](len(scene_classes())).eval(), ())

    def measure(self, *_: object, **__: object) -> dict[str, Any]:
        return {"n": 1, "top1": 0.5}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    for name in ("scenes", "train", "measure"):
        monkeypatch.setattr(make, name, getattr(fake, name))
    return fake


def test_all_recipes_at_one_seed_before_the_next(tmp_path: Path, fake: Fake):
    twin = replace(FEW, name="twin.scenes", architecture="resnet10_bin5")
    cards = make.make([FEW, twin], [3, 1], DataFolder(tmp_path), family="mine")
    assert next(cards).key == "mine/few.scenes-3"
    assert fake.trained == [("few.scenes", 3)]  # one at a time, as it is asked for
    assert [card.key for card in cards] == ["mine/twin.scenes-3", "mine/few.scenes-1", "mine/twin.scenes-1"]
    assert fake.trained == [(name, seed) for seed in (3, 1) for name in ("few.scenes", "twin.scenes")]
    assert fake.drawn == [(1000, 96), (5000, 12)]  # once for all four
    assert list(make.make([twin, FEW], [1, 3, 5], DataFolder(tmp_path)))
    assert fake.trained[4:] == [("twin.scenes", 5), ("few.scenes", 5)]


def test_recipes_of_other_scenes_draw_their_own(tmp_path: Path, fake: Fake):
    more = replace(FEW, name="more.scenes", scenes=replace(FEW.scenes, count=100, first=7))
    list(make.make([FEW, more], [0], DataFolder(tmp_path)))
    assert fake.drawn == [(1000, 96), (5000, 12), (7, 100), (5000, 12)]


def test_a_changed_recipe_or_a_lost_checkpoint_is_made_again(tmp_path: Path, fake: Fake):
    data = DataFolder(tmp_path)
    for wanted, count in ((FEW, 1), (FEW, 1), (replace(FEW, title="Other"), 2), (FEW, 3)):
        (card,) = make.make([wanted], [0], data)
        assert card.title == f"{wanted.title} (seed 0)"
        assert len(fake.trained) == count
    card.weights.unlink()
    (card,) = make.make([FEW], [0], data)
    assert len(fake.trained) == 4
    assert card.available


# cards as text


def test_toml_is_read_back():
    facts = {
        "text": 'quotes " and \\ and \'single\', tab\t, line\nend', "unicode": "Grüße 日本 \U0001f600", "path": "a/b",
        "control": "".join(map(chr, range(1, 160))), "empty": "", "whole": -7, "large": 2**53, "yes": True, "no": False,
        "real": 0.1, "tiny": 5e-324, "small": 1e-05, "huge": 1.7976931348623157e308, "round": 1e16, "zero": 0.0,
        "list": [1, 2.5, -0.0], "texts": ["a", 'b"'], "pair": (3, 4), "nested": [[1], []],
    }  # fmt: skip
    tables = {
        "one": {"a": 1, "deep": {"b": "x", "deeper": {"c": [True]}, "other": {"d": 0.5}}, "z": 2},
        "two": {"only": {"e": "é"}},
        "none": {},
    }
    text = make.toml(facts, copy.deepcopy(tables))
    got = tomllib.loads(text.decode())
    assert text.endswith(b"\n")
    assert got == facts | {"pair": [3, 4]} | tables
    for name, value in facts.items():
        assert type(got[name]) is (list if name == "pair" else type(value))
    assert repr(got["list"][2]) == "-0.0"
