"""core.storage.archives: a tar file is unpacked once, inside its folder, or leaves nothing."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from core.errors import Cancelled, DownloadFailed
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.storage.archives import extract_tar
from tests.support.serving import BODY


def packed(path: Path, *, mode: str = "w:gz", **members: bytes | tarfile.TarInfo) -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content, io.BytesIO(b"x" * content.size))
            else:
                info = tarfile.TarInfo(f"photos/{name}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, int(kind == tarfile.REGTYPE)
    return info


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_unpacked_once(tmp_path: Path, mode: str) -> None:
    archive, seen = packed(tmp_path / "a.tar", mode=mode, one=BODY, two=b"2"), list[Progress]()
    folder = extract_tar(archive, tmp_path / "deep" / "out", progress=seen.append)
    assert (folder / "photos/one").read_bytes() == BODY
    assert (folder / "photos/two").read_bytes() == b"2"
    assert seen[-1].total == archive.stat().st_size
    assert not (tmp_path / "deep" / "out.unpacking").exists()
    archive.unlink()
    assert extract_tar(archive, folder) == folder  # it is there: the archive is not looked at


@pytest.mark.parametrize(
    "bad",
    [
        member("../evil"),
        member("photos/../../evil"),
        member("pipe", tarfile.FIFOTYPE),
        member("link", tarfile.SYMTYPE, "/etc"),
        member("link", tarfile.SYMTYPE, "photos/one"),  # harmless by itself; chains of such are not
        member("link", tarfile.LNKTYPE, "../a.tar"),
    ],
    ids=lambda info: f"{info.name} {info.linkname}",
)
def test_members_that_lead_outside_are_refused(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    archive = packed(tmp_path / "a.tar", one=b"1", bad=bad)
    with pytest.raises(DownloadFailed, match=r"a\.tar"):
        extract_tar(archive, tmp_path / "in" / "out")
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["out.lock"]
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("keep", [0, 100, 512 * 10 - 20, 512 * 10, 512 * 10 + 9, 512 * 12])
def test_a_truncated_tar_leaves_nothing(tmp_path: Path, mode: str, keep: int) -> None:
    # two members of a header and 9 blocks each: 10 blocks is the seam between them
    noise = os.urandom(512 * 9)  # does not compress, so that `keep` cuts every kind
    archive = packed(tmp_path / "a.tar", mode=mode, one=noise, two=noise[::-1])
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(DownloadFailed, match="download it again"):
        extract_tar(archive, tmp_path / "in" / "out")
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["out.lock"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_damaged_tar_leaves_nothing(tmp_path: Path, mode: str) -> None:
    archive = packed(tmp_path / "a.tar", mode=mode, one=os.urandom(5000), two=os.urandom(5000))
    data = bytearray(archive.read_bytes())
    data[5632:5700] = bytes(68)  # the second header, or what it was compressed to
    archive.write_bytes(data)
    with pytest.raises(DownloadFailed, match="download it again"):
        extract_tar(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unpacking_can_be_cancelled_and_clears_what_a_kill_left(tmp_path: Path) -> None:
    archive, stop = packed(tmp_path / "a.tar", mode="w", one=BODY, two=BODY), Cancel()
    with pytest.raises(Cancelled, match="unpacking"):
        extract_tar(
            archive, tmp_path / "out", cancel=stop, progress=lambda p: stop.request() if p.done > 99_999 else None
        )
    assert not (tmp_path / "out").exists()
    (tmp_path / "out.unpacking").mkdir()
    (tmp_path / "out.unpacking" / "rest").write_text("of a killed one")
    assert [p.name for p in extract_tar(archive, tmp_path / "out").iterdir()] == ["photos"]


def test_a_missing_archive_says_so(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="No such file"):
        extract_tar(tmp_path / "none.tar", tmp_path / "out")
