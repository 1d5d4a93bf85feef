"""The paper's corollaries (§ 3) on the torus: blurred inputs, linear or not, and two halves that move apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision import models

from core.datasets.scenes import render
from core.errors import BadCard, BadProtocol
from core.experiments.section_3_shiftability import corollaries
from core.experiments.section_3_shiftability.corollaries import BLURRED, EVERYWHERE, ROUNDING, SUBSAMPLED, Case
from core.experiments.section_3_shiftability.shiftability import Sums
from core.images.photographs import Photograph
from core.inference.activations import DeepLayer, ends
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.networks.architectures.small import ResNet10
from core.networks.card import NetworkCard
from core.networks.probe import Layer
from core.networks.variants.circular import low_pass, on_torus

if TYPE_CHECKING:
    from tests.support.basics import Randomise, TinyCard

pytestmark = pytest.mark.usefixtures("one_thread")
SIZE = 64
BUILDS: dict[str, Callable[[], nn.Module]] = {
    "strided": lambda: ResNet10(5),
    "bin-5": lambda: ResNet10(5, blur=True),
    "resnet18": lambda: models.resnet18(num_classes=5),
    "vgg11": lambda: nn.Sequential(
        models.vgg.make_layers([8, "M", 8, "M", 12, 12, "M"]), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 5)
    ),
}


def silent(_: object) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def scene() -> Photograph:
    return render(7, label="cat")


@pytest.fixture(scope="module")
def networks(randomise: Randomise) -> dict[str, nn.Module]:
    return {name: randomise(build(), SIZE) for name, build in BUILDS.items()}


@pytest.fixture
def cards(tiny_card: TinyCard, networks: dict[str, nn.Module]) -> dict[str, NetworkCard]:
    return {
        name: sized(tiny_card(key=f"test/torus-{name}", build=lambda m=model: m)) for name, model in networks.items()
    }


def sized(card: NetworkCard) -> NetworkCard:
    return replace(card, preprocessing=replace(card.preprocessing, resize=SIZE, crop=SIZE))


def measured(engine: Engine, card: NetworkCard, scene: Photograph, case: Case) -> list[float]:
    return [one.drift for one in corollaries.measure_case(engine, card, scene, case, silent, Cancel())]


# Networks on the torus


@pytest.mark.parametrize(("edge", "cutoff", "kept"), [(16, 1 / 4, 3), (16, 0.26, 4), (15, 1 / 4, 3), (16, 1 / 64, 0)])
def test_the_low_pass_keeps_what_lies_below(edge: int, cutoff: float, kept: int) -> None:
    x = torch.rand(2, edge, edge, generator=torch.Generator().manual_seed(1))
    cycles = np.abs(np.fft.fftfreq(edge) * edge).round()
    keep = (cycles[:, None] <= kept) & (cycles[None] <= kept)
    wanted = np.fft.ifft2(np.fft.fft2(x.numpy()) * keep).real
    assert low_pass(x, cutoff).numpy() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("name", BUILDS)
def test_a_shift_by_the_total_stride_moves_every_map_by_a_place(
    name: str, linear: bool, networks: dict[str, nn.Module]
) -> None:
    model = on_torus(networks[name], SIZE, linear=linear)
    x = torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(2))
    maps: list[torch.Tensor] = []
    for module in model.modules():
        if isinstance(module, nn.AvgPool2d | nn.Conv2d):
            module.register_forward_hook(lambda _module, _inputs, output: maps.append(output))
    with torch.inference_mode():
        one = model(x)
        still, count = maps[:], len(maps)
        maps.clear()
        assert torch.allclose(model(x.roll(32, 2)), one, rtol=1e-4, atol=1e-4 * float(one.abs().max()))
    assert len(maps) == count > 5
    edges = {each.shape[-1] for each in still if each.shape[-1] > 1}
    assert edges <= {64, 32, 16, 8, 4, 2}
    for before, after in zip(still, maps, strict=True):
        by = 32 * before.shape[-1] // SIZE
        assert torch.allclose(after, before.roll(by, 2), rtol=1e-3, atol=1e-4 * float(before.abs().max()))


def test_what_stays_bent_without_its_activations_is_refused() -> None:
    class Bent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = ResNet10(5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.model(functional.relu(x))

    torch.manual_seed(0)
    with pytest.raises(BadCard, match="not linear without its activations"):
        on_torus(Bent(), SIZE, linear=True)
    with pytest.raises(BadCard, match="has no activation that is a module"):
        on_torus(nn.Conv2d(3, 4, 3), SIZE, linear=False)


# A blurred input


@pytest.mark.parametrize("name", BUILDS)
def test_a_linear_network_keeps_the_sum_of_a_blurred_input_and_the_same_with_relu_does_not(
    name: str, engine: Engine, cards: dict[str, NetworkCard], scene: Photograph
) -> None:
    card = cards[name]
    stride = max(deep.layer.stride or 1 for deep in ends(engine.load(card)))
    cases = corollaries.cases(1 / stride)  # a frame of 64 has no other frequency than 0 below 1 / 2s
    straight, bare, bent, both = (measured(engine, card, scene, case) for case in cases)
    assert max(straight) < ROUNDING
    assert max(bent) > 100 * max(straight)
    assert bent[-1] > 1e-3
    assert both[-1] > 5e-3
    keeps = name in ("bin-5", "vgg11")  # whose own blurs, and averages of 2 x 2, vanish where subsampling folds
    assert (bare[-1] < ROUNDING) == keeps


def test_a_blur_that_is_too_weak_keeps_no_sum(engine: Engine, cards: dict[str, NetworkCard], scene: Photograph) -> None:
    """Below 1/s the sum survives, though below 1/2s alone the response is shiftable."""
    found = {c: measured(engine, cards["strided"], scene, Case(linear=True, cutoff=c)) for c in (1 / 8, 1 / 4)}
    assert max(found[1 / 8][:3]) < ROUNDING  # strides 2, 4, 8
    assert found[1 / 4][2] > 1e-2
    assert found[1 / 8][3] > 1e-2


def test_a_sum_that_changes_over_a_stride_is_refused(tiny_card: TinyCard) -> None:
    deep = DeepLayer(Layer("relu", "ReLU", 4, 2), 1.0)
    corollaries.check_circular(tiny_card(), Sums(deep, np.array([[1.0], [2.0], [1.0]]), np.ones(1)))
    with pytest.raises(BadCard, match="is not padded circularly"):
        corollaries.check_circular(tiny_card(), Sums(deep, np.array([[1.0], [1.0], [1.1]]), np.ones(1)))


# Two halves that move apart


def test_halves_move_apart_a_pixel_a_step(cards: dict[str, NetworkCard], scene: Photograph) -> None:
    path = corollaries.halves_path(scene, cards["strided"])
    first = path.frames[0]
    columns = first.sum((0, 1)).nonzero()[:, 0]
    gaps = columns[1:][columns.diff() > 1] - columns[:-1][columns.diff() > 1] - 1
    assert gaps.tolist() == [corollaries.GAP]
    middle = int(columns[:-1][columns.diff() > 1][0]) + 1
    for k, frame in enumerate(path.frames):
        assert torch.equal(frame[..., :middle], first[..., :middle].roll(k, 1))
        assert torch.equal(frame[..., middle:], first[..., middle:].roll(-k, 1))


@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize("stride", [2, 8])
def test_what_is_shiftable_keeps_its_sum_though_parts_move_differently(
    name: str, stride: int, engine: Engine, cards: dict[str, NetworkCard], scene: Photograph
) -> None:
    card = cards[name]
    found = corollaries.measure_halves(engine, card, scene, stride, silent, Cancel())
    assert found.drifts[EVERYWHERE] < 1e-6
    assert found.drifts[BLURRED] < 1e-5
    assert found.drifts[SUBSAMPLED] > 1e-3
    assert found.sums[BLURRED] == pytest.approx(found.sums[EVERYWHERE], rel=1e-3, abs=1e-2)
    kept: list[torch.Tensor] = []
    model = card.build()
    layer = next(module for module in model.modules() if isinstance(module, nn.ReLU))
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    before, first.stride = first.stride, (1, 1)
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output.clone()))
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (card.preprocessing.mean, card.preprocessing.std))
    around = 8  # more black around the frame: what zero padding does there stays outside
    with torch.inference_mode():
        model((functional.pad(torch.stack(found.path.frames[3:4]), (around,) * 4) / 255 - mean) / std)
    handle.remove()
    first.stride = before
    own = kept[0][0, :, around:-around, around:-around].double()
    assert found.sums[EVERYWHERE][3] == pytest.approx(own.sum((1, 2)).numpy(), rel=1e-4, abs=1e-2)
    sampled = own[:, ::stride, ::stride].sum((1, 2)).numpy() * stride**2
    assert found.sums[SUBSAMPLED][3] == pytest.approx(sampled, rel=1e-4, abs=1e-2)


def test_a_stride_that_does_not_divide_the_frame_is_refused(
    engine: Engine, cards: dict[str, NetworkCard], scene: Photograph
) -> None:
    with pytest.raises(BadProtocol, match="stride of 5"):
        corollaries.measure_halves(engine, cards["strided"], scene, 5, silent, Cancel())
