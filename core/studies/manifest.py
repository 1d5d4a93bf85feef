"""What a study is of and what made it, in DIR/manifest.json: written first, and again when it is finished."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from ..datasets import SceneFile, Source, of_cifar10
from ..errors import StudyBroken, StudyMismatch
from ..networks.card import NetworkCard
from ..storage.atomic_files import write
from ..storage.data_folder import located, located_root, portable, portable_root
from ..versions import software
from .axes import Axes
from .config import Study

MANIFEST = "manifest.json"
IDENTITY = ("study", "config", "networks", "index", "confidence", "photographs", "block", "device", "precision")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """``study`` to ``precision`` say what the rows are of: a folder holds rows of one such choice only.

    ``networks``: key, weights, preprocessing, number of classes, and what has to be said above any number, each.
    ``photographs``: how many were given, their roots, and a digest of their names and labels; under "training" the
    same of those that readouts learned from. ``used`` of them gave ``rows`` pairs; ``skipped``: (name, reason).
    ``training``: used and skipped of those. ``run``: seconds, frames and frames a second of the run that finished it.
    ``finished`` None: not yet.
    """

    study: str
    config: dict[str, Any]
    networks: list[dict[str, Any]]
    index: dict[str, Any] | None
    confidence: dict[str, Any] | None
    photographs: dict[str, Any]
    block: int
    device: str
    precision: str
    software: dict[str, str]
    command: str = ""
    index_path: str | None = None
    started: str = ""
    finished: str | None = None
    used: int = 0
    rows: int = 0
    skipped: list[list[str]] | None = None
    training: dict[str, Any] | None = None
    files: dict[str, int] | None = None  # name → bytes
    run: dict[str, float] | None = None

    @property
    def digest(self) -> str:
        """sha256 of what the rows are of and of the software that makes them."""
        held = {name: getattr(self, name) for name in (*IDENTITY, "software")}
        return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()

    @property
    def roots(self) -> tuple[str, ...]:
        """Below which its photographs have their names."""
        return tuple(map(located_root, self.photographs["roots"]))

    @property
    def index_folder(self) -> Path | None:
        """The index that typicality is by, where it lay when the study began; None without one."""
        return located(self.index_path) if self.index_path else None

    def network(self, key: str) -> dict[str, Any]:
        """The entry of a network; KeyError where it was not measured."""
        return {one["key"]: one for one in self.networks}[key]

    def write(self, folder: Path) -> Self:
        """Into its folder, whole."""
        write(folder / MANIFEST, (json.dumps(asdict(self), indent=1) + "\n").encode())
        return self

    def done(self, **facts: Any) -> Manifest:
        """The same, finished now."""
        return replace(self, finished=_now(), **facts)


def of(
    study: Study,
    sources: Sequence[Source],
    cards: Sequence[NetworkCard],
    axes: Axes,
    *,
    block: int,
    device: str,
    precision: str,
    command: str = "",
    training: Sequence[Source] | None = None,
) -> Manifest:
    """The manifest of a study that begins now. ``training``: the photographs that its readouts learn from."""
    photographs = listed(sources)
    learned = {} if training is None else {"training": listed(training)}
    return Manifest(
        study=study.name,
        config=study.as_dict(),
        networks=[_network(card, photographs["drawn"], of_cifar10(sources)) for card in cards],
        **axes.as_dict(),
        photographs=photographs | learned,
        block=block,
        device=device,
        precision=precision,
        software=software("faiss-gpu", "faiss-cpu", "scikit-image", "pyarrow", *(["scikit-learn"] if learned else [])),
        command=command,
        index_path=portable(axes.index.path) if axes.index is not None else None,
        started=_now(),
    )


def listed(sources: Sequence[Source]) -> dict[str, Any]:
    """Photographs, as a manifest keeps them."""
    each = json.dumps([[file.root, file.name, file.label] for file in sources])
    return {
        "given": len(sources),
        "roots": sorted({portable_root(file.root) for file in sources}),
        "drawn": all(isinstance(file, SceneFile) for file in sources),
        "sha256": hashlib.sha256(each.encode()).hexdigest(),
    }


def _network(card: NetworkCard, drawn: bool, own: bool) -> dict[str, Any]:
    return {
        "key": card.key,
        "name": card.name,
        "weights_digest": card.weights_digest,
        "preprocessing": card.preprocessing.as_dict(),
        "classes": len(card.labels.names) if card.labels else None,
        "trained_on": card.trained_on,
        "warning": card.strange(drawn=drawn, own=own),
    } | ({"trained_sides": list(card.trained_sides)} if card.trained_sides else {})


def read_manifest(folder: Path) -> Manifest:
    """Raises StudyBroken where there is none, or none that can be read."""
    path = folder / MANIFEST
    try:
        facts = json.loads(path.read_bytes())
        # those of before readouts say nothing of training
        return Manifest(**{f.name: facts[f.name] for f in fields(Manifest) if f.default is MISSING or f.name in facts})
    except OSError as error:
        got = f"{path} ({error.strerror or error})"
    except (ValueError, TypeError, LookupError) as error:
        got = f"{path} that is no manifest ({type(error).__name__})"
    raise StudyBroken(
        got=got, wanted="a study's folder", remedy="Choose another, or make it with: python -m core study"
    )


def settle(wanted: Manifest, folder: Path) -> Manifest:
    """Makes the folder this study's, or finds it so. Raises StudyMismatch, saying what differs, when it is another's.

    A finished study stays what it is under newer software; an unfinished one does not go on under it.
    """
    if not (folder / MANIFEST).exists():
        return wanted.write(folder)
    there = read_manifest(folder)
    held = IDENTITY if there.finished else (*IDENTITY, "software")
    for name in held:
        if (theirs := getattr(there, name)) != (ours := getattr(wanted, name)):
            what, theirs, ours = _difference((name,), theirs, ours)
            raise StudyMismatch(
                got=f"{folder}, which holds a study of {what} {theirs}",
                wanted=f"one of {what} {ours}",
                remedy="Choose another folder, or remove this one to begin anew.",
            )
    return there


def _difference(path: tuple[str, ...], theirs: Any, ours: Any) -> tuple[str, Any, Any]:
    """The first thing in which they differ: (in words, theirs, ours)."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        inner = next(key for key in (*theirs, *ours) if theirs.get(key) != ours.get(key))
        return _difference((*path, inner), theirs.get(inner), ours.get(inner))
    if isinstance(theirs, list) and isinstance(ours, list):
        there, here = ([one["key"] if isinstance(one, dict) else str(one) for one in some] for some in (theirs, ours))
        place = next((n for n, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b), 0)
        if there == here:
            return _difference((there[place],), theirs[place], ours[place])
        theirs, ours = ", ".join(there), ", ".join(here)
    return ", ".join(path) + (":" if len(path) > 1 else ""), theirs, ours


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
