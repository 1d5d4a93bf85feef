"""Folders of photographs become outcomes: in order, and with bad files among them."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from core.datasets import PhotoFile
from core.datasets.decoding import photographs
from core.errors import BadPhotograph, BadProtocol, PhotobiasError
from core.images import protocols
from core.images.photographs import Photograph, photograph
from core.inference.engine import Engine, Network
from tests.support.collected import Counting, collect


def test_few_photographs_are_decoded_ahead(folder: list[PhotoFile], monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = list[str]()
    read = PhotoFile.read
    monkeypatch.setattr(PhotoFile, "read", lambda file: (decoded.append(file.name), read(file))[1])
    source = photographs(folder * 10)
    next(source)
    time.sleep(0.1)
    assert 1 < len(decoded) <= 10
    source.close()  # type: ignore[attr-defined]


@pytest.fixture
def folder(tmp_path: Path, natural: list[Photograph]) -> list[PhotoFile]:
    """Ten photographs on the disk; the fifth is damaged."""
    files = []
    for number, photo in enumerate(natural[:10]):
        path = tmp_path / f"{number}.png"
        photo.image().save(path)
        if number == 4:
            path.write_bytes(path.read_bytes()[:3000])
        files.append(PhotoFile(str(tmp_path), path.name, photo.label))
    return files


def test_photographs_come_in_order(folder: list[PhotoFile], natural: list[Photograph]) -> None:
    whole = folder[:4] + folder[5:]
    photos = list(photographs(whole))
    assert [(p.name, p.label) for p in photos] == [(f.name, f.label) for f in whole]
    assert [p.digest for p in photos] == [p.digest for p in natural[:4] + natural[5:10]]


def test_a_bad_photograph_surfaces(engine: Engine, tiny: Network, folder: list[PhotoFile]) -> None:
    source = photographs(folder)
    assert [photo.name for photo in itertools.islice(source, 4)] == ["0.png", "1.png", "2.png", "3.png"]
    with pytest.raises(BadPhotograph, match=r"4\.png"):
        next(source)
    with pytest.raises(BadPhotograph, match=r"4\.png"):
        collect(engine, tiny, photographs(folder), protocols.create("crop"), pairs=1, seed=0)


def test_a_bad_photograph_is_skipped_when_asked(engine: Engine, tiny: Network, folder: list[PhotoFile]) -> None:
    said = list[tuple[str, PhotobiasError]]()
    source = photographs(folder, skipped=lambda name, reason: said.append((name, reason)))
    rows = collect(engine, tiny, source, protocols.create("crop"), pairs=2, seed=0)
    assert [(name, type(reason)) for name, reason in said] == [("4.png", BadPhotograph)]
    whole = photographs(folder[:4] + folder[5:])
    assert rows == collect(engine, tiny, whole, protocols.create("crop"), pairs=2, seed=0)
    assert len(rows) == 18


def test_a_photograph_too_small_for_the_protocol(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    small = photograph(natural[0].image().crop((0, 0, 20, 20)), "small")
    photos, protocol = [*natural[:2], small, natural[2]], protocols.create("crop", step=20)
    with pytest.raises(BadProtocol, match="20 x 20 pixels"):
        collect(engine, tiny, photos, protocol, pairs=3, seed=0)
    said = list[tuple[str, PhotobiasError]]()
    rows = collect(engine, tiny, photos, protocol, pairs=3, seed=0, skipped=lambda *reason: said.append(reason))
    assert [(name, type(reason)) for name, reason in said] == [("small", BadProtocol)]  # once, not once a pair
    assert rows == collect(engine, tiny, natural[:3], protocol, pairs=3, seed=0)


def test_a_bug_in_a_thread_is_no_missing_outcome(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    counting = Counting(protocols.create("black"), breaks_at=20)
    said = list[tuple[str, PhotobiasError]]()
    with pytest.raises(ZeroDivisionError, match="a bug"):
        collect(
            engine,
            tiny,
            natural,
            counting,
            pairs=4,
            seed=0,  # type: ignore[arg-type]
            skipped=lambda *reason: said.append(reason),
        )
    assert said == []
