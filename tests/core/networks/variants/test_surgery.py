"""Surgery on torchvision's ResNets: blur placed as Adobe places it, polyphase sampling exact under cyclic shifts."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision import models

from core.errors import BadCard
from core.images.photographs import Photograph
from core.networks.architectures.blurpool import BlurPool
from core.networks.probe import layers, total_stride
from core.networks.variants import surgery

if TYPE_CHECKING:
    from tests.support.basics import Randomise

pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = ("resnet18", "resnet50")
Networks = dict[str, nn.Module]


@pytest.fixture(scope="module")
def networks(randomise: Randomise) -> Networks:
    """Random weights, every activation alive; 12 classes."""
    return {name: randomise(models.get_model(name, weights=None, num_classes=12), 64) for name in NAMES}


@pytest.fixture(scope="module")
def frames(natural: list[Photograph]) -> torch.Tensor:
    """Four photographs, normalised, (4, 3, 96, 96)."""
    pixels = [torch.from_numpy(np.array(p.image().resize((96, 96)))).permute(2, 0, 1) for p in natural[:4]]
    return torch.stack(pixels).float().div(255).sub(0.45).div(0.225)


def logits(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        out: torch.Tensor = model(x)
    return out


# blur


@pytest.mark.parametrize("taps", [2, 3, 4, 5])
@pytest.mark.parametrize("name", NAMES)
def test_blurred_is_adobes_network(networks: Networks, frames: torch.Tensor, name: str, taps: int) -> None:
    """Its names, its shapes, its answers: our state fits their network, filters included."""
    adobe = pytest.importorskip("antialiased_cnns")
    ours = surgery.blurred(networks[name], taps)
    theirs = getattr(adobe, name)(pretrained=False, filter_size=taps, num_classes=12).eval()
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}
    theirs.load_state_dict(ours.state_dict())
    wanted = logits(theirs, frames)
    torch.testing.assert_close(logits(ours, frames), wanted, rtol=0, atol=1e-4 * float(wanted.std()))


@pytest.mark.parametrize("taps", range(2, 8))
def test_blur_pads_as_adobe(taps: int) -> None:
    """One less before than after where the filter is even (TRAPS): a slow loop over reflected pixels."""
    rng = np.random.default_rng(taps)
    image = rng.random((9, 12))
    row = np.array([1.0])
    for _ in range(taps - 1):
        row = np.convolve(row, [0.5, 0.5])
    wanted = np.empty((5, 6))
    for y in range(5):
        for x in range(6):
            total = 0.0
            for i, u in enumerate(row):
                for j, v in enumerate(row):
                    at = [2 * y + i - (taps - 1) // 2, 2 * x + j - (taps - 1) // 2]
                    at = [(abs(p) if p < edge else 2 * edge - 2 - p) for p, edge in zip(at, (9, 12), strict=True)]
                    total += u * v * image[at[0], at[1]]
            wanted[y, x] = total
    pool = BlurPool(1, taps).double().eval()
    got = pool(torch.from_numpy(image)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_blurs_stand_before_every_subsampling_but_the_first(networks: Networks, name: str) -> None:
    model = surgery.blurred(networks[name], 5)
    blurs = [n for n, m in model.named_modules() if isinstance(m, BlurPool)]
    inside = "conv3" if name == "resnet50" else "conv2"
    blocks = [f"layer{k}.0.{part}.0" for k in (2, 3, 4) for part in (inside, "downsample")]
    assert sorted(blurs) == sorted(["maxpool.1", *blocks])
    strided = [n for n, m in model.named_modules() if isinstance(m, nn.Conv2d) and m.stride != (1, 1)]
    assert strided == ["conv1"]
    assert total_stride(layers(model, 64)) == 32
    assert not any(module.training for module in model.modules())


def test_the_original_stays_as_it_was(networks: Networks, frames: torch.Tensor) -> None:
    model = networks["resnet18"]
    before = logits(model, frames)
    for changed in (surgery.blurred(model, 3), surgery.polyphase(model)):
        assert not torch.allclose(logits(changed, frames), before, atol=1e-2)
        own = {p.data_ptr() for p in changed.parameters()}
        assert not own & {p.data_ptr() for p in model.parameters()}
        with torch.no_grad():
            for parameter in changed.parameters():
                parameter.zero_()
    assert torch.equal(logits(model, frames), before)


@pytest.mark.parametrize("change", [lambda m: surgery.blurred(m, 5), surgery.polyphase])
@pytest.mark.parametrize(
    "model",
    [
        lambda: models.squeezenet1_1(weights=None),
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3)),
        lambda: surgery.blurred(models.resnet18(weights=None), 3),
        lambda: surgery.polyphase(models.resnet18(weights=None)),
        lambda: strided_in_1x1(),
    ],
    ids=["squeezenet", "sequential", "blurred", "polyphase", "1x1"],
)
def test_other_networks_are_refused_by_name(change: Any, model: Any) -> None:
    network = model()
    with pytest.raises(BadCard, match="torchvision-style ResNet") as error:
        change(network)
    assert type(network).__name__ in error.value.happened
    assert "ensemble" in error.value.remedy


def strided_in_1x1() -> nn.Module:
    model = models.resnet50(weights=None)
    block = model.layer2[0]
    block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
    return model


@pytest.mark.parametrize("taps", [1, 8])
def test_blurs_of_other_lengths_are_refused(networks: Networks, taps: int) -> None:
    with pytest.raises(BadCard, match="2 to 7"):
        surgery.blurred(networks["resnet18"], taps)


# polyphase


def rolled(x: torch.Tensor, seed: int, count: int) -> list[torch.Tensor]:
    rng, edge = np.random.default_rng(seed), x.shape[-1]
    random = rng.integers(0, edge, (count - 1, 2)).tolist()
    return [x.roll((int(down), int(right)), (2, 3)) for down, right in [(1, 1), *random]]


@pytest.mark.parametrize(("name", "size"), [("resnet18", 64), ("resnet18", 96), ("resnet50", 64), ("resnet50", 96)])
def test_exact_under_cyclic_shifts(networks: Networks, frames: torch.Tensor, name: str, size: int) -> None:
    model = copy.deepcopy(networks[name]).double()
    changed = surgery.polyphase(model)
    x = frames[:3, :, :size, :size].double()
    wanted, plain = logits(changed, x), logits(model, x)
    for moved in rolled(x, size, 5):
        torch.testing.assert_close(logits(changed, moved), wanted, rtol=0, atol=1e-10)
        assert float((logits(model, moved) - plain).abs().max()) > 1e-2


@pytest.mark.parametrize("edge", [8, 9])
def test_the_choice_is_a_slow_loops(edge: int) -> None:
    x = torch.from_numpy(np.random.default_rng(edge).normal(size=(20, 3, edge, edge)))
    chosen, kept = surgery.strongest(x), surgery.Strongest()(x)
    seen = set()
    for n, image in enumerate(x.numpy()):
        if edge % 2:  # padded circularly by one, as the authors' code does
            image = np.pad(image, ((0, 0), (0, 1), (0, 1)), mode="wrap")
        grids = {row + 2 * column: image[:, row::2, column::2] for row in (0, 1) for column in (0, 1)}
        best = max(grids, key=lambda k: (float(np.linalg.norm(grids[k])), -k))
        assert int(chosen[n]) == best
        np.testing.assert_array_equal(kept[n].numpy(), grids[best])
        seen.add(best)
    assert seen == {0, 1, 2, 3}


def test_ties_choose_the_first_grid() -> None:
    assert surgery.strongest(torch.ones(2, 3, 4, 4)).tolist() == [0, 0]


@pytest.mark.parametrize("name", NAMES)
def test_only_the_grid_is_chosen_otherwise(
    networks: Networks, frames: torch.Tensor, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held to the first grid everywhere, it is the original with circular padding: strides fall where they fell."""
    original: Any = copy.deepcopy(networks[name])
    for module in original.modules():
        if isinstance(module, nn.Conv2d):
            module.padding_mode = "circular"
    original.maxpool = nn.Sequential(nn.CircularPad2d(1), nn.MaxPool2d(3, 2))
    wanted = logits(original, frames)
    changed = surgery.polyphase(networks[name])
    assert not torch.allclose(logits(changed, frames), wanted, atol=1e-2)
    monkeypatch.setattr(surgery, "strongest", lambda x: torch.zeros(len(x), dtype=torch.long))
    torch.testing.assert_close(logits(changed, frames), wanted, rtol=0, atol=1e-4)


def test_branches_of_a_block_share_their_grid(networks: Networks) -> None:
    """A slow block: the grid of the largest norm after the strided convolution's activation, in both branches."""
    model: Any = copy.deepcopy(networks["resnet50"]).double()
    changed: Any = surgery.polyphase(model)
    block, got = model.layer2[0], changed.layer2[0]
    assert isinstance(got, surgery.Polyphase)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 256, 8, 8)))
    chosen = set()
    with torch.inference_mode():
        for image in x:
            inner = block.bn1(functional.conv2d(image[None], block.conv1.weight)).relu()
            around = functional.pad(inner, (1, 1, 1, 1), mode="circular")
            inner = block.bn2(functional.conv2d(around, block.conv2.weight)).relu()
            grids = [(inner[..., r::2, c::2], image[None][..., r::2, c::2]) for c in (0, 1) for r in (0, 1)]
            best = max(range(4), key=lambda k: float(grids[k][0].norm()))
            main, side = grids[best]
            main = block.bn3(functional.conv2d(main, block.conv3.weight))
            side = block.downsample[1](functional.conv2d(side, block.downsample[0].weight))
            torch.testing.assert_close(got(image[None]), (main + side).relu(), rtol=0, atol=1e-10)
            chosen.add(best)
    assert len(chosen) > 1
