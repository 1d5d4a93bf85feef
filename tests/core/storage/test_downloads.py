"""Downloads from a server that cuts, stalls or starts over."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled, DownloadFailed
from core.jobs.cancel import Cancel
from core.jobs.progress import Meter, Progress
from core.storage import checksums
from core.storage.downloads import fetch
from tests.support.basics import ROOT
from tests.support.downloaded import is_here
from tests.support.serving import BODY, FAST, Handler, Server, cut_short, listed
from tests.support.waiting import until


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
    assert (tmp_path / "weights.pth.verified").exists()  # a new process reads it
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
    with pytest.raises(DownloadFailed, match=r"connection to .* broke"):
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
    server.tell_length, stop = tell_length, Cancel()
    with pytest.raises(Cancelled):
        fetch(listed(server), tmp_path, cancel=stop, progress=lambda p: stop.request() if p.done == len(BODY) else None)
    fetch(listed(server), tmp_path)
    assert server.sent == len(BODY)
    assert server.asked == [None] + ([] if tell_length else ["bytes=400000-"])  # answered 416


def test_a_waiting_fetch_takes_over_from_a_killed_process(server: Server, tmp_path: Path) -> None:
    server.slow, part, seen = True, tmp_path / "weights.pth.part", list[Progress]()
    code = "import sys; from pathlib import Path; from core.storage.downloads import *; "
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
        stop = Cancel()
        second = pool.submit(fetch, listed(server), tmp_path, progress=seen.append)
        third = pool.submit(fetch, listed(server), tmp_path, cancel=stop)
        stop.request()
        assert isinstance(third.exception(5), Cancelled)
        assert not first.done()  # cancelling one who waits leaves the download alone
        assert first.result(10) == second.result(10)
    assert len(server.asked) == 1
    assert seen[-1].fraction == 1.0


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
        with pytest.raises(DownloadFailed, match=r"The disk is full.*Free some space"):
            fetch(listed(server), tmp_path)
    assert 0 < (tmp_path / "weights.pth.part").stat().st_size <= 200_000
    server.slow = False
    assert fetch(listed(server), tmp_path).read_bytes() == BODY
    assert server.asked[1] is not None


def test_no_network_tells_how_to_place_the_file_by_hand(server: Server, tmp_path: Path) -> None:
    with Server() as gone:
        url = gone.url
    start = time.monotonic()
    with pytest.raises(DownloadFailed, match="could not be made") as caught:
        fetch(listed(server, url=url), tmp_path)
    assert time.monotonic() - start < 0.9  # no waits for a server that was never reached
    assert f"download {url} by hand and save it in {tmp_path} as weights.pth" in caught.value.remedy


def test_offline_mode_asks_nobody(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOBIAS_OFFLINE", "1")
    with pytest.raises(DownloadFailed, match="offline mode") as caught:
        fetch(listed(server), tmp_path)
    assert server.url in caught.value.remedy
    (tmp_path / "weights.pth").write_bytes(b"torn")
    with pytest.raises(DownloadFailed, match="has another sha256"):
        fetch(listed(server), tmp_path)
    (tmp_path / "weights.pth").write_bytes(BODY)
    assert fetch(listed(server), tmp_path).exists()
    assert server.asked == []


def test_cancel_is_seen_within_a_chunk_and_keeps_the_partial(server: Server, tmp_path: Path) -> None:
    server.slow, stop, after = True, Cancel(), list[int]()

    def report(p: Progress) -> None:
        if stop.requested:
            after.append(p.done)
        if p.done > 50_000:
            stop.request()

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
