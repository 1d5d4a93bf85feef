"""A server of several files on this machine, and a record of what a job reports while it fetches them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.jobs.progress import Progress
from core.storage.downloads import RemoteFile
from tests.support.serving import listening


class Server(ThreadingHTTPServer):
    """A server of ``files`` by path, with ranges. ``asked`` lists (path, Range header) of every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []

    def remote(self, name: str, body: bytes, *, algorithm: str = "sha256", digest: str | None = None) -> RemoteFile:
        """The file, from now on served."""
        self.files[f"/{name}"] = body
        known = digest or hashlib.new(algorithm, body).hexdigest()
        url = f"http://127.0.0.1:{self.server_address[1]}/{name}"
        return RemoteFile(url=url, name=name, digest=known, algorithm=algorithm)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of these tests."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        body = self.server.files[self.path]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", '"one"')
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        for place in range(start, len(body), 50_000):
            self.wfile.write(body[place : place + 50_000])

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with listening(Server(), monkeypatch) as served:
        yield served


class Reports:
    """A record of a task's reports: its stages and the progress in each. ``at`` is called for every report."""

    def __init__(self, at: Callable[[str, Progress | None], None] = lambda *_: None) -> None:
        self.stages: list[str] = []
        self.progress: dict[str, list[Progress]] = {}
        self._at = at

    def __call__(self, news: Progress) -> None:
        if news.stage not in self.progress:
            self.stages.append(news.stage)
            self.progress[news.stage] = []
        if news.done:
            self.progress[news.stage].append(news)
        self._at(news.stage, news)
