"""Download of a network's weights."""

from __future__ import annotations

from pathlib import Path

from ..errors import DownloadFailed
from ..jobs.cancel import Cancel
from ..jobs.job import Work
from ..jobs.progress import Report
from ..storage.downloads import fetch
from .card import NetworkCard


def fetch_weights(card: NetworkCard) -> Work[Path]:
    """Return work for a Task: download the weights of a card into their folder. Raises DownloadFailed."""

    def work(report: Report, cancel: Cancel) -> Path:
        if card.remote is None:
            raise DownloadFailed(f"The card of {card.key} has no address.", remedy=f"Save the file as {card.weights}.")
        return fetch(card.remote, card.weights.parent, progress=report, cancel=cancel)

    return work
