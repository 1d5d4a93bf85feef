"""A starter index over Imagenette (ten classes of ImageNet), downloaded and built in one click."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import BadFolder, DownloadFailed, Unreachable
from ..inference.engine import Engine
from ..jobs.cancel import Cancel
from ..jobs.job import Work
from ..jobs.progress import Progress, Report
from ..networks.card import NetworkCard
from ..networks.fetching import fetch_weights
from ..storage.archives import extract_tar
from ..storage.data_folder import DataFolder
from ..storage.downloads import RemoteFile, digest_of, fetch
from .build import build

IMAGENETTE_MB, IMAGENETTE_PHOTOGRAPHS = 326, 9_469 + 3_925  # training and held-out photographs
IMAGENETTE_URL = "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz"
IMAGENETTE_MD5 = "3df6f0d01a2c9592104656642f5e78a3"  # as in torchvision's dataset


def imagenette() -> RemoteFile:
    """Return address and checksum of Imagenette at 320 pixels."""
    name = IMAGENETTE_URL.rsplit("/", 1)[1]
    return RemoteFile(url=IMAGENETTE_URL, name=name, digest=IMAGENETTE_MD5, algorithm="md5", size=IMAGENETTE_MB * 2**20)


def _identified(card: NetworkCard) -> NetworkCard:
    """Return the card with its weights' digest, which for some cards is known only after the download."""
    if card.weights_digest or card.remote is None:
        return card
    return replace(card, weights_digest=digest_of(card.remote, card.weights.parent))


def build_starter(card: NetworkCard, engine: Engine, data: DataFolder, archive: RemoteFile | None = None) -> Work[Path]:
    """Return the work of a Job that downloads, unpacks and indexes Imagenette. Each step resumes where it stopped.

    Weights that are missing are downloaded first. Raises DownloadFailed, in one sentence without a connection.
    """

    def work(report: Report, cancel: Cancel) -> Path:
        if not card.available:
            with _one_sentence(card.title, card.remote, card.weights.parent):
                fetch_weights(card)(report, cancel)
        used = _identified(card)
        remote = archive or imagenette()
        with _one_sentence("Imagenette", remote, data.photographs):
            packed = fetch(remote, data.photographs, progress=report, cancel=cancel)
        folder = extract_tar(packed, data.photographs / "imagenette", cancel=cancel, progress=report)
        root = next((path.parent for path in sorted(folder.rglob("train")) if path.is_dir()), None)
        if root is None:
            raise BadFolder(
                f"{folder} has no folder train.",
                "The archive must hold train and val.",
                f"Remove {folder} and run it again.",
            )
        out = data.indexes / f"imagenette-{card.key.replace('/', '-')}"
        stage = f"Indexing with {card.title}"
        report(Progress(stage=stage))
        build(
            root / "train",
            used,
            engine,
            out,
            reference=root / "val",
            cancel=cancel,
            progress=lambda p: report(replace(p, stage=stage)),
        )
        return out

    return work


@contextmanager
def _one_sentence(what: str, remote: RemoteFile | None, folder: Path) -> Iterator[None]:
    """Raise DownloadFailed, in one sentence with the step that mends it, where the server cannot be reached."""
    try:
        yield
    except Unreachable as error:
        if remote is None:
            raise
        raise DownloadFailed(
            f"{what} was not downloaded, because {urlsplit(remote.url).hostname} cannot be reached: connect this "
            f"machine to the internet and start again, or save {remote.url} as {folder / remote.name} first."
        ) from error


def indexes(data: DataFolder) -> list[Path]:
    """Return the folders with a finished index."""
    return [file.parent for file in sorted(data.indexes.glob("*/manifest.json"))]
