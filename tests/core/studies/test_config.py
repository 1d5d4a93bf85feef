"""Settings of studies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core import studies
from core.errors import BadProtocol, UnknownName

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", studies.names())
def test_every_study_is_said_whole_and_made_again(name: str) -> None:
    study = studies.create(name)
    assert (study.name, bool(study.paper), bool(study.__doc__)) == (name, True, True)
    assert f"core study {name} --photos" in str(study.__doc__)
    assert studies.create(name, **json.loads(json.dumps(study.as_dict()))) == study
    assert study.instances(224)
    small = study.small()
    assert small.pairs <= 2
    assert len(small.instances(224)) <= max(4, len(small.protocols))


def test_default_sides_are_in_absolute_pixels() -> None:
    def sides(size: int, **settings: Any) -> list[int]:
        made = studies.create("embedded_size", **settings).instances(size)
        return [p.side for p in made]  # type: ignore[attr-defined]

    assert sides(224) == list(range(40, 221, 20))
    assert sides(299) == list(range(40, 281, 20))
    assert sides(96) == list(range(16, 95, 8))
    assert sides(224, step=3)[-1] == 200
    assert sides(299, sides=(100, 50)) == [100, 50]
    with pytest.raises(BadProtocol, match=r"embedded side of 100 with a step of 1 .* frame of 96"):
        sides(96, sides=(50, 100))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"protocols": ("crop", "crop")}, "each of them once"),
        ({"protocols": ()}, "at least one protocol"),
        ({"protocols": ("zoom",)}, "zoom"),
        ({"pairs": 0}, "0 pairs"),
        ({"seed": -1}, "seed -1"),
        ({"step": 40}, "The step is 40"),
        ({"protocols": ("crop",), "sides": (40,)}, "sides with crop"),
        ({"protocols": ("black", "scale"), "unit": "network"}, "unit with black, scale"),
        ({"colour": 1}, "settings of protocols"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises((BadProtocol, UnknownName), match=said):
        studies.create("protocols", **settings)


def test_an_unknown_study_lists_the_known() -> None:
    with pytest.raises(UnknownName, match=r"antialiasing.*confidence"):
        studies.create("protocol")
