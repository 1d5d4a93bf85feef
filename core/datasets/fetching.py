"""Download of CIFAR-10."""

from __future__ import annotations

from pathlib import Path

from ..jobs.cancel import Cancel
from ..jobs.job import Work
from ..jobs.progress import Progress, Report
from ..storage.archives import extract_tar
from ..storage.data_folder import DataFolder
from ..storage.downloads import RemoteFile, fetch
from . import cifar

CIFAR10_BYTES = 170_498_071


def cifar10() -> RemoteFile:
    """Return CIFAR-10 for Python, with the address and checksum of torchvision's dataset."""
    from torchvision.datasets import CIFAR10

    return RemoteFile(
        url=CIFAR10.url, name=CIFAR10.filename, digest=CIFAR10.tgz_md5, algorithm="md5", size=CIFAR10_BYTES
    )


def fetch_cifar10(data: DataFolder, archive: RemoteFile | None = None) -> Work[Path]:
    """Return work for a Task: download, unpack and check CIFAR-10, for ``cifar10:train`` and ``cifar10:test``.

    Each step resumes where it was stopped; existing files are only checked. The result is the folder that
    ``torchvision.datasets.CIFAR10`` takes.
    """

    def work(report: Report, cancel: Cancel) -> Path:
        folder = cifar.home(data)
        if not cifar.is_complete(folder):
            remote = archive or cifar10()
            packed = fetch(remote, data.photographs, progress=report, cancel=cancel)
            extract_tar(packed, folder, cancel=cancel, progress=report)
        report(Progress(stage="Checking"))
        cifar.photographs(cifar.address(folder, "test"))
        return folder

    return work
