"""Files that come from the network: fetched once, resumed after a break, checked by hash."""

from __future__ import annotations

import http.client
import json
import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ..errors import Cancelled, DownloadFailed
from ..jobs.progress import Meter, Report
from . import checksums
from .atomic_files import beside, disk_failed, locked

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """Where a file is (http or https), the name it is stored under, and the hash that it must have.

    ``digest`` "": its publisher gives none in advance. Trust on first use: the file is held to the sha256 that the
    server tells when it is asked (X-Linked-ETag or ETag, as Hugging Face does); where it tells none, what arrived is
    taken for right. Either way that sha256 stays in NAME.sha256, and the file is held to it from then on.
    """

    url: str
    name: str
    digest: str = ""  # full, or the first 8 or more hex digits of a sha256, as torch.hub file names carry them
    algorithm: Literal["sha256", "md5"] = "sha256"
    size: int | None = None  # bytes, roughly: for display before the server says

    def __post_init__(self) -> None:
        digits = {"sha256": r"([0-9a-f]{8,64})?", "md5": r"[0-9a-f]{32}"}[self.algorithm]
        fix = "Correct the entry that lists this file."
        if urlsplit(self.url).scheme not in ("http", "https") or not urlsplit(self.url).hostname:
            raise DownloadFailed(got=f"the address {self.url!r}", wanted="http:// or https://", remedy=fix)
        if self.name in ("", ".", "..") or re.search(r"[/\\\0]", self.name):
            raise DownloadFailed(got=f"the file name {self.name!r}", wanted="a name without folders", remedy=fix)
        if not re.fullmatch(digits, self.digest):
            raise DownloadFailed(got=f"the {self.algorithm} {self.digest!r}", wanted=f"hex like {digits}", remedy=fix)


def fetch(
    remote: RemoteFile,
    folder: Path,
    *,
    progress: Report | None = None,
    cancel: threading.Event | None = None,
    timeout: float = 30,
    waits: Sequence[float] = (1, 3, 10),
) -> Path:
    """folder/name, downloaded unless it is there; `waits` are the seconds before each new try after a broken one.

    What arrived of a file stays in name.part and is resumed. Whoever asks while another thread or process
    is at it waits for that one. `timeout` bounds a silent connection, and so how late a cancel is seen there.
    """
    target, stop, meter = folder / remote.name, cancel or threading.Event(), Meter(progress, remote.size)
    part, what = beside(target, ".part"), f"the download of {remote.name}"

    def watch() -> None:
        if size := _size(part):  # 0 also once it has moved to its final name
            meter(size, _notes(part).get("total"))

    try:
        if whole(remote, folder):
            return target
        if os.environ.get("PHOTOBIAS_OFFLINE", "") not in ("", "0"):
            there = f", and a {target} with another {remote.algorithm}" if target.is_file() else ""
            raise _failed(remote, target, f"offline mode (PHOTOBIAS_OFFLINE is set){there}", "Unset it to download.")
        folder.mkdir(parents=True, exist_ok=True)
        with locked(target, stop, what, watch):
            if whole(remote, folder):  # another had it while we waited
                meter(target.stat().st_size, target.stat().st_size)
                return target
            _transfer(remote, target, meter, stop, timeout, waits)
            if stop.is_set():
                raise Cancelled(what)
            _check(remote, target)
            part.replace(target)
            _discard(part)
            checksums.remember(target, remote.algorithm, remote.digest)
    except OSError as exc:  # of the disk: the network's are caught where they arise
        raise disk_failed(exc, f"write {target}") from exc
    return target


def _check(remote: RemoteFile, target: Path) -> None:
    """What arrived is what was asked for; else it is removed. Without a digest, it is what the file is from now on."""
    part = beside(target, ".part")
    told, found = remote.digest or _notes(part).get("sha256") or "", checksums.hash_of(part, remote.algorithm)
    got = f"{_size(part)} bytes with {remote.algorithm} {found} from {remote.url}"
    if not found.startswith(told):
        _discard(part)
        raise _failed(remote, target, got, "What arrived was wrong and is removed: try again.", told)
    if remote.digest:
        return
    if (first := checksums.first(target)) not in ("", found):
        _discard(part)
        remedy = f"It was another file when it first arrived: remove {beside(target, '.sha256')} to accept this one."
        raise _failed(remote, target, got, remedy, first)
    checksums.pin(target, found)


def is_here(remote: RemoteFile, folder: Path) -> bool:
    """The file is in the folder and fetch has verified it since it last changed; cheap, nothing is hashed."""
    return checksums.known(folder / remote.name, remote.algorithm, remote.digest)


def whole(remote: RemoteFile, folder: Path) -> bool:
    """The file is in the folder and is what it must be; hashed where it has changed since that was last found."""
    return checksums.holds(folder / remote.name, remote.algorithm, remote.digest)


def digest_of(remote: RemoteFile, folder: Path) -> str:
    """The digest that the file is held to; "" where its publisher gives none and it is not there."""
    return remote.digest or checksums.own(folder / remote.name)


class _BrokenError(Exception):
    """A connection that ended early or a server that asks for patience: worth another try."""


def _transfer(
    remote: RemoteFile, target: Path, meter: Meter, stop: threading.Event, timeout: float, waits: Sequence[float]
) -> None:
    """Fills name.part; tries count anew whenever it has grown beyond what earlier tries reached."""
    part, tries, met = beside(target, ".part"), 0, False
    furthest = _size(part)
    while True:
        try:
            return _attempt(remote, target, meter, stop, timeout)
        except (_BrokenError, urllib.error.URLError) as exc:
            met = met or isinstance(exc, _BrokenError)  # a server never reached: say so now, not after all waits
            if _size(part) > furthest:
                furthest, tries = _size(part), 0
            if not met or tries >= len(waits):
                got = f"{'a broken' if met else 'no'} connection to {remote.url} ({exc})"
                kept = f" The {_size(part)} bytes that arrived are kept." if _size(part) else ""
                raise _failed(remote, target, got, f"Check the network and try again.{kept}") from exc
        if stop.wait(waits[tries]):
            raise Cancelled(f"the download of {remote.name}")
        tries += 1


def _attempt(remote: RemoteFile, target: Path, meter: Meter, stop: threading.Event, timeout: float) -> None:
    part = beside(target, ".part")
    notes = _notes(part)
    # bytes of another address, or of none known, cannot be continued
    have = _size(part) if notes.get("url") == remote.url else 0
    if have and have == notes.get("total"):  # stopped between the last byte and the hash
        return None
    request = urllib.request.Request(remote.url, headers={"User-Agent": "photographers-bias"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        if notes.get("validator"):
            request.add_header("If-Range", notes["validator"])
    try:
        response: http.client.HTTPResponse = _opener(moves := _Moves()).open(request, timeout=timeout)
    except urllib.error.HTTPError as exc:
        exc.close()
        if exc.code == 416 and have:  # all bytes are here, though their number was not told; or they are another file's
            if exc.headers.get("Content-Range") == f"bytes */{have}":
                return None
            _discard(part)
            return _attempt(remote, target, meter, stop, timeout)
        if exc.code in (408, 429) or exc.code >= 500:
            raise _BrokenError(exc) from exc
        raise _failed(remote, target, f"HTTP {exc.code} {exc.reason} from {remote.url}", "Try again later.") from exc
    except urllib.error.URLError:
        raise
    except (OSError, http.client.HTTPException) as exc:
        raise _BrokenError(repr(exc)) from exc
    with response:
        goes_on = have and response.status == 206
        if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            _discard(part)
            return _attempt(remote, target, meter, stop, timeout)
        done = have if goes_on else 0
        total = None if response.length is None else done + response.length
        with part.open("ab" if goes_on else "wb") as file:
            if not goes_on:  # after the old bytes are gone, so that a kill in between pairs nothing wrongly
                etag = response.headers.get("ETag", "W/")
                validator = response.headers.get("Last-Modified") if etag.startswith("W/") else etag
                notes = {"url": remote.url, "validator": validator, "total": total, "sha256": _told(response, moves)}
                beside(part, ".json").write_text(json.dumps(notes))
            meter(done, total)
            while total is None or done < total:
                if stop.is_set():
                    raise Cancelled(f"the download of {remote.name}")
                try:
                    chunk = response.read1(_CHUNK)  # what has arrived: a slow server delays no cancel
                except (OSError, http.client.HTTPException) as exc:
                    raise _BrokenError(repr(exc)) from exc
                if not chunk:
                    break
                file.write(chunk)
                done += len(chunk)
                meter(done, total)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and done < total:
        raise _BrokenError(f"the connection closed after {done} of {total} bytes")
    return None


class _Moves(urllib.request.HTTPRedirectHandler):
    """Follows redirects; keeps what they said of the file that they lead to."""

    def __init__(self) -> None:
        self.etags: list[str] = []

    def redirect_request(self, *told: Any) -> urllib.request.Request | None:
        *_, headers, _url = told
        self.etags.append(headers.get("X-Linked-ETag", ""))
        return super().redirect_request(*told)


def _told(response: http.client.HTTPResponse, moves: _Moves) -> str:
    """The sha256 that a server gives of its file, as Hugging Face does; "" where it gives none."""
    for etag in (*moves.etags, response.headers.get("X-Linked-ETag", ""), response.headers.get("ETag", "")):
        if match := re.fullmatch(r'(?:W/)?"?([0-9a-f]{64})"?', etag):
            return match[1]
    return ""


def _opener(moves: _Moves) -> urllib.request.OpenerDirector:
    """urllib without its handlers of file:, ftp: and data:, so that no redirect leads there either."""
    r = urllib.request
    kinds: list[type[r.BaseHandler]] = [r.ProxyHandler, r.UnknownHandler, r.HTTPHandler, r.HTTPSHandler]
    kinds += [r.HTTPDefaultErrorHandler, r.HTTPErrorProcessor]
    opener = r.OpenerDirector()
    for handler in (moves, *(kind() for kind in kinds)):
        opener.add_handler(handler)
    return opener


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _notes(part: Path) -> dict[str, Any]:
    """What the server said of a partial file: url, validator, total; empty where that is not known."""
    try:
        notes = json.loads(beside(part, ".json").read_text())
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    beside(part, ".json").unlink(missing_ok=True)


def _failed(remote: RemoteFile, target: Path, got: str, remedy: str, digest: str = "") -> DownloadFailed:
    by_hand = f"Or place it by hand: download {remote.url} and save it in {target.parent} as {target.name}."
    digest = digest or remote.digest or checksums.first(target)
    wanted = f"{remote.name} with {remote.algorithm} {digest}" if digest else f"{remote.name}, whole"
    return DownloadFailed(got=got, wanted=wanted, remedy=f"{remedy} {by_hand}")
