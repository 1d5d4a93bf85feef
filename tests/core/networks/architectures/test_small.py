"""BlurPool against slow numpy; the small networks and their antialiased twins: what they share and what not."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.networks.architectures import blurpool
from core.networks.architectures.blurpool import BlurPool, binomial
from core.networks.architectures.small import ARCHITECTURES
from core.networks.card import Labels
from core.networks.probe import find_head, layers, total_stride

if TYPE_CHECKING:
    from tests.support.basics import Randomise, TinyCard

pytestmark = pytest.mark.usefixtures("one_thread")
Floats = npt.NDArray[np.float64]

TAPS = tuple(range(2, 8))
SIZES = ((8, 8), (9, 9), (12, 7), (7, 16), (13, 10))
PARAMETERS = 1_232_048  # of either, with 16 classes
TWINS = (("resnet10", "resnet10_bin5"),)


# the filter


@pytest.mark.parametrize("taps", range(1, 8))
def test_binomial_is_a_row_of_pascals_triangle(taps: int):
    row = binomial(taps)
    assert row.dtype == torch.float32
    assert row.tolist() == [math.comb(taps - 1, k) / 2 ** (taps - 1) for k in range(taps)]  # exact in float32


def slow_blur(x: Floats, taps: int, stride: int) -> Floats:
    """(N, C, H, W), pixel by pixel: reflected without its edge, the odd pixel of an even filter at the far side."""
    row = np.array([math.comb(taps - 1, k) for k in range(taps)]) / 2 ** (taps - 1)
    before, after = (taps - 1) // 2, taps // 2
    padded = np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)), mode="reflect")
    height, width = x.shape[2:]
    out = np.zeros((*x.shape[:2], -(-height // stride), -(-width // stride)))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            patch = padded[:, :, i * stride : i * stride + taps, j * stride : j * stride + taps]
            out[:, :, i, j] = (patch * row[:, None] * row[None]).sum((2, 3))
    return out


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("training", [False, True], ids=["convolution", "matrices"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("taps", TAPS)
def test_blurpool_is_slow_numpys(taps: int, stride: int, training: bool):
    pool = BlurPool(3, taps, stride).train(training)
    for height, width in SIZES:
        x = noise(2, 3, height, width)
        got = pool(x)
        np.testing.assert_allclose(got.numpy(), slow_blur(x.double().numpy(), taps, stride), rtol=0, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("taps", TAPS)
def test_both_paths_have_the_same_gradient(taps: int, stride: int):
    pool = BlurPool(3, taps, stride)
    for height, width in SIZES:
        gradients = []
        for training in (False, True):
            x = noise(2, 3, height, width).requires_grad_()
            out = pool.train(training)(x)
            out.backward(noise(*out.shape, seed=1))
            gradients.append(x.grad)
        assert gradients[0].abs().max() > 0.1
        torch.testing.assert_close(gradients[1], gradients[0], rtol=0, atol=2e-6)


def test_both_paths_take_channels_last():
    x = noise(2, 6, 9, 12).contiguous(memory_format=torch.channels_last)
    wanted = slow_blur(x.double().numpy(), 5, 2)
    for training in (False, True):
        np.testing.assert_allclose(BlurPool(6).train(training)(x).numpy(), wanted, rtol=0, atol=1e-6)


@pytest.fixture
def nothing_kept() -> Iterator[None]:
    """Matrices are kept from call to call: here from none before."""
    blurpool._matrix.cache_clear()
    yield
    blurpool._matrix.cache_clear()


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("where", [torch.inference_mode(), torch.device("meta"), torch.autocast("cpu", torch.bfloat16)])
def test_where_a_matrix_is_first_made_does_not_matter(where: torch.inference_mode | torch.device | torch.autocast):
    """One made without gradients, without numbers or in half precision would be met again by a training."""
    pool = BlurPool(3).train()
    with where:
        pool(torch.zeros(1, 3, 9, 12))
    x = noise(1, 3, 9, 12).requires_grad_()
    out = pool(x)
    out.sum().backward()
    np.testing.assert_allclose(out.detach().numpy(), slow_blur(x.detach().double().numpy(), 5, 2), rtol=0, atol=1e-6)


@pytest.mark.parametrize("taps", TAPS)
def test_the_filter_travels_in_the_checkpoint_and_is_not_learned(taps: int):
    pool = BlurPool(4, taps)
    assert list(pool.state_dict()) == ["filt"]
    assert list(pool.parameters()) == []
    assert pool.filt.shape == (4, 1, taps, taps)
    assert torch.equal(pool.filt.half().float(), pool.filt)  # loses nothing in a float16 checkpoint
    assert torch.equal(pool.filt.sum((1, 2, 3)), torch.ones(4))


def test_a_frames_blur_does_not_depend_on_its_company():
    x = noise(5, 4, 11, 14)
    for training in (False, True):
        pool = BlurPool(4).train(training)
        for k in range(5):
            torch.testing.assert_close(pool(x[k : k + 1])[0], pool(x)[k], rtol=0, atol=1e-6)


# what blurring before subsampling keeps (paper, Table 2)


def blurred(signal: list[int]) -> list[float]:
    """Bin-5 of a signal amid zeros, every second sample, in the paper's units: 16 times. All rows are alike."""
    rows = torch.tensor([0, 0, *signal, 0, 0], dtype=torch.float32).expand(1, 1, 5, -1)
    return (16 * BlurPool(1).eval()(rows)[0, 0, 1, 1:-1]).tolist()


def test_table_2():
    """Keep nothing of a one-pixel step in the global sum, until a ReLU comes (the paper prints 6 for 6 - 5)."""
    first, second = blurred([0, 0, 0, 1, 0, 0, 0]), blurred([0, 0, 1, 0, 0, 0, 0])
    assert (first, second) == ([0, 4, 4, 0], [1, 6, 1, 0])
    assert sum(first) == sum(second) == 8
    assert [max(v - 5, 0) for v in first] == [0, 0, 0, 0]
    assert [max(v - 5, 0) for v in second] == [0, 1, 0, 0]


@pytest.mark.parametrize(("taps", "keeps"), [(1, False), (2, True), (3, True), (5, True), (7, True)])
def test_a_blurred_map_keeps_its_global_sum_at_every_shift(taps: int, keeps: bool):
    """A patch amid zeros. Binomials of 2 taps and more are 0 at the frequency that stride 2 folds onto the mean."""
    patch = noise(3, 3).abs()
    frames = torch.zeros(4, 1, 24, 24)
    for k, (y, x) in enumerate([(10, 10), (10, 11), (11, 10), (11, 11)]):
        frames[k, 0, y : y + 3, x : x + 3] = patch
    sums = BlurPool(1, taps).eval()(frames).sum((1, 2, 3))
    spread = float(sums.max() - sums.min()) / float(patch.sum())
    assert spread < 1e-6 if keeps else spread > 0.1


# the networks


@pytest.fixture(scope="module", params=("resnet10", "resnet10_bin5"))
def network(request: pytest.FixtureRequest, randomise: Randomise) -> tuple[str, nn.Module]:
    """Name and network with random weights, batch norms as training leaves them, in eval mode."""
    return request.param, randomise(ARCHITECTURES[request.param](16), 96)


def feature_map(model: nn.Module, frames: torch.Tensor) -> torch.Tensor:
    """The last feature map that still has places."""
    with torch.inference_mode():
        return model.stages(model.stem(frames))


@pytest.mark.parametrize("classes", [2, 16])
def test_form(network: tuple[str, nn.Module], classes: int):
    model = ARCHITECTURES[network[0]](classes)
    assert sum(p.numel() for p in model.parameters()) == PARAMETERS + (classes - 16) * 257  # 1.2 million
    assert all(p.dtype == torch.float32 for p in model.parameters())
    for training in (True, False):
        for height, width in ((96, 96), (64, 131)):
            assert model.train(training)(noise(2, 3, height, width)).shape == (2, classes)


def test_twins_of_one_seed_start_from_the_same_weights():
    """The blurs hold no parameter and draw no number; what follows one in its block is numbered otherwise."""
    for names in TWINS:
        states = []
        for name in names:
            torch.manual_seed(5)
            states.append(dict(ARCHITECTURES[name](16).named_parameters()))
        plain, twin = states
        assert len(plain) == len(twin) == 38
        for (a, left), (b, right) in zip(plain.items(), twin.items(), strict=True):
            assert torch.equal(left, right), (a, b)
        apart = [(a, b) for a, b in zip(plain, twin, strict=True) if a != b]
        assert len(apart) == 18  # the second convolution, the shortcut's and their norms, of three blocks
        assert all(a.rsplit(".", 2)[0] == b.rsplit(".", 2)[0] for a, b in apart)


def test_every_subsampling_of_a_twin_is_a_blurs():
    for plain, twin in TWINS:
        strided = [m for m in ARCHITECTURES[plain](2).modules() if _steps(m)]
        assert len(strided) == 8
        assert not any(isinstance(m, BlurPool) for m in strided)
        model = ARCHITECTURES[twin](2)
        strided = [m for m in model.modules() if _steps(m)]
        assert len(strided) == 8  # five along the trunk, three beside it
        assert all(isinstance(m, BlurPool) and (m.taps, m.stride) == (5, 2) for m in strided)


def _steps(module: nn.Module) -> bool:
    """Tell whether a layer leaves out pixels."""
    stride = getattr(module, "stride", 1)
    return stride not in (1, (1, 1))


def test_total_stride_is_32(network: tuple[str, nn.Module]):
    assert total_stride(layers(network[1], 96)) == 32


@pytest.mark.parametrize("axis", [2, 3])
def test_32_pixels_are_one_step_of_the_last_map_and_fewer_are_none(network: tuple[str, nn.Module], axis: int):
    """Six steps from the borders, where padding is not met. Between whole steps the map is another, not moved."""
    long, short, edge = 576, 96, 6
    canvas = noise(1, 3, *((long + 32, short) if axis == 2 else (short, long + 32)))
    maps = {shift: feature_map(network[1], canvas.narrow(axis, shift, long)) for shift in (0, 1, 16, 32)}
    assert maps[0].shape == (1, 256, *((18, 3) if axis == 2 else (3, 18)))

    def inner(shift: int, back: int) -> torch.Tensor:
        return maps[shift].narrow(axis, edge - back, 18 - 2 * edge)

    still, scale = inner(0, 0), float(inner(0, 0).std())
    assert scale > 0.01
    torch.testing.assert_close(inner(32, 1), still, rtol=0, atol=1e-4 * scale)
    for shift, back in ((32, 0), (16, 0), (16, 1), (1, 0)):
        assert float((inner(shift, back) - still).abs().max()) > 0.1 * scale, (shift, back)


def test_a_step_moves_a_twins_feature_less(randomise: Randomise):
    """Mean change of the penultimate feature at a step of one pixel, by its size: what the blurs are there for."""
    canvas = noise(8, 3, 97, 97)
    for names in TWINS:
        moved = []
        for name in names:
            model = randomise(ARCHITECTURES[name](16), 96)
            before, after = (feature_map(model, canvas[:, :, :, k : k + 96]).mean((2, 3)) for k in (0, 1))
            moved.append(float((after - before).norm() / before.norm()))
        assert moved[0] > 0.05
        assert moved[1] < 0.3 * moved[0]


def test_the_engine_finds_the_pooled_map_as_feature(
    network: tuple[str, nn.Module], engine: Engine, tiny_card: TinyCard, natural: list[Photograph]
):
    name, model = network
    assert find_head(model, 16) == "head"
    shown = dataclasses.replace(tiny_card().preprocessing, resize=110, crop=96)
    labels = Labels(tuple(f"class {k}" for k in range(16)))
    card = dataclasses.replace(tiny_card(key=f"test/{name}"), preprocessing=shown, labels=labels)
    prepared = engine.prepare(card, copy.deepcopy(model))
    assert (prepared.parameters, prepared.stride, prepared.folded) == (PARAMETERS, 32, True)
    frames = [shown.centre(p) for p in natural[:3]]
    (got,) = engine.predict(prepared, frames)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (shown.mean, shown.std))
    inputs = torch.stack([(f / 255 - mean) / std for f in frames])
    with torch.inference_mode():
        wanted, probabilities = feature_map(model, inputs).mean((2, 3)), model(inputs).softmax(1)
    assert got.features.shape == (3, 256)
    assert wanted.std() > 0.01
    torch.testing.assert_close(got.features, wanted, rtol=1e-3, atol=1e-4 * float(wanted.max()))
    torch.testing.assert_close(got.probabilities, probabilities, rtol=0, atol=1e-4)
