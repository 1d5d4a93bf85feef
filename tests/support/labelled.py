"""Events and tables of labels, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
import pandas as pd

from core.experiments.figure_05_photographers_bias.labelling import (
    Event,
    fold,
)
from core.experiments.figure_05_photographers_bias.labelling.events import POINT, UNDO
from core.experiments.figure_05_photographers_bias.labelling.places import (
    table,
)

EYES = ("left eye", "right eye")


_NUMBERS = count()


def event(kind: str = POINT, name: str = "a.png", point: str = "", **more: Any) -> Event:
    """One that nobody else has."""
    about = {"digest": f"of {name}", "width": 200, "height": 100, "labeller": "me", "root": "/d"}
    if kind == POINT:
        about["point"] = point or EYES[0]
    return Event(kind=kind, id=f"id {next(_NUMBERS)}", time="2026-11-30T12:00:00+00:00", name=name, **about | more)


def undo(of: Event) -> Event:
    return event(UNDO, of.name, undone=of.id)


def clicked(name: str, *at: tuple[float, float], labeller: str = "me", **more: Any) -> list[Event]:
    return [
        event(name=name, point=point, x=x, y=y, labeller=labeller, **more)
        for point, (x, y) in zip(EYES, at, strict=False)
    ]


def invented_labels(photographs: int = 12, labellers: Sequence[str] = ("me",), seed: int = 0) -> pd.DataFrame:
    """Points of so many photographs, by each labeller."""
    rng = np.random.default_rng(seed)
    said = {
        who: fold(
            [
                one
                for k in range(photographs)
                for one in clicked(f"{k}.png", *rng.uniform((20, 20), (180, 80), (2, 2)), labeller=who, label="dog")
            ]
        )
        for who in labellers
    }
    return table(said)
