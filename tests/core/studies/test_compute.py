"""Frames are made once, and batches are full."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core import studies
from core.images.frames import FramePair
from core.images.photographs import Photograph
from core.inference import batching
from core.inference.batching import redo
from core.inference.engine import Engine, Network, Predictions
from core.networks.card import NetworkCard
from tests.support.basics import TinyCard
from tests.support.runs import Held

pytestmark = pytest.mark.usefixtures("one_thread")


def test_networks_that_see_the_same_frames_share_them(
    tmp_path: Path, engine: Engine, many: list[Held], tiny_card: TinyCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, str, int]] = []
    guard = threading.Lock()

    def counting(photo: Photograph, protocol: Any, network: Network, *, seed: int, pair: int) -> FramePair:
        with guard:
            made.append((photo.digest, protocol.name, pair))
        return redo(photo, protocol, network, seed=seed, pair=pair)

    monkeypatch.setattr(batching, "redo", counting)
    sharper = tiny_card(7)
    sharper = replace(sharper, preprocessing=replace(sharper.preprocessing, interpolation="bicubic"))
    other_crop = tiny_card(8)
    other_crop = replace(other_crop, preprocessing=replace(other_crop.preprocessing, resize=40))
    alike = [tiny_card(), tiny_card(3), other_crop]
    studies.run(studies.create("protocols", pairs=2), many[:6], alike, tmp_path / "1", engine=engine)
    assert len(made) == len(set(made)) == 6 * 4 * 2
    made.clear()
    studies.run(studies.create("protocols", pairs=2), many[:6], [*alike, sharper], tmp_path / "2", engine=engine)
    assert len(made) == 2 * len(set(made)) == 2 * 6 * 4 * 2


def test_no_batch_is_padded_within_a_block(
    tmp_path: Path, many: list[Held], cards: list[NetworkCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    engine, inner = Engine("cpu"), Engine.predict

    def watched(self: Engine, network: Network, frames: Sequence[torch.Tensor]) -> Iterator[Predictions]:
        sizes.append(len(frames))
        return inner(self, network, frames)

    monkeypatch.setattr(Engine, "predict", watched)
    studies.run(studies.create("protocols"), many[:32], cards, tmp_path, engine=engine)
    assert set(sizes) == {8}
    assert len(sizes) * 8 == 2 * 32 * (4 * 2 + 1)
