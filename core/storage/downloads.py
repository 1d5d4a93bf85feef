"""Downloads: each file is fetched once, resumed after a break, and checked by its hash."""

from __future__ import annotations

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal
from urllib.parse import urlsplit

from ..errors import DownloadFailed, Unreachable
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter, Report
from . import checksums
from .atomic_files import beside, disk_failed, locked
from .redirects import Redirects, opener, stated_hash

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file on a server: its address (http or https), the name to store it under, and the hash it must have.

    ``digest`` "": its publisher gives no hash in advance. The file is then trusted on first use: it must have the
    sha256 that the server states (X-Linked-ETag or ETag, as Hugging Face does) or, if it states none, the one that
    arrived. Either is kept in NAME.sha256, and the file must have it from then on.
    """

    url: str
    name: str
    digest: str = ""  # full, or the first 8 or more hex digits of a sha256, as in torch.hub's file names
    algorithm: Literal["sha256", "md5"] = "sha256"
    size: int | None = None  # bytes, roughly: shown before the server states it

    def __post_init__(self) -> None:
        digits = {"sha256": r"([0-9a-f]{8,64})?", "md5": r"[0-9a-f]{32}"}[self.algorithm]
        fix = "Correct the entry that lists this file."
        if urlsplit(self.url).scheme not in ("http", "https") or not urlsplit(self.url).hostname:
            raise DownloadFailed(f"{self.url!r} is not an address.", "It starts with http:// or https://.", fix)
        if self.name in ("", ".", "..") or re.search(r"[/\\\0]", self.name):
            raise DownloadFailed(f"{self.name!r} is not a file name.", "It has no folders.", fix)
        if not re.fullmatch(digits, self.digest):
            raise DownloadFailed(f"{self.digest!r} is not a {self.algorithm}.", f"It matches {digits}.", fix)


def fetch(
    remote: RemoteFile,
    folder: Path,
    *,
    progress: Report | None = None,
    cancel: Cancel | None = None,
    timeout: float = 30,
    waits: Sequence[float] = (1, 3, 10),
) -> Path:
    """Return folder/name after downloading it, unless it is there. Raises DownloadFailed, Cancelled.

    A partial file stays in name.part and is resumed. If another thread or process downloads the same file, this call
    waits for it. ``waits``: seconds before each new try after a broken connection. ``timeout``: the longest silence
    of a connection, and so the longest delay of a cancel.
    """
    target, cancel = folder / remote.name, cancel or Cancel()
    part, what = beside(target, ".part"), f"the download of {remote.name}"
    meter = Meter(progress, remote.size, f"Fetching {remote.name}")

    def watch() -> None:
        if size := _size(part):  # 0 after it was moved to its final name
            meter(size, _notes(part).get("total"))

    meter.set()
    try:
        if whole(remote, folder):
            return target
        if os.environ.get("PHOTOBIAS_OFFLINE", "") not in ("", "0"):
            other = f", and {target} has another {remote.algorithm}" if target.is_file() else ""
            what = f"{remote.name} cannot be fetched in offline mode (PHOTOBIAS_OFFLINE is set){other}."
            raise _failed(remote, target, what, "Unset it to download.")
        folder.mkdir(parents=True, exist_ok=True)
        with locked(target, what, cancel, watch):
            if whole(remote, folder):  # another finished it while we waited
                meter(target.stat().st_size, target.stat().st_size)
                return target
            _Transfer(remote, target, meter, cancel, timeout).complete(waits)
            cancel.check(what)
            _verify(remote, target)
            part.replace(target)
            _discard(part)
            checksums.remember(target, remote.algorithm, remote.digest)
    except OSError as error:  # of the disk: errors of the network are caught where they arise
        raise disk_failed(error, f"write {target}") from error
    return target


def _verify(remote: RemoteFile, target: Path) -> None:
    """Raise DownloadFailed and remove what arrived if its hash is wrong; pin its hash if none was published."""
    part = beside(target, ".part")
    wanted, actual = remote.digest or _notes(part).get("sha256") or "", checksums.hash_of(part, remote.algorithm)
    what = f"{remote.url} sent {_size(part)} bytes with {remote.algorithm} {actual}."
    if not actual.startswith(wanted):
        _discard(part)
        raise _failed(remote, target, what, "They are not the right file and were removed: try again.", wanted)
    if remote.digest:
        return
    if (first := checksums.first(target)) not in ("", actual):
        _discard(part)
        remedy = f"The file was another one when it first arrived: remove {beside(target, '.sha256')} to accept this."
        raise _failed(remote, target, what, remedy, first)
    checksums.pin(target, actual)


def whole(remote: RemoteFile, folder: Path) -> bool:
    """Return whether the file is in the folder and has its hash; it is hashed only if it changed since."""
    return checksums.holds(folder / remote.name, remote.algorithm, remote.digest)


def digest_of(remote: RemoteFile, folder: Path) -> str:
    """Return the digest that the file must have; "" if none was published and the file is not there."""
    return remote.digest or checksums.own(folder / remote.name)


class _BrokenError(Exception):
    """A connection that ended early, or a busy server: worth another try."""


class _StaleError(Exception):
    """A partial file that cannot be continued and was removed: begin again."""


@dataclass(frozen=True, slots=True)
class _Transfer:
    """The download of a file to ``name.part``, with notes about its server in ``name.part.json``."""

    remote: RemoteFile
    target: Path
    meter: Meter
    cancel: Cancel
    timeout: float

    @property
    def part(self) -> Path:
        return beside(self.target, ".part")

    def complete(self, waits: Sequence[float]) -> None:
        """Try until all bytes are there. The tries are counted anew whenever the file grew."""
        tries, reached, furthest = 0, False, _size(self.part)
        while True:
            try:
                return self._attempt()
            except _StaleError:
                continue
            except (_BrokenError, urllib.error.URLError) as error:
                reached = reached or isinstance(error, _BrokenError)  # nobody answers: say so now, not after all waits
                if _size(self.part) > furthest:
                    furthest, tries = _size(self.part), 0
                if not reached or tries >= len(waits):
                    raise self._unreachable(error, reached) from error
            if self.cancel.wait(waits[tries]):
                self._check()
            tries += 1

    def _unreachable(self, error: Exception, reached: bool) -> DownloadFailed:
        broken = "broke" if reached else "could not be made"
        kept = f" The {_size(self.part)} bytes that arrived are kept." if _size(self.part) else ""
        what = f"The connection to {self.remote.url} {broken} ({error})."
        failed = _failed(self.remote, self.target, what, f"Check the network and try again.{kept}")
        return Unreachable(failed.happened, failed.accepted, failed.remedy)

    def _check(self) -> None:
        self.cancel.check(f"the download of {self.remote.name}")

    def _attempt(self) -> None:
        notes = _notes(self.part)
        # bytes from another or an unknown address cannot be continued
        have = _size(self.part) if notes.get("url") == self.remote.url else 0
        if have and have == notes.get("total"):  # stopped between the last byte and the hash
            return
        redirects = Redirects()
        response = self._open(redirects, have, notes)
        if response is None:
            return
        with response:
            resumed = bool(have) and response.status == 206
            if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                _discard(self.part)
                raise _StaleError
            done = have if resumed else 0
            total = None if response.length is None else done + response.length
            with self.part.open("ab" if resumed else "wb") as file:
                if not resumed:  # after the old bytes are gone, so that no kill pairs them with the new notes
                    self._note(response, redirects, total)
                done = self._receive(response, file, done, total)
        if total is not None and done < total:
            raise _BrokenError(f"the connection closed after {done} of {total} bytes")

    def _open(self, redirects: Redirects, have: int, notes: dict[str, Any]) -> http.client.HTTPResponse | None:
        """Return the server's answer; None if all bytes are here."""
        request = urllib.request.Request(self.remote.url, headers={"User-Agent": "photographers-bias"})
        if have:
            request.add_header("Range", f"bytes={have}-")
            if notes.get("validator"):
                request.add_header("If-Range", notes["validator"])
        try:
            response: http.client.HTTPResponse = opener(redirects).open(request, timeout=self.timeout)
            return response
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and have:  # nothing is left, or these are the bytes of another file
                if error.headers.get("Content-Range") == f"bytes */{have}":
                    return None
                _discard(self.part)
                raise _StaleError from error
            if error.code in (408, 429) or error.code >= 500:
                raise _BrokenError(error) from error
            what = f"{self.remote.url} answers HTTP {error.code} {error.reason}."
            raise _failed(self.remote, self.target, what, "Try again later.") from error
        except urllib.error.URLError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(repr(error)) from error

    def _note(self, response: http.client.HTTPResponse, redirects: Redirects, total: int | None) -> None:
        etag = response.headers.get("ETag", "W/")
        validator = response.headers.get("Last-Modified") if etag.startswith("W/") else etag
        stated = stated_hash(response, redirects)
        notes = {"url": self.remote.url, "validator": validator, "total": total, "sha256": stated}
        beside(self.part, ".json").write_text(json.dumps(notes))

    def _receive(self, response: http.client.HTTPResponse, file: IO[bytes], done: int, total: int | None) -> int:
        """Write what arrives, and return how many bytes the file has."""
        self.meter(done, total)
        while total is None or done < total:
            self._check()
            try:
                chunk = response.read1(_CHUNK)  # what has arrived: a slow server delays no cancel
            except (OSError, http.client.HTTPException) as error:
                raise _BrokenError(repr(error)) from error
            if not chunk:
                break
            file.write(chunk)
            done += len(chunk)
            self.meter(done, total)
        file.flush()
        os.fsync(file.fileno())
        return done


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _notes(part: Path) -> dict[str, Any]:
    """Return what the server stated about a partial file: url, validator, total, sha256; empty if unknown."""
    try:
        notes = json.loads(beside(part, ".json").read_text())
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    beside(part, ".json").unlink(missing_ok=True)


def _failed(remote: RemoteFile, target: Path, what: str, remedy: str, digest: str = "") -> DownloadFailed:
    by_hand = f"Or download {remote.url} by hand and save it in {target.parent} as {target.name}."
    digest = digest or remote.digest or checksums.first(target)
    wanted = f"The right {remote.name} has the {remote.algorithm} {digest}." if digest else ""
    return DownloadFailed(what, wanted, f"{remedy} {by_hand}")
