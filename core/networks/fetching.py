"""Fetching a network's weights."""

from __future__ import annotations

import threading
from pathlib import Path

from ..errors import DownloadFailed
from ..jobs.job import Report, Work
from ..storage.downloads import fetch
from .card import NetworkCard


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
