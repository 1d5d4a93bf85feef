"""A study as it is asked for: photographs, networks, settings. The same words on the command line and from a page."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..datasets import Source, listing
from ..inference.engine import Engine
from ..jobs.cancel import Cancel
from ..jobs.progress import Report
from ..networks import registry
from ..networks.card import NetworkCard
from ..networks.variants.twins import with_twins
from ..storage.data_folder import DataFolder, portable
from . import runner
from .axes import Axes
from .config import Study
from .manifest import Manifest

SMALL = 16  # photographs of a trial


@dataclass(frozen=True, kw_only=True)
class Request:
    """``photos``: a folder, or ``scenes:…``; ``networks``: keys; ``limit``: only the first photographs.

    ``shuffle``: in an order drawn by the study's seed before any limit, for files that are sorted by class.
    ``index``: a folder; ``confidence``: a key; ``trial``: shrunk to a minute's work (``--small``).
    """

    study: Study
    photos: str
    networks: tuple[str, ...]
    limit: int | None = None
    shuffle: bool = False
    index: str | None = None
    confidence: str | None = None
    trial: bool = False

    def arguments(self) -> list[str]:
        """The words after ``python -m core`` that ask for the same, but for --data and --out."""
        s = self.study
        given = {
            "photos": self.photos,
            "network": ",".join(self.networks),
            "protocol": ",".join(s.protocols),
            "pairs": s.pairs,
            "seed": s.seed,
            "step": s.step,
            "direction": s.direction,
            "unit": s.unit,
            "sides": ",".join(map(str, s.sides)) if s.sides else None,
            "reduce-to": s.reduce_to,
            "limit": self.limit,
            "index": self.index,
            "confidence": self.confidence,
        }
        given |= {name.replace("_", "-"): getattr(s, name) or None for name in s.own}
        words = [word for name, value in given.items() if value is not None for word in (f"--{name}", str(value))]
        flags = [f"--{name}" for name, on in (("shuffle", self.shuffle), ("small", self.trial)) if on]
        return ["study", s.name, *words, *flags]

    @property
    def command(self) -> str:
        """For people: what to type in the project's folder."""
        index = self.index and portable(Path(self.index))
        return shlex.join(["python", "-m", "core", *replace(self, index=index).arguments()])

    def place(self, studies: Path) -> Path:
        """Its own folder among the studies: the same request has the same one, so that nobody runs it twice."""
        digest = hashlib.sha256(json.dumps(self.arguments()).encode()).hexdigest()
        return studies / f"{self.study.name}-{digest[:10]}"

    def cards(self, data: DataFolder) -> list[NetworkCard]:
        """Each network once; with antialiased twins that are here, where the study is of those. Raises UnknownName."""
        keys = tuple(dict.fromkeys(self.networks))
        if self.study.twins:
            keys = with_twins(keys, {key for key, card in registry.readable(data)[0].items() if card.available})
        return [registry.get(key, data) for key in keys]

    def settled(self) -> tuple[Study, list[Source]]:
        """The study with what all its photographs decide, and those that it is over. Raises BadFolder."""
        there = listing(self.photos)
        if self.shuffle:
            there = [there[k] for k in np.random.default_rng(self.study.seed).permutation(len(there))]
        study, limit = self.study.settled(there), self.limit
        if self.trial:
            study, limit = study.small(), min(limit or SMALL, SMALL)
        return study, there[:limit]

    def run(
        self,
        data: DataFolder,
        folder: Path,
        *,
        engine: Engine | None = None,
        progress: Report | None = None,
        warn: Callable[[str], None] = lambda _: None,
        cancel: Cancel | None = None,
    ) -> Manifest:
        """As ``runner.run``; ``warn``: what has to be said above any number of a network."""
        cards, (study, sources) = self.cards(data), self.settled()
        axes = Axes.of(data, index=Path(self.index) if self.index else None, confidence=self.confidence)
        done = runner.run(
            study,
            sources,
            cards,
            folder,
            axes=axes,
            engine=engine,
            command=self.command,
            progress=progress,
            cancel=cancel,
        )
        for text in (one["warning"] for one in done.networks):
            if text:
                warn(text)
        return done
