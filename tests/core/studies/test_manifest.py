"""Manifests: one folder holds one study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import studies
from core.errors import Cancelled, StudyBroken, StudyMismatch
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.networks.card import NetworkCard
from core.studies import Axes, manifest
from tests.support.counting import Counting
from tests.support.runs import Held, content, study_of

pytestmark = pytest.mark.usefixtures("one_thread")


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "pairs": ({"pairs": 2}, "config, pairs: 1. This study is of config, pairs: 2."),
    "seed": ({"seed": 3}, "config, seed: 0"),
    "step": ({"step": 2}, "config, step: 1"),
    "protocols": (
        {"protocols": ("crop",)},
        "config, protocols: crop, black. This study is of config, protocols: crop.",
    ),
    "sides": ({"sides": (10,)}, "config, sides: None"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_configuration_is_refused(
    whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard], change: str
) -> None:
    before, (settings, said) = content(whole), CHANGES[change]
    with pytest.raises(StudyMismatch) as error:
        studies.run(replace(study_of(), **settings), many, cards, whole, engine=engine)
    assert said in str(error.value)
    assert "Choose another folder" in str(error.value)
    assert content(whole) == before


def test_other_networks_photographs_and_axes_are_refused(
    whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    before = (whole / manifest.MANIFEST).read_bytes()

    def refused(said: str, *, sources: Sequence[Held] = many, of: Sequence[NetworkCard] = cards, **more: Any) -> None:
        with pytest.raises(StudyMismatch, match=said):
            studies.run(more.pop("study", study_of()), sources, of, whole, engine=engine, **more)

    refused(r"networks test/tiny-9, test/tiny-3\..*networks test/tiny-9\.", of=cards[:1])
    refused("test/tiny-9, weights_digest: 0", of=[replace(cards[0], weights_digest="another"), cards[1]])
    wider = replace(cards[0], preprocessing=replace(cards[0].preprocessing, resize=40))
    refused("test/tiny-9, preprocessing, resize: 36", of=[wider, cards[1]])
    refused(r"photographs, given: 36\..*photographs, given: 35\.", sources=many[:-1])
    refused("photographs, sha256", sources=many[::-1])
    refused("confidence None", axes=Axes(confidence=cards[0]))
    refused("study protocols.*of study antialiasing", study=studies.create("antialiasing"))
    assert (whole / manifest.MANIFEST).read_bytes() == before


def test_other_software_does_not_go_on_but_reads(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled):
        studies.run(study_of(), many[:3], cards, tmp_path, engine=engine, cancel=cancel)
    with monkeypatch.context() as patched:
        patched.setattr(manifest, "software", lambda *_: {"pillow": "1.0"})
        with pytest.raises(StudyMismatch, match="software"):
            studies.run(study_of(), many[:3], cards, tmp_path, engine=engine)
    studies.run(study_of(), many[:3], cards, tmp_path, engine=engine)
    monkeypatch.setattr(manifest, "software", lambda *_: {"pillow": "1.0"})
    idle = Counting()
    assert studies.run(study_of(), many[:3], cards, tmp_path, engine=idle).finished
    assert idle.frames == 0


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"study": "protocols"}'])
def test_a_manifest_that_is_none(tmp_path: Path, text: bytes, many: list[Held], cards: list[NetworkCard]) -> None:
    with pytest.raises(StudyBroken, match=r"manifest\.json cannot be read \(No such file"):
        studies.read(tmp_path)
    (tmp_path / manifest.MANIFEST).write_bytes(text)
    for work in (lambda: studies.read(tmp_path), lambda: studies.run(study_of(), many, cards, tmp_path)):
        with pytest.raises(StudyBroken, match=r"manifest\.json is not a manifest"):
            work()
