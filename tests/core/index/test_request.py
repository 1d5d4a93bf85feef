"""core.index.request: an index that a page was told to build, checked and sized before it starts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.datasets import hub, parquet
from core.errors import BadFolder, Cancelled, IndexMismatch
from core.index.request import IndexRequest
from core.index.sampling import Draw
from core.index.search import FeatureIndex
from core.index.verify import verify
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.storage.data_folder import DataFolder
from tests.support import packed
from tests.support.file_server import Reports
from tests.support.indexed import CARD, ENGINE, make

pytestmark = pytest.mark.usefixtures("one_thread")

TOKEN = "hf_aVerySecretToken"


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture
def request_of(album: Path, held_out: Path) -> IndexRequest:
    return IndexRequest(place=str(album), name="mine", card=CARD, reference=str(held_out), draw=Draw(per_class=4))


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", ".hidden", "a b", "a" * 65, "-a", "a\\b", "a\n", "_a"])
def test_a_bad_name_is_refused_before_any_work(name: str) -> None:
    with pytest.raises(BadFolder, match=r"cannot be the name of an index\..*Choose another name\."):
        IndexRequest(place="photos", name=name, card=CARD)


@pytest.mark.parametrize("name", ["mine", "2026-11.a_b", "Ägypten", "a" * 64])
def test_a_good_name_is_a_folder_among_the_indexes(name: str, data: DataFolder) -> None:
    assert IndexRequest(place="photos", name=name, card=CARD).folder(data).parent == data.indexes


def test_size_and_time_are_known_before_anything_is_written(request_of: IndexRequest, data: DataFolder) -> None:
    ready = request_of.prepare(ENGINE, data)(Reports(), Cancel())
    assert (ready.photographs, ready.references, ready.classes, ready.downloaded) == (20, 11, 5, None)
    assert ready.sample is not None
    assert ready.seconds > 0
    assert ready.stored == (2 * 32 + 200) * 20
    assert not data.root.exists()


def test_it_is_built_cancelled_and_resumed(request_of: IndexRequest, data: DataFolder, tmp_path: Path) -> None:
    cancel = Cancel()

    def stop(_: str, progress: Progress | None) -> None:
        if progress is not None and progress.done > 8:
            cancel.request()

    with pytest.raises(Cancelled):
        request_of.build(ENGINE, data)(Reports(stop), cancel)
    told = Reports()
    assert request_of.build(ENGINE, data)(told, Cancel()) == data.indexes / "mine"
    assert told.stages == ["Listing the photographs", "Indexing with Tiny"]
    assert verify(data.indexes / "mine") == []
    wanted = make(
        request_of.place, tmp_path / "wanted", Path(str(request_of.reference)), draw=request_of.draw, shard_rows=512
    )
    assert FeatureIndex.open(data.indexes / "mine").manifest == wanted


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"place": "/no/such/folder"}, BadFolder, "/no/such/folder is not a folder"),
        ({"place": ""}, BadFolder, "No photographs were named"),
        ({"reference": "/no/such/folder"}, BadFolder, "/no/such/folder is not a folder"),
        ({"draw": Draw(per_class=5)}, IndexMismatch, "holds a build of 4 photographs of each class"),
        ({"card": replace(CARD, key="test/other")}, IndexMismatch, "This build is of network test/other"),
    ],
)
def test_what_cannot_be_built_is_said_before_it_starts(
    request_of: IndexRequest, data: DataFolder, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    request_of.build(ENGINE, data)(Reports(), Cancel())
    with pytest.raises(error, match=message):
        replace(request_of, **change).prepare(ENGINE, data)(Reports(), Cancel())


# The hub


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A hub whose files lie in a folder and open only with the token. Returns the tokens it was given."""
    import huggingface_hub
    from fsspec.implementations.dirfs import DirFileSystem
    from fsspec.implementations.local import LocalFileSystem

    packed.write_parquet(tmp_path / "hub/datasets/ILSVRC/imagenet-1k")
    given: list[str] = []

    def connect(*, token: str | None = None, **_: object) -> object:
        given.append(token or "")
        root = "hub" if token == TOKEN else "nothing"
        return DirFileSystem(path=str(tmp_path / root), fs=LocalFileSystem())

    monkeypatch.setattr(huggingface_hub, "HfFileSystem", connect)
    hub._own_filesystem.cache_clear()
    parquet._opened.clear()
    parquet._groups.clear()
    return given


HUB = "hf://datasets/ILSVRC/imagenet-1k"


def test_a_token_is_lent_to_one_build_and_written_nowhere(
    served: list[str], data: DataFolder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    request = IndexRequest(place=HUB, name="hub", card=CARD, draw=Draw(per_class=2), token=TOKEN)
    ready = request.prepare(ENGINE, data)(Reports(), Cancel())
    assert ready.downloaded is not None
    assert ready.downloaded > 0
    out = request.build(ENGINE, data)(Reports(), Cancel())
    assert verify(out) == []
    assert (out / "thumbnails.sqlite").is_file()
    assert set(served) == {TOKEN}
    assert TOKEN not in repr(request) + caplog.text
    assert not [path for path in data.root.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert not hub._lent[hub.data_set(HUB)]
    assert not parquet._opened
    with pytest.raises(BadFolder, match="no parquet file there"):  # without the token nothing can be read
        replace(request, token="").prepare(ENGINE, data)(Reports(), Cancel())


def test_a_token_that_would_stand_in_an_error_is_refused(served: list[str], data: DataFolder) -> None:
    request = IndexRequest(place=HUB, name="hub", card=CARD, token=f"{TOKEN}\r\nCookie: x")
    with pytest.raises(BadFolder) as error:
        request.prepare(ENGINE, data)(Reports(), Cancel())
    assert TOKEN not in str(error.value)
    assert served == []


def test_the_download_is_that_of_the_row_groups_that_are_read(served: list[str]) -> None:
    with parquet.authorised(HUB, TOKEN):
        rows = list(parquet.listing(*hub.tables(HUB)))
        every, first = parquet.size(rows), parquet.size(rows[:1])
        table = parquet._table(f"{HUB}/{rows[0].name.rpartition('/')[0]}")
        metadata = table.file.metadata
        sizes = [metadata.row_group(g).column(0).total_compressed_size for g in range(metadata.num_row_groups)]
    assert 0 < first < every
    assert first >= min(sizes)
    assert json.dumps(every)
