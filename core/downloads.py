"""Files that come from the network: fetched once, resumed after a break, checked by hash."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from core.errors import Cancelled, DownloadFailed
from core.files import beside, disk_failed, locked
from core.progress import Meter, Report

_CHUNK = 256 * 1024
_verified: dict[Path, str] = {}  # beside the ".verified" files, for folders that cannot be written


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """Where a file is (http or https), the name it is stored under, and the hash that it must have."""

    url: str
    name: str
    digest: str  # full, or the first 8 or more hex digits of a sha256, as torch.hub file names carry them
    algorithm: Literal["sha256", "md5"] = "sha256"
    size: int | None = None  # bytes, roughly: for display before the server says

    def __post_init__(self) -> None:
        digits = {"sha256": r"[0-9a-f]{8,64}", "md5": r"[0-9a-f]{32}"}[self.algorithm]
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
        if _whole(remote, target):
            return target
        if os.environ.get("PHOTOBIAS_OFFLINE", "") not in ("", "0"):
            there = f", and a {target} with another {remote.algorithm}" if target.is_file() else ""
            raise _failed(remote, target, f"offline mode (PHOTOBIAS_OFFLINE is set){there}", "Unset it to download.")
        folder.mkdir(parents=True, exist_ok=True)
        with locked(target, stop, what, watch):
            if _whole(remote, target):  # another had it while we waited
                meter(target.stat().st_size, target.stat().st_size)
                return target
            _transfer(remote, target, meter, stop, timeout, waits)
            if stop.is_set():
                raise Cancelled(what)
            if not (found := _hash(part, remote.algorithm)).startswith(remote.digest):
                got = f"{_size(part)} bytes with {remote.algorithm} {found} from {remote.url}"
                _discard(part)
                raise _failed(remote, target, got, "What arrived was wrong and is removed: try again.")
            part.replace(target)
            _discard(part)
            _remember(target, _stamp(remote, target))
    except OSError as exc:  # of the disk: the network's are caught where they arise
        raise disk_failed(exc, f"write {target}") from exc
    return target


def is_here(remote: RemoteFile, folder: Path) -> bool:
    """The file is in the folder and fetch has verified it since it last changed; cheap, nothing is hashed."""
    target = folder / remote.name
    return target.is_file() and _stamp(remote, target) in (_verified.get(target), _text(beside(target, ".verified")))


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
        response: http.client.HTTPResponse = _opener().open(request, timeout=timeout)
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
                notes = {"url": remote.url, "validator": validator, "total": total}
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


def _opener() -> urllib.request.OpenerDirector:
    """urllib without its handlers of file:, ftp: and data:, so that no redirect leads there either."""
    r = urllib.request
    kinds: list[type[r.BaseHandler]] = [r.ProxyHandler, r.UnknownHandler, r.HTTPHandler, r.HTTPSHandler]
    kinds += [r.HTTPDefaultErrorHandler, r.HTTPRedirectHandler, r.HTTPErrorProcessor]
    opener = r.OpenerDirector()
    for kind in kinds:
        opener.add_handler(kind())
    return opener


def _whole(remote: RemoteFile, target: Path) -> bool:
    if is_here(remote, target.parent):
        return True
    if not target.is_file():
        return False
    stamp = _stamp(remote, target)  # before the hash, so that a change meanwhile shows
    if good := _hash(target, remote.algorithm).startswith(remote.digest):
        _remember(target, stamp)
    return good


def _stamp(remote: RemoteFile, target: Path) -> str:
    stat = target.stat()
    return f"{remote.algorithm} {remote.digest} {stat.st_size} {stat.st_mtime_ns}"


def _remember(target: Path, stamp: str) -> None:
    _verified[target] = stamp
    with suppress(OSError):  # a folder that is read only
        beside(target, ".verified").write_text(stamp)


def _hash(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""


def _notes(part: Path) -> dict[str, Any]:
    """What the server said of a partial file: url, validator, total; empty where that is not known."""
    try:
        notes = json.loads(_text(beside(part, ".json")))
    except ValueError:
        return {}
    return notes if isinstance(notes, dict) else {}


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    beside(part, ".json").unlink(missing_ok=True)


def _failed(remote: RemoteFile, target: Path, got: str, remedy: str) -> DownloadFailed:
    by_hand = f"Or place it by hand: download {remote.url} and save it in {target.parent} as {target.name}."
    wanted = f"{remote.name} with {remote.algorithm} {remote.digest}"
    return DownloadFailed(got=got, wanted=wanted, remedy=f"{remedy} {by_hand}")
