"""The engine: a result depends on its frame alone."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from core.images import protocols
from core.images.photographs import Photograph
from core.inference.engine import CPU_BATCH, Engine, Network, Predictions
from core.inference.pairs import outcomes
from core.networks import registry
from core.networks.card import NetworkCard
from core.storage.data_folder import DataFolder

if TYPE_CHECKING:
    from tests.support.basics import TinyCard
from tests.support.frames import equal, everything, small_frames

REAL = ("resnet18-pqf", "resnet50-pqf", "squeezenet1_0-dc")


def taken(result: Predictions, rows: list[int]) -> Predictions:
    return Predictions(result.probabilities[rows], result.features[rows])


def test_equal_to_the_bit_in_any_company(engine: Engine, card: NetworkCard, natural: list[Photograph]) -> None:
    network, frames = engine.load(card), small_frames(21, natural, card)
    together = everything(engine, network, frames)
    assert len(together) == 21
    assert len({tuple(row) for row in together.probabilities.tolist()}) == 21
    alone = Predictions.join(everything(engine, network, [frame]) for frame in frames)
    assert equal(alone, together)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(21).tolist()
        assert equal(everything(engine, network, [frames[k] for k in order]), taken(together, order))


@pytest.mark.parametrize("count", range(1, 2 * CPU_BATCH + 2))
def test_equal_to_the_bit_at_any_tail_length(
    engine: Engine, tiny: Network, natural: list[Photograph], count: int
) -> None:
    frames = small_frames(2 * CPU_BATCH + 1, natural, tiny.card)
    whole = everything(engine, tiny, frames)
    assert equal(everything(engine, tiny, frames[:count]), taken(whole, list(range(count))))
    assert equal(everything(engine, tiny, frames[-count:]), taken(whole, list(range(len(frames)))[-count:]))


@pytest.mark.parametrize("name", protocols.names())
def test_a_pair_that_does_not_move_changes_nothing(
    engine: Engine, card: NetworkCard, natural: list[Photograph], name: str
) -> None:
    still, moved = (
        [
            row
            for part in outcomes(engine, engine.load(card), natural, protocols.create(name, step=step), pairs=3, seed=0)
            for row in part
        ]
        for step in (0, 1)
    )
    assert len(still) == 36
    assert {(row.change, row.changed, row.feature_cosine) for row in still} == {(0.0, False, 1.0)}
    assert all(row.change != 0 and row.feature_cosine < 1 for row in moved)


@pytest.mark.real
@pytest.mark.parametrize("key", REAL)
def test_real_networks_depend_on_the_frame_alone(
    engine: Engine, real_data: DataFolder, natural: list[Photograph], key: str
) -> None:
    network = engine.load(registry.get(key, real_data))
    frames = [network.card.preprocessing.centre(p) for p in natural[:9]]
    together = everything(engine, network, frames)  # a whole batch and a tail of one
    order = [8, 3, 5, 0, 7, 2, 1, 6, 4]
    assert equal(everything(engine, network, [frames[k] for k in order]), taken(together, order))
    assert len({tuple(row) for row in together.features.tolist()}) == 9


@pytest.mark.real
@pytest.mark.parametrize("key", REAL)
def test_real_networks_and_pairs_that_do_not_move(
    engine: Engine, real_data: DataFolder, natural: list[Photograph], key: str
) -> None:
    network = engine.load(registry.get(key, real_data))
    for name in protocols.names():
        still = protocols.create(name, step=0)
        rows = [row for part in outcomes(engine, network, natural[:4], still, pairs=1, seed=0) for row in part]
        assert [(row.change, row.changed, row.feature_cosine) for row in rows] == [(0.0, False, 1.0)] * 4, name


@pytest.mark.parametrize("which", ["tiny", "resnet18", "no batch norm", "cannot be traced"])
def test_folded_equals_unfolded(
    engine: Engine, tiny_card: TinyCard, resnet: NetworkCard, natural: list[Photograph], which: str
) -> None:
    class Untraceable(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x if x.sum() > 0 else x * 1.0)

    model: Any = (resnet if which == "resnet18" else tiny_card()).build()
    if which == "no batch norm":
        model = nn.Sequential(*(m for m in model if not isinstance(m, nn.BatchNorm2d)))
    if which == "cannot be traced":
        model = Untraceable(*model)
    card, frames = tiny_card(), small_frames(8, natural, tiny_card())
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (card.preprocessing.mean, card.preprocessing.std))
    inputs = torch.stack([(f / 255 - mean) / std for f in frames])
    with torch.inference_mode():
        wanted = model.eval()(inputs).softmax(1)
    network = engine.prepare(card, model)
    assert network.folded == (which in ("tiny", "resnet18"))
    left = sum(isinstance(m, nn.BatchNorm2d) for m in network.module.modules())
    assert left == (2 if which == "cannot be traced" else 0)
    torch.testing.assert_close(everything(engine, network, frames).probabilities, wanted, rtol=0, atol=1e-5)
    assert wanted.std() > 0.05


def test_features_are_the_average_pool_of_a_resnet(
    engine: Engine, resnet: NetworkCard, natural: list[Photograph]
) -> None:
    """Tapped at the head of the folded model; here hooked at the pool of the plain one."""
    seen: list[torch.Tensor] = []
    model: Any = resnet.build()
    frames = small_frames(8, natural, resnet)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (resnet.preprocessing.mean, resnet.preprocessing.std))
    hook = model.avgpool.register_forward_hook(lambda _m, _i, output: seen.append(output.flatten(1)))
    with torch.inference_mode():
        model(torch.stack([(f / 255 - mean) / std for f in frames]))
    hook.remove()
    got = everything(engine, engine.load(resnet), frames).features
    assert got.shape == (8, 512)
    assert seen[0].std() > 0.1
    torch.testing.assert_close(got, seen[0], rtol=1e-4, atol=1e-5 * float(seen[0].max()))


def test_features_before_a_convolutional_head_are_a_global_average(
    engine: Engine, tiny_card: TinyCard, natural: list[Photograph]
) -> None:
    """As in SqueezeNet: the last layer is a convolution, its input a map."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 7, 3, stride=2), nn.ReLU())
    model = nn.Sequential(*body, nn.Conv2d(7, 5, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    card = tiny_card()
    frames = small_frames(8, natural, card)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (card.preprocessing.mean, card.preprocessing.std))
    with torch.inference_mode():
        wanted = body(torch.stack([(f / 255 - mean) / std for f in frames])).mean((2, 3))
    got = everything(engine, engine.prepare(card, model), frames).features
    assert wanted.std() > 0.1
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)


def test_what_is_known_of_a_network(engine: Engine, tiny_card: TinyCard) -> None:
    card = tiny_card()
    network = engine.load(card)
    plain = card.build()
    assert network.parameters == sum(p.numel() for p in plain.parameters())  # batch norms are counted, though folded
    assert (network.stride, network.batch, network.card.key) == (4, CPU_BATCH, card.key)
    assert engine.device_name.startswith("CPU, ")
    assert not network.module.training


def test_rounding_modes_are_off_after_an_engine_is_made() -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    Engine("cpu")
    assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == (False, False)


@pytest.mark.parametrize(
    "frame",
    [
        torch.zeros(3, 32, 31, dtype=torch.uint8),
        torch.zeros(1, 32, 32, dtype=torch.uint8),
        torch.zeros(32, 32, 3, dtype=torch.uint8),
        torch.zeros(1, 3, 32, 32, dtype=torch.uint8),
        torch.zeros(3, 32, 32),
        torch.zeros(3, 32, 32, dtype=torch.int64),
    ],
    ids=lambda frame: f"{tuple(frame.shape)} {frame.dtype}",
)
def test_a_wrong_frame_is_refused(engine: Engine, tiny: Network, frame: torch.Tensor) -> None:
    right = torch.zeros(3, 32, 32, dtype=torch.uint8)
    for frames in ([frame], [right, frame, right]):
        with pytest.raises(ValueError, match=r"A frame is \(.*test/tiny-9 needs \(3, 32, 32\) uint8") as caught:
            list(engine.predict(tiny, frames))
        assert str(frame.dtype) in str(caught.value)
        assert str(tuple(frame.shape)) in str(caught.value)
    assert len(everything(engine, tiny, [right])) == 1  # the lock was not left held


def test_views_of_a_larger_picture_are_frames_too(engine: Engine, tiny: Network) -> None:
    wide = torch.randint(0, 256, (3, 40, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    view = wide[:, 3:35, 5:37]
    assert equal(everything(engine, tiny, [view]), everything(engine, tiny, [view.contiguous()]))


@pytest.mark.gpu
def test_a_gpu_agrees_with_the_cpu(engine: Engine, card: NetworkCard, natural: list[Photograph]) -> None:
    cuda = Engine("cuda", batch=16)
    network, frames = cuda.load(card), small_frames(37, natural, card)
    wanted = everything(engine, engine.load(card), frames)
    got = everything(cuda, network, frames)
    torch.testing.assert_close(got.probabilities, wanted.probabilities, rtol=0, atol=1e-4)
    torch.testing.assert_close(got.features, wanted.features, rtol=1e-3, atol=1e-4 * float(wanted.features.max()))
    order = np.random.default_rng(0).permutation(37).tolist()
    shuffled = everything(cuda, network, [frames[k] for k in order])
    torch.testing.assert_close(shuffled.probabilities, got.probabilities[order], rtol=0, atol=1e-5)
    alone = Predictions.join(everything(cuda, network, [f]) for f in islice(frames, 5))
    torch.testing.assert_close(alone.probabilities, got.probabilities[:5], rtol=0, atol=1e-5)
