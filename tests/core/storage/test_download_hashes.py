"""Hashes of downloads: known, told by the server, or taken from what arrived."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from core.errors import DownloadFailed
from core.storage import checksums
from core.storage.downloads import RemoteFile, digest_of, fetch, whole
from tests.support.downloaded import is_here
from tests.support.serving import BODY, FAST, Server, listed


def test_wrong_bytes_are_refused_and_removed(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="were removed") as caught:
        fetch(listed(server, b"other"), tmp_path)
    assert hashlib.sha256(BODY).hexdigest() in caught.value.happened
    assert [p.name for p in tmp_path.iterdir()] == ["weights.pth.lock"]


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [("sha256", hashlib.sha256(BODY).hexdigest()[:8]), ("md5", hashlib.md5(BODY).hexdigest())],
)
def test_a_prefix_as_in_torch_hub_names_or_an_md5_suffices(
    server: Server, tmp_path: Path, algorithm: str, digest: str
) -> None:
    remote = listed(server, algorithm=algorithm, digest=digest)
    assert is_here(remote, fetch(remote, tmp_path).parent)


HASH = hashlib.sha256(BODY).hexdigest()


def unlisted(server: Server, path: str = "weights.pth") -> RemoteFile:
    return RemoteFile(url=server.url.replace("weights.pth", path), name="weights.pth")


@pytest.mark.parametrize("shape", ['"{}"', 'W/"{}"', "{}"])
@pytest.mark.parametrize("path", ["weights.pth", "moved"])
def test_a_hash_that_the_server_tells_is_held(server: Server, tmp_path: Path, path: str, shape: str) -> None:
    told, remote = shape.format(HASH), unlisted(server, path)
    server.linked, server.etag = (told, '"short"') if path == "moved" else ("", told)
    assert (digest_of(remote, tmp_path), whole(remote, tmp_path)) == ("", False)
    assert fetch(remote, tmp_path).read_bytes() == BODY
    assert (tmp_path / "weights.pth.sha256").read_text() == digest_of(remote, tmp_path) == HASH
    assert is_here(remote, tmp_path)
    server.body = BODY[::-1]  # what was told is not what comes
    other = tmp_path / "other"
    with pytest.raises(DownloadFailed, match="were removed") as caught:
        fetch(remote, other)
    assert HASH in caught.value.accepted
    assert hashlib.sha256(server.body).hexdigest() in caught.value.happened
    assert [p.name for p in other.iterdir()] == ["weights.pth.lock"]


@pytest.mark.parametrize("path", ["weights.pth", "moved"])
def test_a_resumed_file_is_held_to_the_hash_told_first(server: Server, tmp_path: Path, path: str) -> None:
    remote = unlisted(server, path)
    server.linked, server.etag = (f'"{HASH}"', '"one"') if path == "moved" else ("", f'"{HASH}"')
    server.cuts.append(150_000)
    with pytest.raises(DownloadFailed, match="are kept"):
        fetch(remote, tmp_path, waits=())
    server.body = BODY[:150_000] + BODY[150_000:][::-1]  # the rest is another file's
    with pytest.raises(DownloadFailed, match="were removed"):
        fetch(remote, tmp_path, waits=())
    assert "bytes=150000-" in server.asked
    assert not (tmp_path / "weights.pth.sha256").exists()
    server.body = BODY
    server.cuts.append(150_000)
    fetch(remote, tmp_path, waits=FAST)
    assert digest_of(remote, tmp_path) == HASH


@pytest.mark.parametrize("etag", ['"one"', "", '"' + "a" * 40 + '"', '"' + "A" * 64 + '"', '"' + "a" * 65 + '"'])
def test_without_any_hash_what_arrives_first_is_held(server: Server, tmp_path: Path, etag: str) -> None:
    server.etag, remote = etag, unlisted(server)
    path = fetch(remote, tmp_path)
    assert digest_of(remote, tmp_path) == HASH
    path.write_bytes(BODY[::-1])
    os.utime(path, ns=(1, 1))
    assert not is_here(remote, tmp_path)
    assert not whole(remote, tmp_path)
    assert digest_of(remote, tmp_path) == HASH  # what it has to be
    assert fetch(remote, tmp_path).read_bytes() == BODY
    assert len(server.asked) == 2
    path.unlink()
    assert digest_of(remote, tmp_path) == ""
    server.body = BODY[::-1]  # the publisher's file is another one now
    with pytest.raises(DownloadFailed, match=r"remove .*weights\.pth\.sha256 to accept") as caught:
        fetch(remote, tmp_path)
    assert HASH in caught.value.accepted
    assert not path.exists()
    (tmp_path / "weights.pth.sha256").unlink()
    assert fetch(remote, tmp_path).read_bytes() == server.body


def test_a_file_without_a_hash_that_was_placed_by_hand_is_what_it_is(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[Path] = []
    hash_ = checksums.hash_of
    monkeypatch.setattr(checksums, "hash_of", lambda path, kind: hashed.append(path) or hash_(path, kind))
    path, remote = tmp_path / "weights.pth", unlisted(server)
    path.write_bytes(BODY)
    for _ in range(3):
        assert digest_of(remote, tmp_path) == HASH
    assert fetch(remote, tmp_path) == path
    assert (server.asked, len(hashed)) == ([], 1)
    path.write_bytes(BODY[::-1])
    os.utime(path, ns=(1, 1))
    assert whole(remote, tmp_path)
    assert digest_of(remote, tmp_path) == hashlib.sha256(BODY[::-1]).hexdigest()
    (tmp_path / "weights.pth.verified").unlink()
    (tmp_path / "weights.pth.verified").mkdir()  # cannot be written, as in a folder that is read only
    assert digest_of(remote, tmp_path) == hashlib.sha256(BODY[::-1]).hexdigest()
    assert len(hashed) == 2


def test_an_md5_is_always_given() -> None:
    with pytest.raises(DownloadFailed, match="Correct the entry"):
        RemoteFile(url="http://host/x", name="x", algorithm="md5")


@pytest.mark.parametrize(
    "changes",
    [{"name": n} for n in ("../evil", "/etc/evil", "a\\b", "..", "")]
    + [{"digest": d} for d in ("abcdef1", "x" * 64, "a" * 65)]
    + [{"algorithm": "md5", "digest": "a" * 31}]
    + [{"url": u} for u in ("file:///etc/passwd", "ftp://host/x", "data:,x", "http:///x", "weights.pth")],
    ids=str,
)
def test_entries_that_make_no_sense_are_refused(server: Server, changes: dict[str, str]) -> None:
    with pytest.raises(DownloadFailed, match="Correct the entry"):
        listed(server, **changes)
