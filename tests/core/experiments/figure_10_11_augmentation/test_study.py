"""The study of Figures 10 and 11: black below the frame, upscale above."""

from __future__ import annotations

import pytest

from core import studies
from core.errors import BadProtocol


def test_sides_below_the_frame_are_black_and_above_upscaled() -> None:
    made = studies.create("augmentation").instances(32)
    assert [(p.name, p.side) for p in made] == [  # type: ignore[attr-defined]
        *(("black", side) for side in (8, 12, 16, 20, 24, 28)),
        *(("upscale", side) for side in range(36, 65, 4)),
    ]
    assert [p.name for p in studies.create("augmentation", sides=(30, 33)).instances(32)] == ["black", "upscale"]
    assert len(studies.create("augmentation").small().instances(32)) <= 4
    with pytest.raises(BadProtocol, match=r"protocols crop, black. It accepts black or upscale"):
        studies.create("augmentation", protocols=("crop", "black"))
    for side in (31, 32):
        with pytest.raises(BadProtocol, match=f"side of {side}"):
            studies.create("augmentation", sides=(side,)).instances(32)
