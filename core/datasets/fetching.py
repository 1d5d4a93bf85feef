"""Fetching CIFAR-10."""

from __future__ import annotations

import threading
from pathlib import Path

from ..jobs.job import Report, Work
from ..storage.archives import extract_tar
from ..storage.data_folder import DataFolder
from ..storage.downloads import RemoteFile, fetch
from . import cifar

CIFAR10_BYTES = 170_498_071


def cifar10() -> RemoteFile:
    """CIFAR-10 for Python: address and checksum as torchvision's dataset gives them."""
    from torchvision.datasets import CIFAR10

    return RemoteFile(
        url=CIFAR10.url, name=CIFAR10.filename, digest=CIFAR10.tgz_md5, algorithm="md5", size=CIFAR10_BYTES
    )


def fetch_cifar10(data: DataFolder, archive: RemoteFile | None = None) -> Work[Path]:
    """Work for a Job: download, unpack and check CIFAR-10, where ``cifar10:train`` and ``cifar10:test`` look for it.

    Each step goes on where it was stopped. Gives the folder that ``torchvision.datasets.CIFAR10`` takes. Where the
    files are there already, they are checked only.
    """

    def work(report: Report, cancel: threading.Event) -> Path:
        folder = cifar.home(data)
        if not cifar.there(folder):
            remote = archive or cifar10()
            report(f"Fetching {remote.name}")
            packed = fetch(remote, data.photographs, progress=report, cancel=cancel)
            report("Unpacking")
            extract_tar(packed, folder, cancel=cancel, progress=report)
        report("Checking")
        cifar.photographs(cifar.address(folder, "test"))
        return folder

    return work
