"""Fixtures of the exploration tests: a counting engine, a photograph and an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image

from core.exploration import Exploration, Settings, Store, Trace
from core.images.frames import Path as FramePath
from core.images.photographs import Photograph, photograph, read
from core.index.build import build
from core.index.search import FeatureIndex
from core.index.typicality import Rating
from core.inference.engine import Engine
from core.inference.pairs import outcomes
from core.networks.card import Labels, NetworkCard
from core.statistics.sensitivity import Outcome
from tests.support.basics import CLASSES, TinyCard, cut_outs
from tests.support.explored import PAIRS, Watched
from tests.support.reported import NAME, HandMade


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def shown(natural: list[Photograph]) -> Photograph:
    return replace(natural[1], label=None)


@pytest.fixture(scope="module")
def index(natural: list[Photograph], tiny_card: TinyCard, tmp_path_factory: pytest.TempPathFactory) -> FeatureIndex:
    """Build an index of twelve photographs with the tiny network, and two reference queries."""
    root = tmp_path_factory.mktemp("indexed")
    for number, photo in enumerate([*natural, *cut_outs(2, seed=1)]):
        folder = root / ("photos" if number < 12 else "held-out") / str(photo.label)
        folder.mkdir(parents=True, exist_ok=True)
        photo.image().save(folder / f"{number}.png")
    build(root / "photos", tiny_card(9), Engine("cpu"), root / "index", reference=root / "held-out")
    return FeatureIndex.open(root / "index")


@pytest.fixture(scope="module")
def found(
    engine: Engine, natural: list[Photograph], tiny_card: TinyCard, tmp_path_factory: pytest.TempPathFactory
) -> Exploration:
    """A whole exploration: two networks, an index with references, a photograph that protocols reduce. Read only."""
    root = tmp_path_factory.mktemp("report")
    for number, photo in enumerate([*natural, *cut_outs(2, seed=1)]):
        folder = root / ("photos" if number < 12 else "held-out") / str(photo.label)
        folder.mkdir(parents=True, exist_ok=True)
        photo.image().save(folder / f"{number}.png")
    card = tiny_card(9)
    build(root / "photos", card, engine, root / "index", reference=root / "held-out")
    natural[1].image().save(root / "shown.png")
    made = Exploration(
        engine=engine,
        store=Store(),
        photograph=replace(read(root / "shown.png"), name=NAME),
        cards=(card, tiny_card(5)),
        settings=Settings(reduce_to=100, pairs=PAIRS, seed=3, step=2, direction="down", side=12),
        index=FeatureIndex.open(root / "index"),
        index_card=card,
    )
    made.run()
    assert made.state == "done"
    assert not made.problems
    return made


@pytest.fixture
def hand_made(engine: Engine, tiny_card: TinyCard) -> HandMade:
    """``hand_made(rows={"crop": outcomes}, shift=[classes that lead], …)``: nothing is computed."""
    shown = photograph(Image.new("RGB", (60, 40), "red"), "red.png")

    def make(
        rows: dict[str, list[Outcome]] | None = None,
        more: Sequence[dict[str, list[Outcome]]] = (),
        shift: Sequence[int] = (),
        frames: int | None = None,
        rating: Rating | None = None,
        labels: Labels | None = None,
        **settings: Any,
    ) -> Exploration:
        cards: list[NetworkCard] = [
            replace(tiny_card(9), key=f"test/net-{k}", labels=labels or Labels(CLASSES)) for k in range(1 + len(more))
        ]
        found = Exploration(
            engine=engine,
            store=Store(),
            photograph=shown,
            cards=cards,
            settings=Settings(**{"pairs": 16, **settings}),
        )
        found.networks = {card.key: replace(engine.load(tiny_card(9)), card=card) for card in cards}
        found.pairs = {
            (card.key, name): tuple(outcomes)
            for card, measured in zip(cards, (rows or {}, *more), strict=True)
            for name, outcomes in measured.items()
        }
        if shift:
            length = frames or len(shift)
            blank = torch.zeros(3, 32, 32, dtype=torch.uint8)
            path = FramePath("shift", tuple(range(length)), (blank,) * length, "network", "made by hand")
            p = torch.full((len(shift), len(CLASSES)), 0.1)
            for row, top in enumerate(shift):
                p[row, top] = 0.6
            found.traces = {(cards[0].key, "shift"): Trace(path=path, probabilities=p, features=torch.ones(len(p), 4))}
        found.rating = rating
        return found

    return make
