"""Networks that several threads load and share."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from core.errors import WeightsUnavailable
from core.images.photographs import Photograph
from core.inference.engine import Engine, Network

if TYPE_CHECKING:
    from tests.support.basics import TinyCard
from tests.support.frames import Limited, everything, limited, small_frames


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
            raise WeightsUnavailable("There is nothing.", "Weights are needed.", "Fetch them.")
        return card.build()

    late = tiny_card(key="test/late", build=build)
    with pytest.raises(WeightsUnavailable):
        engine.load(late)
    here = True
    assert engine.load(late).parameters > 0
