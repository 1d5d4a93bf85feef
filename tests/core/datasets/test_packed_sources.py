"""Photographs in tars, WebDataset shards and parquet, local and on the hub: the same as in a folder, unpacked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.datasets import Source, address, dataset_name, find, hub, listing, parquet, reread
from core.datasets.sources import reopen
from core.errors import BadFolder, BadPhotograph
from core.images.photographs import decode
from tests.support import packed

Write = Callable[[Path], Path]
KINDS: dict[str, Write] = {
    "folder": packed.write_folder,
    "tar of class tars": packed.write_imagenet_tar,
    "folder of class tars": packed.write_class_tars,
    "webdataset": packed.write_webdataset,
    "webdataset, json": lambda folder: packed.write_webdataset(folder, sidecar=".json"),
    "parquet": packed.write_parquet,
    "parquet, one file": lambda folder: packed.write_parquet(folder, files=1) / "data/train-00000-of-00001.parquet",
    "parquet, a pattern": lambda folder: packed.write_parquet(folder) / "data/train-*.parquet",
}


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return KINDS[request.param](tmp_path / "set")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Files under the same path are other files in another test."""
    yield
    parquet._opened.clear()
    parquet._groups.clear()


def contents(files: list[Source]) -> dict[str, str | None]:
    """Digest → label."""
    return {photo.digest: photo.label for photo in (file.read() for file in files)}


def expected() -> dict[str, str | None]:
    labels = dict(zip(packed.WNIDS, packed.NAMES, strict=True))
    return {decode(data, name).digest: labels[name.split("/")[0]] for name, data in packed.photographs().items()}


def test_the_same_photographs_with_the_same_labels(place: Path) -> None:
    files = listing(place)
    assert contents(files) == expected()
    assert [(file.root, file.name) for file in listing(str(place))] == [(file.root, file.name) for file in files]
    assert len({(file.root, file.name) for file in files}) == 12
    assert not any(file.lost for file in files)


def test_one_is_found_again_by_root_and_name(place: Path) -> None:
    for file in listing(place):
        there = reread(file.root, file.name, file.label)
        assert there is not None
        assert (there.digest, there.label) == (file.read().digest, file.label)
        [one] = find([Path(address(file.root, file.name))])
        assert one.read().digest == there.digest


def test_what_is_gone_is_gone(place: Path, tmp_path: Path) -> None:
    file = listing(place)[0]
    (tmp_path / "set").rename(tmp_path / "elsewhere")
    assert file.lost
    assert reread(file.root, file.name, None) is None or "parquet" in file.name + file.root  # a file that is open
    with pytest.raises(BadFolder):
        listing(place)


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "folder"])
@pytest.mark.parametrize("name", ["../{}", "{}/../../x.tar/y.jpg", "/etc/passwd", "a\0.tar/{}"])
def test_a_name_that_leads_out_of_its_root_is_refused(kind: str, name: str, tmp_path: Path) -> None:
    file = listing(KINDS[kind](tmp_path / "set"))[0]
    with pytest.raises(BadFolder, match="Do not trust the source of this index or study"):
        reopen(file.root, name.format(file.name), None)


def test_a_link_that_leads_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = packed.write_class_tars(tmp_path / "set")
    (tmp_path / "secret.tar").write_bytes(packed.tar_of({"s.jpg": next(iter(packed.photographs().values()))}))
    (root / "link.tar").symlink_to(tmp_path / "secret.tar")
    assert not [file for file in listing(root) if "link" in file.name]
    with pytest.raises(BadFolder, match="Do not trust"):
        reread(str(root), "link.tar/s.jpg", None)


def test_names_are_stable_and_readable(tmp_path: Path) -> None:
    tar, shards, table = (KINDS[k](tmp_path / k) for k in ("tar of class tars", "webdataset", "parquet"))
    name = "n01440764/n01440764_0.JPEG"
    assert listing(tar)[0].name == name.replace("/", ".tar/")
    assert listing(shards)[0].name == "imagenet-0000.tar/n01440764_0.jpg"
    assert [f.name for f in listing(table)][:2] == [f"data/train-00000-of-00002.parquet/000000{k}" for k in (0, 1)]
    assert [dataset_name(listing(p)[0].root) for p in (tar, shards, table)] == [tar.name, "webdataset", "parquet"]


def test_a_folder_is_taken_for_what_it_mostly_is(tmp_path: Path) -> None:
    """A stray archive beside folders of photographs does not hide them."""
    root = packed.write_folder(tmp_path / "set")
    (root / "stray.tar").write_bytes(packed.tar_of({"x.jpg": b"x"}))
    assert len(listing(root)) == 12
    with pytest.raises(BadFolder, match=r"no file none\*\.tar"):
        listing(root / "none*.tar")


def test_labels_without_names(tmp_path: Path) -> None:
    assert {f.label for f in listing(packed.write_webdataset(tmp_path / "w", names=False))} == {"0", "1", "2"}
    assert {f.label for f in listing(packed.write_parquet(tmp_path / "p", named=False))} == {"0", "1", "281"}
    data = next(iter(packed.photographs().values()))
    files = {
        "a.jpg": data,
        "a.json": b"{not json",
        "b.jpg": data,
        "b.json": b"[1]",
        "deep/c.jpg": data,
        "d.jpg": data,
        "d.json": b'{"class_name": "owl"}',
        "d.cls": b" cat\n",
    }
    (tmp_path / "x.tar").write_bytes(packed.tar_of(files))
    assert {f.name: f.label for f in listing(tmp_path / "x.tar")} == {
        "a.jpg": None,
        "b.jpg": None,
        "deep/c.jpg": "deep",
        "d.jpg": "cat",
    }


def test_broken_archives_say_so(tmp_path: Path) -> None:
    whole = packed.write_imagenet_tar(tmp_path).read_bytes()
    cut = tmp_path / "cut.tar"
    for end in (700, 3000, len(whole) // 2, len(whole) - 12000):
        cut.write_bytes(whole[:end])
        with pytest.raises(BadFolder, match=r"cut\.tar.*whole, uncompressed tar"):
            listing(cut)
    import gzip

    cut.write_bytes(gzip.compress(whole))
    with pytest.raises(BadFolder, match=r"cut\.tar.*unpack it if it is compressed"):
        listing(cut)
    cut.write_bytes(packed.tar_of({"../out.jpg": b"x"}))
    with pytest.raises(BadFolder, match=r"it contains the name '\.\./out\.jpg'"):
        listing(cut)
    cut.write_bytes(packed.tar_of({"notes.txt": b"x"}))
    with pytest.raises(BadFolder, match="contain no photograph"):
        listing(cut)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(BadFolder, match=r"x\.parquet.*whole parquet"):
        listing(tmp_path / "x.parquet")


def test_a_damaged_photograph_among_good_ones(tmp_path: Path) -> None:
    good = next(iter(packed.photographs().values()))
    (tmp_path / "x.tar").write_bytes(packed.tar_of({"a.jpg": good, "b.jpg": good[:900], "c.jpg": b"text"}))
    files = listing(tmp_path / "x.tar")
    assert files[0].read().digest == decode(good, "a").digest
    for file in files[1:]:
        with pytest.raises(BadPhotograph, match=file.name):
            file.read()


def test_a_table_without_images(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "x.parquet")
    with pytest.raises(BadFolder, match=r"x\.parquet has the columns text\..* one of image"):
        listing(tmp_path / "x.parquet")
    table = pa.table({"image": list(packed.photographs().values())[:2], "wnid": ["n01440764", None]})
    pq.write_table(table, tmp_path / "plain.parquet")  # bytes themselves, and no struct
    files = listing(tmp_path / "plain.parquet")
    assert [file.label for file in files] == ["tench", None]
    assert set(contents(files)) <= set(expected())


def test_row_groups_are_read_once_and_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = parquet.Table.group

    def counted(self: Any, number: int) -> list[bytes]:
        read.append(number)
        return real(self, number)

    monkeypatch.setattr(parquet.Table, "group", counted)
    files = listing(packed.write_parquet(tmp_path / "set", files=1, group=3))
    for file in files:
        file.read()
    assert read == [0, 1, 2, 3]
    parquet._groups.clear()
    monkeypatch.setattr(parquet, "KEPT", 1)
    for file in files:
        file.read()
        assert len(parquet._groups) == 1
    read.clear()
    parquet._groups.clear()
    threads = [threading.Thread(target=files[0].read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [0]


# The hub. (The gated set itself is not asked here: a folder stands for it, and its client's errors are raised.)


@pytest.fixture
def on_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file system of the hub's kind, whose files lie in a folder."""
    from fsspec.implementations.dirfs import DirFileSystem
    from fsspec.implementations.local import LocalFileSystem

    packed.write_parquet(tmp_path / "hub/datasets/ILSVRC/imagenet-1k")
    served = DirFileSystem(path=str(tmp_path / "hub"), fs=LocalFileSystem())
    monkeypatch.setattr(hub, "filesystem", lambda _: served)
    return "hf://datasets/ILSVRC/imagenet-1k"


@pytest.mark.parametrize("rest", ["", "/data", "/data/train-*.parquet", "/data/train-00000-of-00002.parquet"])
def test_the_hub(on_hub: str, rest: str) -> None:
    files = listing(on_hub + rest)
    assert contents(files).items() <= expected().items()
    assert len(files) == (6 if rest.endswith("2.parquet") else 12)
    assert [(f.root, f.name) for f in listing(Path(on_hub + rest))] == [(f.root, f.name) for f in files]
    for file in files[::5]:
        there = reread(file.root, file.name, file.label)
        assert there is not None
        assert there.digest == find([Path(address(file.root, file.name))])[0].read().digest == file.read().digest
    assert not files[0].lost
    assert dataset_name(files[0].root).startswith("ILSVRC/imagenet-1k")


@pytest.mark.parametrize("error", ["offline", "gated", "cut"])
def test_a_hub_that_does_not_answer(on_hub: str, error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2
    from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled

    [file, *_] = listing(on_hub)
    response = httpx2.Response(401, request=httpx2.Request("GET", "https://huggingface.co"))
    failure = {
        "offline": OfflineModeIsEnabled("HF_HUB_OFFLINE is set"),
        "gated": GatedRepoError("Access to it is restricted", response=response),
        "cut": httpx2.ConnectError("no route to host"),
    }[error]

    class Silent:
        def fails(self, *_: Any, **__: Any) -> None:
            raise failure

        glob = open = exists = fails

    monkeypatch.setattr(hub, "filesystem", lambda _: Silent())
    parquet._opened.clear()
    with pytest.raises(
        BadFolder, match=r"Accept the terms at https://huggingface\.co/datasets/ILSVRC/imagenet-1k, set"
    ):
        listing(on_hub)
    with pytest.raises(BadPhotograph):
        file.read()
    assert file.lost  # so that a build stops, and does not list a million photographs as damaged
    assert reread(file.root, file.name, None) is None
    with pytest.raises(BadFolder, match="Do not trust"):
        reopen(file.root, f"../{file.name}", None)


def test_a_hub_without_such_files(on_hub: str) -> None:
    with pytest.raises(BadFolder, match="no parquet file there"):
        listing("hf://datasets/ILSVRC/none")
