"""One click each: a network's weights, a starter index over Imagenette (ten classes of ImageNet), CIFAR-10."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from core.archives import extract_tar
from core.datasets import cifar
from core.downloads import RemoteFile, digest_of, fetch
from core.engine import Engine
from core.errors import BadFolder, DownloadFailed
from core.folders import DataFolder
from core.index.build import build
from core.jobs import Report, Work
from core.networks.card import NetworkCard
from core.progress import Progress

IMAGENETTE_MB = 326
CIFAR10_BYTES = 170_498_071


def imagenette() -> RemoteFile:
    """Imagenette at 320 px: address and checksum as torchvision's dataset gives them."""
    from torchvision.datasets import Imagenette

    url, md5 = Imagenette._ARCHIVES["320px"]
    return RemoteFile(url=url, name=url.rsplit("/", 1)[1], digest=md5, algorithm="md5", size=IMAGENETTE_MB * 2**20)


def fetch_weights(card: NetworkCard) -> Work[Path]:
    """Work for a Job: the weights of a card into its folder."""

    def work(report: Report, cancel: threading.Event) -> Path:
        if card.remote is None:
            raise DownloadFailed(
                got=f"no address for {card.key}", wanted="a card with one", remedy="Place the file by hand."
            )
        report(f"Fetching {card.remote.name}")
        return fetch(card.remote, card.weights.parent, progress=report, cancel=cancel)

    return work


def _identified(card: NetworkCard) -> NetworkCard:
    """The card with its weights' digest, which of some is known only once they have arrived."""
    if card.weights_digest or card.remote is None:
        return card
    return replace(card, weights_digest=digest_of(card.remote, card.weights.parent))


def build_starter(card: NetworkCard, engine: Engine, data: DataFolder, archive: RemoteFile | None = None) -> Work[Path]:
    """Work for a Job: download, unpack and index Imagenette; each step goes on where it was stopped.

    Where the card's weights are not here, they are fetched first.
    """

    def work(report: Report, cancel: threading.Event) -> Path:
        if not card.available:
            fetch_weights(card)(report, cancel)
        used = _identified(card)
        remote = archive or imagenette()
        report(f"Fetching {remote.name}")
        packed = fetch(remote, data.photographs, progress=report, cancel=cancel)
        report("Unpacking")
        folder = extract_tar(packed, data.photographs / "imagenette", cancel=cancel, progress=report)
        root = next((path.parent for path in sorted(folder.rglob("train")) if path.is_dir()), None)
        if root is None:
            raise BadFolder(got=f"{folder} without a folder train", wanted="train and val", remedy=f"Remove {folder}.")
        out = data.indexes / f"imagenette-{card.key.replace('/', '-')}"
        report(f"Indexing with {card.title}")
        build(
            root / "train", used, engine, out, reference=root / "val", cancel=cancel,
            progress=lambda p: report(Progress(p.done, p.total, p.rate)),
        )  # fmt: skip
        return out

    return work


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


def indexes(data: DataFolder) -> list[Path]:
    """Folders with a finished index."""
    return [file.parent for file in sorted(data.indexes.glob("*/manifest.json"))]
