"""Unpacking of downloaded archives: whole or not at all, and never outside their folder."""

from __future__ import annotations

import io
import lzma
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import Self

from ..errors import DownloadFailed
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter, Report
from .atomic_files import beside, disk_failed, locked

_CHUNK = 256 * 1024


def extract_tar(archive: Path, folder: Path, *, cancel: Cancel | None = None, progress: Report | None = None) -> Path:
    """Unpack an archive into a new folder and return the folder.

    A folder that exists and is not empty is returned as it is: it only appears whole. Raises DownloadFailed, Cancelled.
    """
    cancel, what, rough = cancel or Cancel(), f"the unpacking of {archive.name}", beside(folder, ".unpacking")
    meter = Meter(progress, stage="Unpacking")
    meter.set()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder, what, cancel):
            if folder.is_dir() and any(folder.iterdir()):
                return folder
            shutil.rmtree(rough, ignore_errors=True)  # left by an unpacking that was killed
            try:
                with _WatchedFile(archive, cancel, what, meter) as raw:
                    _unpack(raw, rough)
                rough.replace(folder)
            finally:
                shutil.rmtree(rough, ignore_errors=True)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _damaged(archive, error) from error
    except OSError as error:
        if error.errno is None:  # how gzip and bz2 report damaged data
            raise _damaged(archive, error) from error
        raise disk_failed(error, f"unpack {archive} to {folder}") from error
    return folder


def _damaged(archive: Path, error: Exception) -> DownloadFailed:
    return DownloadFailed(
        f"{archive} is not a whole, safe tar archive ({error}).", remedy=f"Remove {archive} and download it again."
    )


class _WatchedFile(io.FileIO):
    """An archive that is being read: each read can be cancelled, and reports how far it is."""

    def __init__(self, path: Path, cancel: Cancel, what: str, meter: Meter) -> None:
        super().__init__(path)
        self._cancel, self._what, self._meter, self._size = cancel, what, meter, path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        self._cancel.check(self._what)
        data = super().read(size) or b""
        self._meter(self.tell(), self._size)
        return data


class StrictInfo(tarfile.TarInfo):
    """A header of a tar archive. A missing or damaged one is an error; tarfile would take it for the archive's end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as exc:
            if type(exc).__name__ == "EOFHeaderError":  # by name: typeshed does not list it
                raise
            raise tarfile.ReadError(f"cut short: {exc}") from exc


def _unpack(raw: _WatchedFile, folder: Path) -> None:
    def harmless(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        if member.issym() or member.islnk():  # Python 3.11.7's data filter lets links lead outside (CVE-2025-4517)
            raise tarfile.ReadError(f"{member.name!r} is a link")
        return tarfile.data_filter(member, path)

    folder.mkdir()
    # errorlevel 2: no failure is skipped silently
    with tarfile.open(fileobj=raw, tarinfo=StrictInfo, errorlevel=2) as tar:
        tar.extractall(folder, filter=harmless)
        while tar.fileobj and tar.fileobj.read(_CHUNK):  # up to the checksum at the end of gzip and similar formats
            pass
