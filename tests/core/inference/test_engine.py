"""The engine: a result depends on its frame alone, memory may run short, and everyone gets a turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models

from core.errors import WeightsUnavailable
from core.images import protocols
from core.images.photographs import Photograph
from core.inference.engine import CPU_BATCH, Engine, Network, Predictions
from core.inference.pairs import outcomes
from core.networks import registry
from core.networks.card import NetworkCard
from core.storage.data_folder import DataFolder

if TYPE_CHECKING:
    from tests.support.basics import Randomise, TinyCard

REAL = ("resnet18-pqf", "resnet50-pqf", "squeezenet1_0-dc")


def everything(engine: Engine, network: Network, frames: list[torch.Tensor]) -> Predictions:
    return Predictions.join(engine.predict(network, frames))


def equal(a: Predictions, b: Predictions) -> bool:
    return torch.equal(a.probabilities, b.probabilities) and torch.equal(a.features, b.features)


def taken(result: Predictions, rows: list[int]) -> Predictions:
    return Predictions(result.probabilities[rows], result.features[rows])


def small_frames(count: int, natural: list[Photograph], card: NetworkCard) -> list[torch.Tensor]:
    """Photographs, noise and flat colours by turns, all different."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        noise = torch.from_numpy(rng.integers(0, 256, (3, card.size, card.size), dtype=np.uint8))
        flat = torch.full_like(noise, number)
        made.append((card.preprocessing.centre(natural[number // 3 % len(natural)]), noise, flat)[number % 3])
    return made


@pytest.fixture(scope="module")
def resnet(tiny_card: TinyCard, randomise: Randomise) -> NetworkCard:
    """torchvision's ResNet-18 at 5 random classes, on small frames."""
    model = randomise(models.resnet18(weights=None, num_classes=5), 32)
    return tiny_card(key="test/resnet18", build=lambda: model)


@pytest.fixture(params=["tiny", "resnet18"])
def card(request: pytest.FixtureRequest, tiny_card: TinyCard, resnet: NetworkCard) -> NetworkCard:
    return tiny_card() if request.param == "tiny" else resnet


# a result depends on its frame alone


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


# what the engine makes of a model


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


# frames


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
        with pytest.raises(ValueError, match=r"A frame is \(.*test/tiny needs \(3, 32, 32\) uint8") as caught:
            list(engine.predict(tiny, frames))
        assert str(frame.dtype) in str(caught.value)
        assert str(tuple(frame.shape)) in str(caught.value)
    assert len(everything(engine, tiny, [right])) == 1  # the lock was not left held


def test_views_of_a_larger_picture_are_frames_too(engine: Engine, tiny: Network) -> None:
    wide = torch.randint(0, 256, (3, 40, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    view = wide[:, 3:35, 5:37]
    assert equal(everything(engine, tiny, [view]), everything(engine, tiny, [view.contiguous()]))


def test_frames_are_asked_for_one_batch_at_a_time(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    given = 0

    def source() -> Iterator[torch.Tensor]:
        nonlocal given
        for frame in small_frames(20, natural, tiny.card):
            given += 1
            yield frame

    seen = [(len(part), given) for part in engine.predict(tiny, source())]
    assert seen == [(8, 8), (8, 16), (4, 20)]
    assert list(engine.predict(tiny, [])) == []


# memory


class Limited(nn.Module):
    """A network on a device that has room for ``limit`` frames."""

    def __init__(self, inner: nn.Module, limit: int) -> None:
        super().__init__()
        self.inner, self.limit, self.tried = inner, limit, list[int]()

    def forward(self, x: torch.Tensor) -> Any:
        self.tried.append(len(x))
        if len(x) > self.limit:
            raise torch.OutOfMemoryError("a test's")
        return self.inner(x)


def limited(engine: Engine, card: NetworkCard, limit: int) -> tuple[Network, Limited]:
    network = engine.prepare(card, card.build())
    network.module = module = Limited(network.module, limit)  # type: ignore[assignment]
    return network, module


@pytest.mark.parametrize(("limit", "batch"), [(8, 8), (7, 4), (3, 2), (1, 1)])
def test_the_batch_shrinks_until_it_fits(
    engine: Engine,
    tiny_card: TinyCard,
    natural: list[Photograph],
    limit: int,
    batch: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    card = tiny_card()
    frames = small_frames(21, natural, card)
    wanted = everything(engine, engine.load(card), frames)
    network, module = limited(engine, card, limit)
    with caplog.at_level(logging.WARNING, "core.inference.engine"):
        got = everything(engine, network, frames)
    torch.testing.assert_close(got.probabilities, wanted.probabilities, rtol=0, atol=1e-5)
    torch.testing.assert_close(got.features, wanted.features, rtol=1e-5, atol=1e-5)
    halvings = {8: [], 4: [8], 2: [8, 4], 1: [8, 4, 2]}[batch]
    assert module.tried[: len(halvings)] == halvings
    assert set(module.tried[len(halvings) :]) == {batch}  # the shape is fixed again, tails padded
    assert network.batch == batch
    assert len(caplog.records) == len(halvings)
    assert engine.load(card).batch == 8  # other networks keep theirs


def test_where_not_even_one_frame_fits_the_error_surfaces(engine: Engine, tiny_card: TinyCard, tiny: Network) -> None:
    network, module = limited(engine, tiny_card(), 0)
    frame = torch.zeros(3, 32, 32, dtype=torch.uint8)
    with pytest.raises(torch.OutOfMemoryError):
        list(engine.predict(network, [frame]))
    assert module.tried == [8, 4, 2, 1]
    assert len(everything(engine, tiny, [frame])) == 1  # the lock was not left held


# turns


def test_a_long_study_does_not_starve_an_upload(engine: Engine, tiny_card: TinyCard, natural: list[Photograph]) -> None:
    class Slow(Limited):
        def forward(self, x: torch.Tensor) -> Any:
            time.sleep(0.01)  # a batch on a real network
            return super().forward(x)

    network, module = limited(engine, tiny_card(), 8)
    network.module = Slow(module, 8)  # type: ignore[assignment]
    frames = small_frames(24, natural, network.card)
    started, done = threading.Event(), list[str]()
    batches = 0

    def study() -> None:
        nonlocal batches
        for _ in engine.predict(network, (frames[k % 24] for k in range(8 * 100))):
            batches += 1
            started.set()
        done.append("study")

    thread = threading.Thread(target=study, daemon=True)
    thread.start()
    started.wait(10)
    before = batches
    everything(engine, network, frames)  # three batches
    meanwhile = batches - before
    done.append("upload")
    thread.join(30)
    assert done == ["upload", "study"]
    assert batches == 100
    assert meanwhile <= 5  # turn by turn: about one batch of the study for each of the upload's


# loading


def test_two_threads_load_a_card_once(tiny_card: TinyCard) -> None:
    engine, built = Engine("cpu"), list[int]()
    card = tiny_card()
    barrier = threading.Barrier(4)

    def build() -> nn.Module:
        built.append(1)
        time.sleep(0.05)
        return card.build()

    counted = tiny_card(key="test/counted", build=build)

    def load(_: int) -> Network:
        barrier.wait(10)
        return engine.load(counted)

    with ThreadPoolExecutor(4) as pool:
        networks = list(pool.map(load, range(4)))
    assert built == [1]
    assert all(network is networks[0] for network in networks)


def test_a_loaded_network_does_not_wait_for_another_to_load(tiny_card: TinyCard) -> None:
    engine, go, begun = Engine("cpu"), threading.Event(), threading.Event()
    card = tiny_card()
    ready = engine.load(card)

    def build() -> nn.Module:
        begun.set()
        assert go.wait(10)
        return card.build()

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(engine.load, tiny_card(key="test/slow", build=build))
        assert begun.wait(10)
        assert pool.submit(engine.load, card).result(5) is ready
        assert not slow.done()
        go.set()
        assert slow.result(10) is not ready


def test_other_weights_under_the_same_key_are_another_network(tiny_card: TinyCard) -> None:
    engine = Engine("cpu")
    one, two = (engine.load(tiny_card(seed, key="test/same")) for seed in (1, 2))
    assert one is not two


def test_weights_that_come_later_are_found(tiny_card: TinyCard) -> None:
    engine, here = Engine("cpu"), False
    card = tiny_card()

    def build() -> nn.Module:
        if not here:
            raise WeightsUnavailable("There is no file.", "It needs weights.", "Fetch them.")
        return card.build()

    late = tiny_card(key="test/late", build=build)
    with pytest.raises(WeightsUnavailable):
        engine.load(late)
    here = True
    assert engine.load(late).parameters > 0


# a GPU


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


def test_networks_used_longest_ago_leave_when_the_budget_is_exceeded(tiny_card: TinyCard) -> None:
    """Two fit. Whoever still holds one that left computes on with it; asked for again, it is loaded again."""
    one = Engine("cpu").load(tiny_card(1)).size_in_bytes
    assert one > 0
    engine = Engine("cpu", budget=2 * one)
    first, second = engine.load(tiny_card(1)), engine.load(tiny_card(2))
    assert engine.load(tiny_card(1)) is first  # used again: now the second is the older
    third = engine.load(tiny_card(3))
    assert engine.load(tiny_card(1)) is first
    assert engine.load(tiny_card(3)) is third
    frame = torch.zeros(3, 32, 32, dtype=torch.uint8)
    (kept,) = engine.predict(second, [frame])
    again = engine.load(tiny_card(2))
    assert again is not second
    (loaded,) = engine.predict(again, [frame])
    assert equal(kept, loaded)


def test_one_network_larger_than_the_budget_stays(tiny_card: TinyCard) -> None:
    engine = Engine("cpu", budget=1)
    network = engine.load(tiny_card(1))
    assert engine.load(tiny_card(1)) is network
