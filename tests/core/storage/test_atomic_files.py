"""core.storage.atomic_files: a file appears whole or not at all, and a disk that does not take it is said."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadFolder
from core.storage.atomic_files import write, write_whole

NEW, OLD = b"new" * 500_000, b"old"


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def barred(*_: Any, **__: Any) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def unplugged(*_: Any) -> None:
    raise OSError("the disk is gone")  # no number, no strerror


FAILURES: list[tuple[Any, str, Callable[..., None], str]] = [
    (os, "fsync", full, "No space left on device"),
    (os, "replace", barred, "Permission denied"),
    (Path, "open", barred, "Permission denied"),
    (Path, "mkdir", barred, "Permission denied"),
    (os, "fsync", unplugged, "the disk is gone"),
]


@pytest.mark.parametrize("store", [write, write_whole])
def test_a_file_appears_with_its_folder(store: Callable[[Path, bytes], None], tmp_path: Path) -> None:
    path = tmp_path / "deep/er/file.bin"
    store(path, NEW)
    assert path.read_bytes() == NEW
    store(path, OLD)
    assert path.read_bytes() == OLD
    store(path, b"")
    assert path.read_bytes() == b""
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("owner", "name", "fails", "reason"), FAILURES)
def test_what_stood_there_survives_a_failing_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, fails: Any, reason: str, there: bool
) -> None:
    path = tmp_path / "file.bin"
    if there:
        path.write_bytes(OLD)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fails)
        with pytest.raises(OSError, match=reason):
            write_whole(path, NEW)
        with pytest.raises(BadFolder) as caught:
            write(path, NEW)
    assert caught.value.happened == f"{path} could not be written ({reason})."
    assert caught.value.accepted == "It needs 1.5 MB there."
    assert "start again: what was finished is kept." in caught.value.remedy
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == ({"file.bin": OLD} if there else {})
    write(path, NEW)
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("name", ["file/below.bin", "folder", "a" * 300])
def test_places_where_no_file_can_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "folder/full").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadFolder) as caught:
        write(tmp_path / name, NEW)
    assert str(tmp_path / name) in caught.value.happened
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_bytes() == OLD


def test_killed_in_the_middle_the_old_file_stands_and_its_part_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_handle: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "file.bin"
    write(path, OLD)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            write(path, NEW)
    assert path.read_bytes() == OLD
    write(path, b"x")  # shorter than the part
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"file.bin": b"x"}


def test_nothing_is_put_in_place_before_it_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, path = list[str](), tmp_path / "file.bin"
    real = os.fsync, os.replace

    def fsync(handle: int) -> None:
        assert os.fstat(handle).st_size == len(NEW)
        done.append("fsync")
        real[0](handle)

    def replace(source: Any, target: Any) -> None:
        done.append(f"{Path(source).name} becomes {Path(target).name}")
        real[1](source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write(path, NEW)
    assert done == ["fsync", "file.bin.part becomes file.bin"]
