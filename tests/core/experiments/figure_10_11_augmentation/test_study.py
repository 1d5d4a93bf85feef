"""Figures 10 and 11: photographs that are named, sides as augmentation, networks without subsampling, the study."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from PIL import Image
from torchvision.models import resnet50

from core import studies
from core.datasets import listing
from core.errors import BadFolder, BadProtocol, BadRecipe
from core.experiments.figure_10_11_augmentation import sizes
from core.experiments.figure_10_11_augmentation.figure import accuracy, against_size
from core.inference.engine import Engine
from core.networks.architectures.small import ARCHITECTURES
from core.networks.card import Labels
from core.networks.probe import find_head, layers, total_stride
from core.networks.zoo import checkpoint
from core.statistics import tables
from core.statistics.intervals import wilson
from core.storage.data_folder import DataFolder
from core.training import make, recipe
from core.training.photographs import Photographs, batches, crop_or_pad, labelled
from core.training.recipe import NamedPhotographs, Sides
from tests.support.basics import TinyCard
from tests.support.study_tables import pairs_table

pytestmark = pytest.mark.usefixtures("one_thread")

FEW = NamedPhotographs(dataset="Few", classes=2, size=32)


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of 24 photographs each, one darker than the other, and one more that lies in none."""
    root = tmp_path_factory.mktemp("album")
    for seed in range(48):
        folder = root / "two" / ("bright" if seed % 2 else "dark")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(40, seed) // (1 if seed % 2 else 2)).save(folder / f"{seed:03d}.png")
    (root / "alone").mkdir()
    Image.fromarray(noise(40)).save(root / "alone" / "one.png")
    return root


def noise(side: int = 32, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(1, 256, (side, side, 3), np.uint8)


# sides


def test_at_the_frames_own_side_nothing_is_done() -> None:
    pixels = noise()
    np.testing.assert_array_equal(crop_or_pad(pixels, 32, 32, "bilinear", np.random.default_rng(0)), pixels)


@pytest.mark.parametrize("side", [1, 16, 31])
def test_a_smaller_side_lies_on_black(side: int) -> None:
    pixels = noise()
    small = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR))
    corners = set()
    for k in range(200):
        frame = crop_or_pad(pixels, side, 32, "bilinear", np.random.default_rng(k))
        y, x = (int(axis.min()) for axis in np.nonzero(frame.any(2)))
        np.testing.assert_array_equal(frame[y : y + side, x : x + side], small)
        assert np.count_nonzero(frame.any(2)) == side * side
        corners.add((x, y))
    for axis in (0, 1):
        assert {min(c[axis] for c in corners), max(c[axis] for c in corners)} == {0, 32 - side}


def test_of_a_larger_side_a_part_is_seen() -> None:
    pixels = noise()
    large = np.asarray(Image.fromarray(pixels).resize((36, 36), Image.Resampling.BILINEAR))
    parts = {large[y : y + 32, x : x + 32].tobytes() for y in range(5) for x in range(5)}
    seen = {crop_or_pad(pixels, 36, 32, "bilinear", np.random.default_rng(k)).tobytes() for k in range(600)}
    assert seen == parts


def test_an_epoch_of_sides_can_be_made_again() -> None:
    source = Photographs(np.stack([noise(seed=k) for k in range(20)]), np.arange(20) % 2)
    first, again, other = (
        list(batches(source, Sides(least=16, most=48), 32, "bilinear", batch=8, seed=0, epoch=epoch))
        for epoch in (1, 1, 2)
    )
    assert [frames.shape for frames, _ in first] == [(8, 3, 32, 32)] * 2
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True))
    assert not torch.equal(first[0][0], other[0][0])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("least = 32", "least = 40", "least 40, most 32"),
        ("least = 32", "least = 0", "least 0"),
        ("least = 32", "least = 32.5", "least = 32.5"),
        ("most = 32", "", "no field 'most'"),
        ("classes = 10", "classes = 1", "classes 1"),
        ("size = 32", "size = 8", "size 8"),
        ("[sides]", "[crops]", "'area' in .crops."),
        ("[photographs]", "[scenes]", "in .scenes.|photographer"),
        ("[schedule]", "[scenes]\n[schedule]", "'scenes'"),
    ],
)
def test_a_wrong_recipe_says_what(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (recipe.RECIPES / "resnet8.cifar10.toml").read_text()
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new))
    with pytest.raises(BadRecipe, match=said):
        recipe.read(tmp_path / "mine.toml")


# photographs that are named


def test_photographs_become_squares_with_labels(album: Path) -> None:
    sources = listing(album / "two")
    got, names = labelled(sources, FEW)
    assert names == tuple(sorted({str(source.label) for source in sources}))
    assert (got.pixels.shape, got.pixels.dtype, len(got)) == ((48, 32, 32, 3), np.uint8, 48)
    assert [names[label] for label in got.labels] == [source.label for source in sources]
    for k in (0, 30, 47):
        wanted = sources[k].read().image().resize((32, 32), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(got.pixels[k], np.asarray(wanted))


def test_what_has_no_such_labels_is_refused(album: Path) -> None:
    with pytest.raises(BadFolder, match=r"1 photographs of 1 labels: None; wanted 2 labels \(Few\)"):
        labelled(listing(album / "alone"), FEW)
    with pytest.raises(BadFolder, match="wanted 3 labels"):
        labelled(listing(album / "two"), replace(FEW, classes=3))
    with pytest.raises(BadFolder, match="wanted boat, tree"):
        labelled(listing(album / "two"), FEW, ("boat", "tree"))


def small(name: str) -> recipe.Recipe:
    """A shipped recipe for the album."""
    wanted = recipe.get(name)
    schedule = replace(wanted.schedule, epochs=2, batch=16, warmup_epochs=0.5)
    return replace(wanted, name="few.sides", photographs=FEW, schedule=schedule)


def test_a_network_of_named_photographs_ships_with_their_names(album: Path, tmp_path: Path) -> None:
    sources: Sequence[Sequence[object]] = [listing(album / "two")] * 2
    wanted, data = small("resnet8_black.cifar10"), DataFolder(tmp_path)
    (card,) = make.make([wanted], [1], data, named=sources)  # type: ignore[arg-type]
    assert card.labels is not None
    assert card.labels.names == tuple(sorted({str(s.label) for s in sources[0]}))  # type: ignore[attr-defined]
    assert card.trained_on == "Few (two)"
    assert card.trained_sides == (16, 32)
    facts = tomllib.loads((data.networks / "few.sides-1.toml").read_text())
    assert facts["labels"] == "few.txt"
    assert facts["recipe"]["sides"] == {"least": 16, "most": 32}
    assert facts["measured"]["n"] == 48
    assert checkpoint.read_card(data.networks / "few.sides-1.toml").build()(torch.zeros(1, 3, 32, 32)).shape == (1, 2)
    with pytest.raises(BadRecipe, match="without photographs; wanted those of Few"):
        list(make.make([wanted], [2], data))


# networks without subsampling

PAIR, ZERO, TORUS = "alexnet32", "alexnet32_stride1_zero", "alexnet32_stride1"


def network(name: str, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = ARCHITECTURES[name](10)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model.eval()


@pytest.mark.parametrize(
    ("name", "parameters", "stride"),
    [("resnet8", 78_042, 4), ("resnet8_bin5", 78_042, 4), (PAIR, 44_066, 4), (ZERO, 44_066, 1), (TORUS, 44_066, 1)],
)
def test_form(name: str, parameters: int, stride: int, engine: Engine, tiny_card: TinyCard) -> None:
    """Size, total stride, and the global average pool's output as feature."""
    model = network(name)
    card = tiny_card(key=f"test/{name}")
    shown = replace(card.preprocessing, resize=32, crop=32)
    card = replace(card, preprocessing=shown, labels=Labels(tuple(f"class {k}" for k in range(10))))
    prepared = engine.prepare(card, model)
    assert (prepared.parameters, prepared.stride) == (parameters, stride)
    frames = torch.from_numpy(np.stack([noise(seed=k) for k in range(2)])).permute(0, 3, 1, 2)
    (got,) = engine.predict(prepared, list(frames))
    assert got.features.shape == (2, 64 if "resnet" in name else 48)
    assert got.probabilities.shape == (2, 10)


def test_resnet_50_for_small_pictures() -> None:
    """torchvision's but for its beginning, with as many multiply-adds as its maps and kernels make."""
    model, usual = ARCHITECTURES["resnet50_cifar"](10).eval(), resnet50(weights=None, num_classes=10)
    apart = {k for k, v in usual.state_dict().items() if model.state_dict()[k].shape != v.shape}
    assert apart == {"conv1.weight"}
    assert model.state_dict().keys() == usual.state_dict().keys()
    assert sum(p.numel() for p in model.parameters()) == 23_520_842
    assert total_stride(layers(model, 32)) == 8
    assert find_head(model, 10) == "fc"
    done: list[int] = []

    def count(layer: torch.nn.Conv2d | torch.nn.Linear, _: object, out: torch.Tensor) -> None:
        done.append(layer.weight.numel() * (out[0, 0].numel() if isinstance(layer, torch.nn.Conv2d) else 1))

    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 10)
    assert len(done) == 54
    assert 1.29e9 < sum(done) < 1.31e9


def test_the_three_have_the_same_weights() -> None:
    shapes = [{k: v.shape for k, v in network(name).state_dict().items()} for name in (PAIR, ZERO, TORUS)]
    assert shapes[0] == shapes[1] == shapes[2]


@torch.inference_mode()
def test_subsample_then_convolve_is_dilate_convolve_subsample() -> None:
    """Observation 2: at every fourth place the network without subsampling has the subsampled one's maps."""
    frames = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with_, without = network(PAIR), network(ZERO)
    without.load_state_dict(with_.state_dict())
    torch.testing.assert_close(without.features(frames)[..., ::4, ::4], with_.features(frames), atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_on_the_torus_a_shift_inside_black_changes_nothing() -> None:
    """A canvas of 32 with 20 pixels of noise: every shift that keeps them inside (Figure 11)."""
    frames = torch.zeros(1, 3, 32, 32)
    frames[..., 2:22, 2:22] = torch.randn(3, 20, 20, generator=torch.Generator().manual_seed(1))
    moved = torch.cat([frames.roll((dy, dx), (2, 3)) for dy in range(-2, 11, 3) for dx in range(-2, 11, 3)])
    answers = {name: network(name)(moved).softmax(1) for name in (PAIR, ZERO, TORUS)}
    off = {name: float((p - p[:1]).abs().max()) for name, p in answers.items()}
    assert off[TORUS] < 1e-6
    assert off[ZERO] > 1e-5  # its twin with zeros around is not exact
    assert off[PAIR] > 1e-4


# the study


def test_sides_below_the_frame_are_black_and_above_upscaled() -> None:
    made = studies.create("augmentation").instances(32)
    assert [(p.name, p.side) for p in made] == [  # type: ignore[attr-defined]
        *(("black", side) for side in (8, 12, 16, 20, 24, 28)),
        *(("upscale", side) for side in range(36, 65, 4)),
    ]
    assert [p.name for p in studies.create("augmentation", sides=(30, 33)).instances(32)] == ["black", "upscale"]
    assert len(studies.create("augmentation").small().instances(32)) <= 4
    with pytest.raises(BadProtocol, match="protocols crop, black; wanted black or upscale"):
        studies.create("augmentation", protocols=("crop", "black"))
    for side in (31, 32):
        with pytest.raises(BadProtocol, match=f"a side of {side}"):
            studies.create("augmentation", sides=(side,)).instances(32)


# what the study says

PLAIN, WIDE = "embedded/plain.cifar10-0", "embedded/plain_black.cifar10-0"
TRAINED = {PLAIN: (32, 32), WIDE: (16, 32)}


def sized(pairs: int = 1, photographs: int = 300) -> pd.DataFrame:
    """Of two networks at four sides; the second never changes its answer at 16 and 24, the first at none."""
    table = pairs_table((PLAIN, WIDE), ("black",), photographs, pairs, sides=(8, 12, 16, 24))
    steady = (table["network"] == WIDE) & table["side"].ge(16)
    table["changed"] = table["changed"].mask(steady, other=False)
    table["p_after"] = table["p_after"].where(~steady, table["p_before"])
    return table


@pytest.mark.parametrize("pairs", [1, 2])
def test_accuracy_by_side_is_counted_row_by_row(pairs: int) -> None:
    table = sized(pairs, photographs=30)
    got = {(one.network, one.side): one for one in sizes.accuracies(table)}
    assert [one.side for one in sizes.accuracies(table)] == sorted([8, 12, 16, 24] * 2)
    for network, side in itertools.product((PLAIN, WIDE), (8, 12, 16, 24)):
        rights = [
            row.class_before == row.label_index
            for row in table.itertuples()
            if row.network == network and row.side == side and not pd.isna(row.label_index)
        ]
        one = got[network, side]
        assert (one.accuracy, one.n) == (pytest.approx(sum(rights) / len(rights)), len(rights))
        assert one.interval is not None
        assert one.interval[0] <= one.accuracy <= one.interval[1]
        if pairs == 1:
            assert one.interval == wilson(sum(rights), len(rights))


def test_what_a_training_gained_is_counted_within_and_outside_its_sizes() -> None:
    said = sizes.gained(sized(), TRAINED)
    assert said.startswith("Beside plain.cifar10-0, which saw one size: plain_black.cifar10-0 (trained at 16 to 32 px)")
    assert "changes its answer less often at 2 of the 2 sizes within that range" in said
    assert re.search(r"shows no evidence of a difference at the 2 outside|often at [12] of the 2 sizes outside", said)
    assert "n = 300 photographs" in said
    same = sized()
    for name in ("changed", "p_before", "p_after", "class_before", "class_after"):  # the same network twice
        values = same[same["network"] == PLAIN].set_index(["digest", "side", "pair"])[name]
        other = same[same["network"] == WIDE].set_index(["digest", "side", "pair"]).index
        same.loc[same["network"] == WIDE, name] = values.loc[other].to_numpy()
    assert sizes.gained(same, TRAINED).count("shows no evidence of a difference at the 2") == 2
    assert sizes.gained(sized(), {WIDE: (16, 32)}) == sizes.gained(sized(), {PLAIN: (32, 32)}) == ""


def test_exactness_is_said_with_the_largest_change_and_the_others_beside_it() -> None:
    table = sized()
    table = table[table["side"].ge(16)]
    flips = tables.changed(table[table["network"] == PLAIN])
    said = sizes.exact(table)
    assert said.startswith(
        "On black, plain_black.cifar10-0 changes none of 600 answers (largest |Δp| 0); plain.cifar10"
    )
    assert f"plain.cifar10-0 {flips.mean():.3f} [" in said
    assert "(300 photographs at all sizes, 95 % intervals)." in said
    assert "no network is exactly invariant; plain" in sizes.exact(table[table["network"] == PLAIN])
    moved = table.assign(p_after=table["p_after"] + 1e-5)  # no answer changes, and yet more than rounding
    assert "no network is exactly invariant" in sizes.exact(moved)
    assert sizes.exact(table.assign(protocol="upscale")) == ""


def test_curves_shade_what_was_trained() -> None:
    table = sized()
    found = tables.measured(table)
    fig = against_size(found, "p_top1_change", trained=TRAINED, frame=32)
    (line,) = (t for t in fig.data if t.name == "plain.cifar10-0")
    wanted = [one.sensitivity.p_top1_change for one in found if one.network == PLAIN]
    assert sorted(line.y) == pytest.approx(sorted(wanted))
    assert list(line.x) == [8, 12, 16, 24]
    boxes = [(s.x0, s.x1) for s in fig.layout.shapes]
    assert boxes == [(16, 32), (32, 32)]  # the range of one network; the frame
    right = accuracy(sizes.accuracies(table), trained=TRAINED, frame=32)
    drawn = {t.name: list(t.y) for t in right.data if t.mode == "lines+markers"}
    assert drawn["plain.cifar10-0"] == [one.accuracy for one in sizes.accuracies(table) if one.network == PLAIN]
    assert right.layout.yaxis.title.text == "top-1 accuracy"
    assert len(against_size(found, "p_top1_change", trained={}, frame=None).layout.shapes) == 0
