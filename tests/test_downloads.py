"""core.downloads against a real server that cuts, stalls, lies and changes its mind."""

from __future__ import annotations

import errno
import hashlib
import io
import itertools
import logging
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core import checksums
from core.archives import extract_tar
from core.downloads import RemoteFile, digest_of, fetch, is_here, whole
from core.errors import Cancelled, DownloadFailed, PhotobiasError
from core.jobs import Job
from core.progress import Meter, Progress

BODY = bytes(itertools.islice(itertools.cycle(range(251)), 400_000))
FAST = (0.01, 0.01, 0.01)
ROOT = Path(__file__).parent.parent


class Server(ThreadingHTTPServer):
    """Serves body under every path; the attributes are its moods."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.etag = BODY, '"one"'
        self.cuts: list[int] = []  # bytes after which the next connections break
        self.errors: list[int] = []  # status codes of the next answers
        self.ignore_range = self.slow = False
        self.tell_length = True
        self.location = ""
        self.linked = ""  # X-Linked-ETag of the redirect from /moved, as Hugging Face answers
        self.asked: list[str | None] = []  # the Range header of every GET
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/weights.pth"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of these tests."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        s, ask = self.server, self.headers["Range"]
        s.asked.append(ask)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", s.url)
            self.send_header("X-Linked-ETag", s.linked)
            self.end_headers()
            return
        if s.location or s.errors:
            self.send_response(302 if s.location else s.errors.pop(0))
            self.send_header("Location", s.location)
            self.end_headers()
            return
        start, total = 0, len(s.body)
        if ask and not s.ignore_range and self.headers.get("If-Range", s.etag) == s.etag:
            start = int(ask.removeprefix("bytes=").removesuffix("-"))
        self.send_response(416 if start >= total else 206 if start else 200)
        if start:
            self.send_header(
                "Content-Range", f"bytes {start}-{total - 1}/{total}" if start < total else f"bytes */{total}"
            )
        if s.etag:
            self.send_header("ETag", s.etag)
        if s.tell_length:
            self.send_header("Content-Length", str(max(0, total - start)))
        self.end_headers()
        end = min(total, start + s.cuts.pop(0)) if s.cuts else total
        for at in range(start, end, 10_000):
            self.wfile.write(s.body[at : min(end, at + 10_000)])
            s.sent += min(end, at + 10_000) - at
            if s.slow:
                time.sleep(0.02)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("PHOTOBIAS_OFFLINE", raising=False)
    with Server() as it:
        threading.Thread(target=it.serve_forever, args=(0.02,), daemon=True).start()
        yield it
        it.shutdown()


def listed(server: Server, body: bytes = BODY, **changes: Any) -> RemoteFile:
    fields = {"url": server.url, "name": "weights.pth", "digest": hashlib.sha256(body).hexdigest()}
    return RemoteFile(**{**fields, **changes})


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.005)


def cut_short(server: Server, folder: Path, **changes: Any) -> None:
    """Leaves a partial file behind, as a broken connection does."""
    server.cuts.append(150_000)
    with pytest.raises(DownloadFailed, match=r"150000 of 400000 bytes.*are kept"):
        fetch(listed(server, **changes), folder, waits=())


def test_a_whole_file_arrives_with_its_progress(server: Server, tmp_path: Path) -> None:
    seen: list[Progress] = []
    remote = listed(server, size=123)
    assert not is_here(remote, tmp_path / "new")
    path = fetch(remote, tmp_path / "new", progress=seen.append)
    assert path == tmp_path / "new" / "weights.pth"
    assert path.read_bytes() == BODY
    dones = [p.done for p in seen]
    assert dones == sorted(dones)
    assert (seen[-1].done, seen[-1].total, seen[-1].fraction, seen[-1].seconds_left) == (400_000, 400_000, 1.0, 0.0)
    assert is_here(remote, tmp_path / "new")
    assert not list(path.parent.glob("*.part*"))


def test_a_verified_file_is_neither_fetched_nor_hashed_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fetch(listed(server), tmp_path)
    hashed: list[Path] = []
    hash_ = checksums.hash_of
    monkeypatch.setattr(checksums, "hash_of", lambda path, kind: hashed.append(path) or hash_(path, kind))
    checksums._verified.clear()  # as a new process begins
    fetch(listed(server), tmp_path)
    assert (len(server.asked), hashed) == (1, [])
    path.write_bytes(BODY[::-1])  # damaged: same size, other bytes
    os.utime(path, ns=(1, 1))
    assert not is_here(listed(server), tmp_path)
    assert fetch(listed(server), tmp_path).read_bytes() == BODY
    assert len(server.asked) == 2


def test_a_file_placed_by_hand_is_taken(server: Server, tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(BODY)
    (tmp_path / "weights.pth.verified").mkdir()  # cannot be written, as in a folder that is read only
    assert not is_here(listed(server), tmp_path)
    fetch(listed(server), tmp_path)
    assert is_here(listed(server), tmp_path)
    assert server.asked == []


@pytest.mark.parametrize("tell_length", [True, False])
def test_progress_without_numbers_stays_silent(server: Server, tmp_path: Path, tell_length: bool) -> None:
    server.tell_length, seen = tell_length, list[Progress]()
    fetch(listed(server), tmp_path, progress=seen.append)
    assert (seen[-1].total is None) is not tell_length
    assert (seen[-1].fraction is None) is not tell_length
    assert Progress(5, 10, 0.0).seconds_left is None
    assert Progress(0, 0, 1.0).fraction is None
    assert (Progress(11, 10, 1.0).fraction, Progress(11, 10, 1.0).seconds_left) == (1.0, 0.0)  # sizes are rough


def test_the_rate_counts_anew_after_a_start_over() -> None:
    seen: list[Progress] = []
    meter = Meter(seen.append, None)
    for done in (500, 0, 100):
        meter(done, 1000)
        time.sleep(0.001)
    assert seen[-1].rate > 0


def test_a_cut_connection_is_resumed(server: Server, tmp_path: Path) -> None:
    server.cuts = [90_000, 0, 110_000]
    seen: list[Progress] = []
    fetch(listed(server), tmp_path, waits=FAST[:2], progress=seen.append)  # tries count anew after each gain
    assert server.asked == [None, "bytes=90000-", "bytes=90000-", "bytes=200000-"]
    assert server.sent == len(BODY)
    assert [p.done for p in seen] == sorted(p.done for p in seen)


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(server: Server, tmp_path: Path) -> None:
    server.errors = [503, 429]
    fetch(listed(server), tmp_path, waits=FAST)
    assert len(server.asked) == 3
    server.errors = [404, 404]
    with pytest.raises(DownloadFailed, match="HTTP 404"):
        fetch(listed(server, name="other"), tmp_path, waits=FAST)
    assert len(server.asked) == 4


def test_a_server_that_keeps_cutting_is_given_up(server: Server, tmp_path: Path) -> None:
    server.ignore_range, server.cuts = True, [100_000] * 9
    with pytest.raises(DownloadFailed, match="broken connection"):
        fetch(listed(server), tmp_path, waits=FAST)
    assert len(server.asked) == 1 + len(FAST)


@pytest.mark.parametrize("mood", ["range ignored", "file changed", "file changed unseen, shorter"])
def test_what_cannot_be_continued_starts_over(server: Server, tmp_path: Path, mood: str) -> None:
    other = BODY[::-1][: 100_000 if "shorter" in mood else None]
    if "unseen" in mood:
        server.etag = ""
    cut_short(server, tmp_path)
    if mood == "range ignored":
        server.ignore_range = True
    else:
        server.body = other
        server.etag = server.etag and '"two"'
    fetch(listed(server, server.body), tmp_path, waits=())
    assert (tmp_path / "weights.pth").read_bytes() == server.body
    assert server.asked[1] == "bytes=150000-"


def test_a_partial_of_another_address_is_not_continued(server: Server, tmp_path: Path) -> None:
    cut_short(server, tmp_path, url=server.url + "?elsewhere")
    fetch(listed(server), tmp_path)
    assert server.asked == [None, None]


@pytest.mark.parametrize("tell_length", [True, False])
def test_a_stop_between_last_byte_and_hash_costs_no_second_transfer(
    server: Server, tmp_path: Path, tell_length: bool
) -> None:
    server.tell_length, stop = tell_length, threading.Event()
    with pytest.raises(Cancelled):
        fetch(listed(server), tmp_path, cancel=stop, progress=lambda p: stop.set() if p.done == len(BODY) else None)
    fetch(listed(server), tmp_path)
    assert server.sent == len(BODY)
    assert server.asked == [None] + ([] if tell_length else ["bytes=400000-"])  # answered 416


def test_a_waiting_fetch_takes_over_from_a_killed_process(server: Server, tmp_path: Path) -> None:
    server.slow, part, seen = True, tmp_path / "weights.pth.part", list[Progress]()
    code = "import sys; from pathlib import Path; from core.downloads import *; "
    code += "fetch(RemoteFile(url=sys.argv[1], name='weights.pth', digest=sys.argv[2]), Path(sys.argv[3]))"
    owner = subprocess.Popen([sys.executable, "-c", code, server.url, listed(server).digest, tmp_path], cwd=ROOT)
    until(part.exists)
    with ThreadPoolExecutor() as pool:
        waiter = pool.submit(fetch, listed(server), tmp_path, progress=seen.append)
        until(lambda: len(seen) > 2 and seen[-1].done > 50_000)
        assert len(server.asked) == 1  # the waiter only watches
        assert seen[-1].total == len(BODY)
        owner.kill()
        owner.wait()
        assert waiter.result(10).read_bytes() == BODY
    assert len(server.asked) == 2
    assert int((server.asked[1] or "").removeprefix("bytes=").removesuffix("-")) > 50_000
    assert server.sent < 1.3 * len(BODY)


def test_two_threads_share_one_download(server: Server, tmp_path: Path) -> None:
    server.slow, seen = True, list[Progress]()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(fetch, listed(server), tmp_path)
        until((tmp_path / "weights.pth.part").exists)
        stop = threading.Event()
        second = pool.submit(fetch, listed(server), tmp_path, progress=seen.append)
        third = pool.submit(fetch, listed(server), tmp_path, cancel=stop)
        stop.set()
        assert isinstance(third.exception(5), Cancelled)
        assert not first.done()  # cancelling one who waits leaves the download alone
        assert first.result(10) == second.result(10)
    assert len(server.asked) == 1
    assert seen[-1].fraction == 1.0


def test_wrong_bytes_are_refused_and_removed(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="is removed") as caught:
        fetch(listed(server, b"other"), tmp_path)
    assert hashlib.sha256(BODY).hexdigest() in caught.value.got
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


# files whose publisher gives no hash in advance


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
    with pytest.raises(DownloadFailed, match="is removed") as caught:
        fetch(remote, other)
    assert HASH in caught.value.wanted
    assert hashlib.sha256(server.body).hexdigest() in caught.value.got
    assert [p.name for p in other.iterdir()] == ["weights.pth.lock"]


@pytest.mark.parametrize("path", ["weights.pth", "moved"])
def test_a_resumed_file_is_held_to_the_hash_told_first(server: Server, tmp_path: Path, path: str) -> None:
    remote = unlisted(server, path)
    server.linked, server.etag = (f'"{HASH}"', '"one"') if path == "moved" else ("", f'"{HASH}"')
    server.cuts.append(150_000)
    with pytest.raises(DownloadFailed, match="are kept"):
        fetch(remote, tmp_path, waits=())
    server.body = BODY[:150_000] + BODY[150_000:][::-1]  # the rest is another file's
    with pytest.raises(DownloadFailed, match="is removed"):
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
    assert HASH in caught.value.wanted
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
        checksums._verified.clear()
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


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_redirects_lead_nowhere_but_http(server: Server, tmp_path: Path, location: str) -> None:
    server.location = location
    with pytest.raises(DownloadFailed, match=r"not allowed|unknown url type"):
        fetch(listed(server), tmp_path, waits=())


def test_a_full_disk_is_named_and_the_partial_kept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, data: Any, /) -> int:
            if self.tell() + len(data) > 200_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    server.slow, real = True, Path.open  # slow: so that chunks stay small

    def opened(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return io.BufferedWriter(Full(path, mode)) if path.suffix == ".part" else real(path, mode, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        with pytest.raises(DownloadFailed, match=r"a full disk.*Free some space"):
            fetch(listed(server), tmp_path)
    assert 0 < (tmp_path / "weights.pth.part").stat().st_size <= 200_000
    server.slow = False
    assert fetch(listed(server), tmp_path).read_bytes() == BODY
    assert server.asked[1] is not None


def test_no_network_tells_how_to_place_the_file_by_hand(server: Server, tmp_path: Path) -> None:
    with Server() as gone:
        url = gone.url
    start = time.monotonic()
    with pytest.raises(DownloadFailed, match="no connection") as caught:
        fetch(listed(server, url=url), tmp_path)
    assert time.monotonic() - start < 0.9  # no waits for a server that was never reached
    assert f"download {url} and save it in {tmp_path} as weights.pth" in caught.value.remedy


def test_offline_mode_asks_nobody(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOBIAS_OFFLINE", "1")
    with pytest.raises(DownloadFailed, match="offline mode") as caught:
        fetch(listed(server), tmp_path)
    assert server.url in caught.value.remedy
    (tmp_path / "weights.pth").write_bytes(b"torn")
    with pytest.raises(DownloadFailed, match="with another sha256"):
        fetch(listed(server), tmp_path)
    (tmp_path / "weights.pth").write_bytes(BODY)
    assert fetch(listed(server), tmp_path).exists()
    assert server.asked == []


def test_cancel_is_seen_within_a_chunk_and_keeps_the_partial(server: Server, tmp_path: Path) -> None:
    server.slow, stop, after = True, threading.Event(), list[int]()

    def report(p: Progress) -> None:
        if stop.is_set():
            after.append(p.done)
        if p.done > 50_000:
            stop.set()

    with pytest.raises(Cancelled, match=r"download of weights\.pth"):
        fetch(listed(server), tmp_path, cancel=stop, progress=report)
    assert after == []
    assert 50_000 < (tmp_path / "weights.pth.part").stat().st_size < len(BODY)
    server.slow = False
    fetch(listed(server), tmp_path)
    assert server.asked[1] is not None


def test_a_silent_server_times_out(server: Server, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Handler, "do_GET", lambda self: time.sleep(0.5))
        with pytest.raises(DownloadFailed, match="timed out"):
            fetch(listed(server), tmp_path, timeout=0.1, waits=())


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
    archive, stop = packed(tmp_path / "a.tar", mode="w", one=BODY, two=BODY), threading.Event()
    with pytest.raises(Cancelled, match="unpacking"):
        extract_tar(archive, tmp_path / "out", cancel=stop, progress=lambda p: stop.set() if p.done > 99_999 else None)
    assert not (tmp_path / "out").exists()
    (tmp_path / "out.unpacking").mkdir()
    (tmp_path / "out.unpacking" / "rest").write_text("of a killed one")
    assert [p.name for p in extract_tar(archive, tmp_path / "out").iterdir()] == ["photos"]


def test_a_missing_archive_says_so(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="No such file"):
        extract_tar(tmp_path / "none.tar", tmp_path / "out")


def test_a_job_runs_beside_its_page(server: Server, tmp_path: Path) -> None:
    go = threading.Event()

    def work(report: Callable[[Progress | str], None], cancel: threading.Event) -> Path:
        report("fetching")
        path = fetch(listed(server), tmp_path, progress=report, cancel=cancel)
        go.wait(5)
        return path

    job = Job(work).start()
    until(lambda: job.progress and job.progress.fraction == 1.0)
    assert (job.state, job.stage, job.result, job.error) == ("running", "fetching", None, None)
    go.set()
    assert job.wait(5) == "done"
    assert job.result == tmp_path / "weights.pth"


def test_a_job_is_cancelled(server: Server, tmp_path: Path) -> None:
    server.slow = True
    job = Job(lambda report, cancel: fetch(listed(server), tmp_path, progress=report, cancel=cancel)).start()
    until(lambda: job.progress)
    job.cancel()
    assert job.wait(5) == "cancelled"
    assert (job.result, job.error) == (None, None)


@pytest.mark.parametrize("raised", [KeyError("bug"), SystemExit(3), DownloadFailed(got="a", wanted="b", remedy="c")])
def test_a_failed_job_keeps_its_error(raised: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def work(report: object, cancel: object) -> None:
        raise raised

    with caplog.at_level(logging.ERROR):
        job = Job(work).start()
        assert job.wait(5) == "failed"
    if isinstance(raised, PhotobiasError):
        assert job.error is raised
        assert not caplog.records
    else:
        assert job.error is not None
        assert repr(raised) in job.error.got
        assert [r.exc_info[1] for r in caplog.records if r.exc_info] == [raised]
