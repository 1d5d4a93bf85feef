"""Unpacking what was downloaded: whole or not at all, never outside its folder."""

from __future__ import annotations

import io
import lzma
import shutil
import tarfile
import threading
import zlib
from pathlib import Path
from typing import Self

from ..errors import Cancelled, DownloadFailed
from ..jobs.progress import Meter, Report
from .atomic_files import beside, disk_failed, locked

_CHUNK = 256 * 1024


def extract_tar(
    archive: Path, folder: Path, *, cancel: threading.Event | None = None, progress: Report | None = None
) -> Path:
    """The archive's files in a new folder; one that is there and not empty is taken as done, as it only comes whole."""
    stop, what, rough = cancel or threading.Event(), f"the unpacking of {archive.name}", beside(folder, ".unpacking")
    remedy = f"Remove {archive} and download it again."
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder, stop, what):
            if folder.is_dir() and any(folder.iterdir()):
                return folder
            shutil.rmtree(rough, ignore_errors=True)  # of an unpacking that was killed
            try:
                with _Watched(archive, stop, what, progress) as raw:
                    _unpack(raw, rough)
                rough.replace(folder)
            finally:
                shutil.rmtree(rough, ignore_errors=True)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as exc:
        raise DownloadFailed(got=f"{archive} ({exc})", wanted="a whole, safe tar archive", remedy=remedy) from exc
    except OSError as exc:
        if exc.errno is None:  # gzip and bz2 tell of broken data so
            raise DownloadFailed(got=f"{archive} ({exc})", wanted="a whole tar archive", remedy=remedy) from exc
        raise disk_failed(exc, f"unpack {archive} to {folder}") from exc
    return folder


class _Watched(io.FileIO):
    """An archive being read: each read looks at the cancel event and reports how far it is."""

    def __init__(self, path: Path, stop: threading.Event, what: str, progress: Report | None) -> None:
        super().__init__(path)
        self._stop, self._what, self._meter, self._total = stop, what, Meter(progress, None), path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        if self._stop.is_set():
            raise Cancelled(self._what)
        data = super().read(size) or b""
        self._meter(self.tell(), self._total)
        return data


class StrictInfo(tarfile.TarInfo):
    """tarfile takes a header that is missing or damaged for the archive's end; here only its block of zeros is that."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as exc:
            if type(exc).__name__ == "EOFHeaderError":  # by name: typeshed does not list it
                raise
            raise tarfile.ReadError(f"broken off: {exc}") from exc


def _unpack(raw: _Watched, folder: Path) -> None:
    def harmless(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        if member.issym() or member.islnk():  # can lead Python 3.11.7's data filter outside (CVE-2025-4517)
            raise tarfile.ReadError(f"{member.name!r} is a link")
        return tarfile.data_filter(member, path)

    folder.mkdir()
    # errorlevel 2: nothing that fails is skipped in silence
    with tarfile.open(fileobj=raw, tarinfo=StrictInfo, errorlevel=2) as tar:
        tar.extractall(folder, filter=harmless)
        while tar.fileobj and tar.fileobj.read(_CHUNK):  # to the checksum that gzip and its like end in
            pass
