"""The command line within a test: a data folder with cheap networks, photographs, one engine for all calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.images.photographs import Photograph
from tests.support import cheap

KEY, OTHER, DRAWN = cheap.KEY, "cheap-other", "cheap-drawn"

Answer = tuple[int, str, str]  # exit status, stdout, stderr
Run = Callable[..., Answer]


def saved(photographs: list[Photograph], root: Path) -> Path:
    for number, photo in enumerate(photographs):
        (root / str(photo.label)).mkdir(parents=True, exist_ok=True)
        photo.image().save(root / str(photo.label) / f"{number:02}.png")
    return root


def warnings(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("warning:")]


def parsed(answer: Answer) -> Any:
    status, out, err = answer
    assert status == 0, err
    return json.loads(out)
