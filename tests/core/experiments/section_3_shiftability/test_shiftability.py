"""Layers from inside: maps as they pass, the response at stride 1, sum drift, aliasing and interpolation (§ 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision import models

from core.errors import BadCard, Cancelled
from core.experiments.section_3_shiftability import shiftability
from core.images.frames import Path
from core.inference.activations import DeepLayer, at_depths, channel_maps, ends, watch
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.networks.architectures.small import ResNet10
from core.networks.probe import Layer, layers
from core.networks.variants import surgery
from core.networks.variants.dilated import stride_free
from core.networks.variants.test_time import ShiftEnsemble
from tests.support.hooked import outputs

if TYPE_CHECKING:
    from tests.support.basics import Randomise, TinyCard

pytestmark = pytest.mark.usefixtures("one_thread")
SIZE = 32


@pytest.fixture(scope="module")
def frame() -> torch.Tensor:
    """A small bright texture on black, off centre, uint8 (3, 32, 32)."""
    made = torch.zeros(3, SIZE, SIZE, dtype=torch.uint8)
    made[:, 5:18, 9:22] = torch.randint(40, 256, (3, 13, 13), generator=torch.Generator().manual_seed(3)).byte()
    return made


def around(frame: torch.Tensor, shifts: int = SIZE) -> Path:
    """The frame moved down on the torus."""
    frames = tuple(frame.roll(k, 1) for k in range(shifts))
    return Path("shift", tuple(range(shifts)), frames, "network", "on the torus")


class Ideal(nn.Module):
    """The ideal low-pass filter for a stride of 2, on the torus: nothing at half a cycle a new pixel, or above."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        keep = torch.fft.fftfreq(x.shape[-1], device=x.device).abs() < 0.25
        filtered: torch.Tensor = torch.fft.ifft2(torch.fft.fft2(x) * (keep[:, None] & keep[None])).real
        return filtered


def circular(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1, padding_mode="circular")


def head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5)]


def stride_less() -> nn.Module:
    blocks = [nn.Sequential(circular(a, b), nn.ReLU(inplace=True)) for a, b in ((3, 8), (8, 8), (8, 12))]
    return nn.Sequential(*blocks, *head(12))


def linear(*, blur: bool) -> nn.Module:
    between = [Ideal()] if blur else []
    return nn.Sequential(circular(3, 8), *between, circular(8, 8, stride=2), circular(8, 12), *head(12))


def seeded(build: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    def work() -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            return build().eval().requires_grad_(False)

    return work


def test_without_stride_nothing_drifts_and_nothing_has_to_be_interpolated(
    engine: Engine, tiny_card: TinyCard, frame: torch.Tensor
) -> None:
    network = engine.load(tiny_card(key="test/stride-less", build=seeded(stride_less)))
    found = shiftability.sums(engine, network, around(frame))
    assert [one.deep.layer.name for one in found] == ["0.1", "1.1", "2.1"]
    assert [one.deep.depth for one in found] == pytest.approx([1 / 3, 2 / 3, 1])
    assert max(one.drift for one in found) < 1e-6
    for one in shiftability.spectra(engine, network, frame):
        assert (one.interpolation_error, one.aliased_energy) == pytest.approx((0, 0), abs=1e-6)


def test_an_ideal_blur_keeps_the_sum_of_a_linear_network_and_its_lack_does_not(
    engine: Engine, tiny_card: TinyCard, frame: torch.Tensor
) -> None:
    drift = {}
    for blur in (True, False):
        network = engine.load(tiny_card(key=f"test/linear-{blur}", build=seeded(partial(linear, blur=blur))))
        found = shiftability.sums(engine, network, around(frame))
        assert [one.deep.layer.stride for one in found] == [1, 2, 2]
        drift[blur] = [one.drift for one in found]
    assert max(drift[True]) < 1e-5
    assert drift[False][0] < 1e-5
    assert min(drift[False][1:]) > 1e-2


def test_what_is_strided_is_neither_band_limited_nor_interpolated(
    engine: Engine, tiny_card: TinyCard, frame: torch.Tensor
) -> None:
    network = engine.load(tiny_card(key="test/strided-10", build=seeded(partial(ResNet10, 5))))
    found = shiftability.spectra(engine, network, frame)
    assert [one.deep.layer.stride for one in found] == [2, 4, 8, 16]  # of a frame of 32 the last leaves a single place
    assert all(0.01 < one.interpolation_error < 1 and 0.001 < one.aliased_energy < 1 for one in found)


def test_drift_is_its_definition() -> None:
    sums, energy = np.array([[1.0, 5.0, 0.0], [3.0, 5.0, 0.0], [2.0, 5.0, 0.0]]), np.array([1.0, 3.0, 0.0])
    assert shiftability.sum_drift(sums, energy) == pytest.approx((1 * (3 - 1) / 2 + 3 * 0) / 4)
    assert shiftability.sum_drift(np.zeros((3, 2)), np.zeros(2)) == 0


def test_the_most_responsive_channel_is_not_the_one_that_only_says_the_same_of_black() -> None:
    flat, moving = np.full((2, 4, 4), 3.0), np.zeros((2, 4, 4))
    moving[0, 1, 1] = moving[1, 2, 1] = 2.0
    maps = np.stack([flat, moving], 1)
    deep = DeepLayer(Layer("relu", "ReLU", 4, 2), 1.0)
    found = shiftability.Sums(deep, maps.sum((2, 3)), (maps**2).sum((0, 2, 3)))
    assert found.energy[0] > found.energy[1]
    assert found.strongest == 1
    assert found.drift == found.drift_of(0) == found.drift_of(1) == 0


@pytest.mark.parametrize(("edge", "stride"), [(12, 2), (12, 3), (13, 4)])
def test_interpolation_error_is_that_of_least_squares(edge: int, stride: int) -> None:
    """Against B fitted tap by tap, for each place between the grid's, over all positions of the grid."""
    texture = torch.rand(2, edge, edge, generator=torch.Generator().manual_seed(edge))
    smooth = functional.avg_pool2d(texture, 3, 1, 1) ** 2
    error, aliased = shiftability.spectrum(smooth, stride)
    off, n = (edge - edge // stride * stride) // 2, edge // stride * stride
    left = total = above = 0.0
    frequency = np.abs(np.fft.fftfreq(n))
    high = np.maximum(frequency[:, None], frequency[None]) > 0.5 / stride + 1e-9
    for r in smooth[:, off : off + n, off : off + n].double().numpy():
        taps = [
            np.roll(r, (-stride * i, -stride * j), (0, 1)).ravel()
            for i in range(n // stride)
            for j in range(n // stride)
        ]
        for i in range(stride):
            for j in range(stride):
                wanted = np.roll(r, (-i, -j), (0, 1)).ravel()
                fitted = np.linalg.lstsq(np.stack(taps, 1), wanted, rcond=None)[0]
                left += float(((np.stack(taps, 1) @ fitted - wanted) ** 2).sum())
        total += float((r**2).sum())
        above += float((np.abs(np.fft.fft2(r)[high]) ** 2).sum()) / n**2
    assert error == pytest.approx((left / stride**2 / total) ** 0.5, rel=1e-3)
    assert aliased == pytest.approx(above / total, rel=1e-3)


@pytest.mark.parametrize(("cycles", "share"), [(3, 0), (4, 0), (5, 1)])
def test_what_lies_above_nyquist_is_aliased(cycles: int, share: float) -> None:
    wave = torch.cos(2 * torch.pi * cycles * torch.arange(16) / 16).expand(1, 16, 16)
    assert shiftability.spectrum(wave, 2)[1] == pytest.approx(share, abs=1e-6)
    assert shiftability.spectrum(torch.zeros(1, 16, 16), 2) == (0, 0)


# Observation 2


@pytest.mark.parametrize("stride", [2, 3])
def test_subsampling_and_convolving_is_dilating_convolving_and_subsampling(stride: int) -> None:
    x, weight = torch.randn(2, 3, 24, 25), torch.randn(4, 3, 3, 3)
    one = functional.conv2d(x[..., ::stride, ::stride], weight)
    other = functional.conv2d(x, weight, dilation=stride)[..., ::stride, ::stride]
    assert torch.allclose(one, other, atol=1e-5)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: models.resnet18(num_classes=5),
    "vgg11": lambda: nn.Sequential(models.vgg.make_layers([8, "M", 8, "M", 12, 12, "M"]), *head(12)),
    "densenet": lambda: models.DenseNet(4, (2, 2, 2), 8, num_classes=5),
    "resnet10": lambda: ResNet10(5),
    "resnet10_bin5": lambda: ResNet10(5, blur=True),
}


@pytest.mark.parametrize("edge", [64, 45])
@pytest.mark.parametrize("name", NETWORKS)
def test_at_stride_one_every_layer_is_the_networks_own_at_its_places(
    name: str, edge: int, natural_frame: torch.Tensor
) -> None:
    model = seeded(NETWORKS[name])()
    found = [layer for layer in layers(model, 64) if (layer.stride or 0) > 1]
    strides = {layer.name: layer.stride for layer in found}
    assert max(strides.values(), default=0) >= 8
    x = natural_frame[..., :edge, :edge]
    own, free = (outputs(m, x, list(strides)) for m in (model, stride_free(model, 64)))
    for key, stride in strides.items():
        assert free[key].shape[2] >= edge // 2
        sampled = free[key][..., ::stride, ::stride]
        assert torch.allclose(sampled, own[key], rtol=1e-3, atol=1e-5 * float(own[key].abs().max())), key


@pytest.fixture(scope="module")
def natural_frame() -> torch.Tensor:
    from skimage import data

    pixels = torch.from_numpy(data.chelsea()[100:164, 150:214].copy()).permute(2, 0, 1)[None]
    return pixels.float().div(255).sub(0.45).div(0.225)


def test_what_else_subsamples_is_refused() -> None:
    with pytest.raises(BadCard, match="subsamples by more than"):
        stride_free(surgery.polyphase(models.resnet18(num_classes=5)), 64)


# maps as they pass


def test_maps_are_those_of_a_plain_forward(engine: Engine, tiny_card: TinyCard, randomise: Randomise) -> None:
    """More frames than a batch, batch norms folded, a ReLU that runs twice a block; and no hook is left behind."""
    model = randomise(models.resnet18(num_classes=5), SIZE)
    card = tiny_card(key="test/resnet18", build=lambda: model)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (card.preprocessing.mean, card.preprocessing.std))
    frames = torch.randint(0, 256, (11, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(1)).byte()
    network = engine.load(card)
    assert network.folded
    found = [deep.layer for deep in ends(network)]
    assert [layer.name for layer in found] == ["relu", *(f"layer{a}.{b}.relu" for a in (1, 2, 3) for b in (0, 1))]
    got = channel_maps(engine, network, frames, dict.fromkeys(found, 3))
    wanted = outputs(model, (frames.float() / 255 - mean) / std, [layer.name for layer in found])
    for layer in found:
        assert torch.allclose(got[layer.name], wanted[layer.name][:, 3], rtol=1e-3, atol=1e-4)
    assert not any(module._forward_hooks for module in network.watchable.values())


class Twice(nn.Module):
    """One ReLU after either of two convolutions, the second of which has more channels."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.relu = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, 2, 1), nn.ReLU(inplace=True)
        self.end = nn.Sequential(*head(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.end(self.relu(self.two(self.relu(self.one(x)))))
        return found


def test_of_a_layer_that_runs_twice_the_last_run_is_seen(
    engine: Engine, tiny_card: TinyCard, frame: torch.Tensor
) -> None:
    network = engine.load(tiny_card(key="test/twice", build=seeded(Twice)))
    (deep,) = ends(network)
    assert (deep.layer.name, deep.layer.edge, deep.layer.runs) == ("relu", SIZE // 2, 2)
    shown: list[torch.Size] = []
    for _ in watch(engine, network, [frame] * 9, [deep.layer], lambda _, maps: shown.append(maps.shape)):
        pass
    assert shown == [(8, 8, SIZE // 2, SIZE // 2), (1, 8, SIZE // 2, SIZE // 2)]  # once a batch
    assert channel_maps(engine, network, [frame], {deep.layer: 7})["relu"].shape == (1, SIZE // 2, SIZE // 2)


def test_depths_choose_the_nearest_each_once() -> None:
    found = [DeepLayer(Layer(str(k), "ReLU", 8, 2), depth) for k, depth in enumerate((0.1, 0.2, 0.55, 0.6, 0.9, 1.0))]
    assert [one.depth for one in at_depths(found)] == [0.1, 0.2, 0.55, 0.9, 1.0]
    assert [one.depth for one in at_depths(found, (0, 0.05, 1))] == [0.1, 1.0]


def test_networks_that_cannot_be_watched_say_so(engine: Engine, tiny_card: TinyCard) -> None:
    card = replace(tiny_card(key="test/remedied"), remedy=ShiftEnsemble(reach=1))
    with pytest.raises(BadCard, match="cannot be watched"):
        ends(engine.load(card))


def test_it_stops_within_a_batch(engine: Engine, tiny_card: TinyCard, frame: torch.Tensor) -> None:
    cancel, seen = Cancel(), []

    def report(progress: Progress) -> None:
        seen.append(progress.done)
        cancel.request()

    with pytest.raises(Cancelled):
        shiftability.sums(engine, engine.load(tiny_card()), around(frame), report=report, cancel=cancel)
    assert seen == [engine.batch]
