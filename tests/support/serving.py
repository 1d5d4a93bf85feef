"""A server that cuts, stalls, lies and changes its mind; it listens on this machine alone."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.errors import DownloadFailed
from core.storage.downloads import RemoteFile, fetch

BODY = bytes(itertools.islice(itertools.cycle(range(251)), 400_000))
FAST = (0.01, 0.01, 0.01)


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


@contextmanager
def listening(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """It answers meanwhile, and nobody is told to be offline."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("PHOTOBIAS_OFFLINE", raising=False)
    with server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with listening(Server(), monkeypatch) as it:
        yield it


def listed(server: Server, body: bytes = BODY, **changes: Any) -> RemoteFile:
    fields = {"url": server.url, "name": "weights.pth", "digest": hashlib.sha256(body).hexdigest()}
    return RemoteFile(**{**fields, **changes})


def cut_short(server: Server, folder: Path, **changes: Any) -> None:
    """Leaves a partial file behind, as a broken connection does."""
    server.cuts.append(150_000)
    with pytest.raises(DownloadFailed, match=r"150000 of 400000 bytes.*are kept"):
        fetch(listed(server, **changes), folder, waits=())
