"""A study as a person asks for it: photographs, networks and settings, on the command line or on a page."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from ..datasets import Source, listing
from ..datasets.colours import with_colour
from ..images.colour import Colour
from ..inference.engine import Engine
from ..jobs.cancel import Cancel
from ..jobs.progress import Report
from ..networks import registry
from ..networks.card import NetworkCard
from ..networks.variants.twins import with_antialiased
from ..storage.data_folder import DataFolder, located, located_root, portable, portable_place
from ..storage.manifest import CLOSED, check_record
from ..versions import PACKAGE
from . import runner
from .axes import Axes
from .config import Study, create
from .manifest import Manifest

SMALL = 16  # photographs of a trial


@dataclass(frozen=True, kw_only=True)
class StoredRequest:
    """A request as request.json keeps it. Paths in the project are relative to it, so that folders can move."""

    kind: Literal["study"]
    study: str
    config: dict[str, Any]
    photos: str
    networks: tuple[str, ...]
    limit: int | None = None
    shuffle: bool = False
    index: str | None = None
    confidence: str | None = None
    trial: bool = False
    colour: Colour = "ignore"

    __pydantic_config__ = CLOSED


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request for a study.

    Attributes:
        study: the study with its settings.
        photos: a folder of photographs, or anything else that ``datasets.listing`` takes.
        networks: keys of networks.
        limit: use the first ``limit`` photographs only.
        shuffle: shuffle the photographs by the study's seed, before any limit. For files that are sorted by class.
        index: the folder of an index, for typicality.
        confidence: the key of the network that gives the confidence axis.
        trial: shrink the study to about a minute (``--small``).
        colour: what is done with colour profiles of the measured photographs.
    """

    study: Study
    photos: str
    networks: tuple[str, ...]
    limit: int | None = None
    shuffle: bool = False
    index: str | None = None
    confidence: str | None = None
    trial: bool = False
    colour: Colour = "ignore"

    def arguments(self) -> list[str]:
        """Return the words of the command for the same request, from ``study`` on and without --data and --out."""
        s = self.study
        options = {
            "photos": self.photos,
            "network": ",".join(self.networks),
            "protocol": ",".join(s.protocols),
            "pairs": s.pairs,
            "seed": s.seed,
            "step": s.step,
            "direction": s.direction,
            "unit": s.unit if s.reading == "text" else None,
            "reading": s.reading if s.reading != "text" else None,
            "sides": ",".join(map(str, s.sides)) if s.sides else None,
            "reduce-to": s.reduce_to,
            "limit": self.limit,
            "colour": self.colour if self.colour != "ignore" else None,
            "index": self.index,
            "confidence": self.confidence,
        }
        options |= {name.replace("_", "-"): getattr(s, name) or None for name in s.own}
        words = [word for name, value in options.items() if value is not None for word in (f"--{name}", str(value))]
        flags = [f"--{name}" for name, on in (("shuffle", self.shuffle), ("small", self.trial)) if on]
        return ["study", s.name, *words, *flags]

    @property
    def command(self) -> str:
        """The command for the same request, for people. It is to be typed in the project's folder."""
        index = self.index and portable(Path(self.index))
        return shlex.join(["python", "-m", PACKAGE, *replace(self, index=index).arguments()])

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as request.json keeps them; ``from_dict`` reads them."""
        config = self.study.as_dict()
        if "train" in config:
            config["train"] = portable_place(config["train"]) if config["train"] else ""
        return {
            "kind": "study",
            "study": self.study.name,
            "config": config,
            "photos": portable_place(self.photos),
            "networks": list(self.networks),
            "limit": self.limit,
            "shuffle": self.shuffle,
            "index": self.index and portable(Path(self.index)),
            "confidence": self.confidence,
            "trial": self.trial,
            **({} if self.colour == "ignore" else {"colour": self.colour}),
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        """Return the request that these values describe, with full paths.

        Raises:
            RecordError: a field is missing, unknown or of another type.
            UnknownName, BadProtocol: there is no such study, or it does not take these settings.
        """
        stored = check_record(facts, StoredRequest)
        config = dict(stored.config)
        if config.get("train"):
            config["train"] = located_root(config["train"])
        return cls(
            study=create(stored.study, **config),
            photos=located_root(stored.photos),
            networks=stored.networks,
            limit=stored.limit,
            shuffle=stored.shuffle,
            index=stored.index and str(located(stored.index)),
            confidence=stored.confidence,
            trial=stored.trial,
            colour=stored.colour,
        )

    def place(self, studies: Path) -> Path:
        """Return the folder of this request among the studies. Equal requests have the same folder."""
        digest = hashlib.sha256(json.dumps(self.arguments()).encode()).hexdigest()
        return studies / f"{self.study.name}-{digest[:10]}"

    def cards(self, data: DataFolder) -> list[NetworkCard]:
        """Return the card of each network once. Raises UnknownName.

        Where the study compares networks with their antialiased twins, the twins with weights here are added.
        """
        keys = tuple(dict.fromkeys(self.networks))
        if self.study.twins:
            keys = with_antialiased(keys, {key for key, card in registry.readable(data)[0].items() if card.available})
        return [registry.get(key, data) for key in keys]

    def axes(self, data: DataFolder) -> Axes:
        """Return the axes of the study. Raises IndexBroken, IndexMismatch, UnknownName."""
        return Axes.of(data, index=Path(self.index) if self.index else None, confidence=self.confidence)

    def settled(self) -> tuple[Study, list[Source]]:
        """Return the study with the settings that depend on its photographs, and the photographs. Raises BadFolder."""
        files = listing(self.photos)
        if self.shuffle:
            files = [files[k] for k in np.random.default_rng(self.study.seed).permutation(len(files))]
        study, limit = self.study.settled(files), self.limit
        if self.trial:
            study, limit = study.small(), min(limit or SMALL, SMALL)
        return study, with_colour(files[:limit], self.colour)

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
        """Run the study, or the rest of it, as ``runner.run`` does, and return its manifest.

        ``warn`` is called with each warning that belongs above the numbers.
        """
        cards, (study, sources), axes = self.cards(data), self.settled(), self.axes(data)
        return runner.run(
            study,
            sources,
            cards,
            folder,
            axes=axes,
            engine=engine,
            command=self.command,
            request=self.as_dict(),
            progress=progress,
            warn=warn,
            cancel=cancel,
        )
