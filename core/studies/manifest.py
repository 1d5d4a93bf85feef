"""A study's manifest, DIR/manifest.json: what the rows are measured on and what measured them.

It is written when a study starts, and again when it is finished.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from ..datasets import SceneFile, Source, is_cifar10
from ..datasets.colours import InSrgb
from ..errors import StudyBroken, StudyMismatch
from ..images.protocols.readings import READINGS, Reading, reading_of, reading_settings
from ..images.reduction import size_warning
from ..networks.card import NetworkCard
from ..storage.atomic_files import write
from ..storage.data_folder import located, located_root, portable, portable_root
from ..storage.manifest import OPEN, RecordError, identity, read_record
from ..versions import software
from .axes import Axes
from .choices import choices
from .config import Study

MANIFEST = "manifest.json"
REDUCED = "reduced"  # the entry about photographs that says where they were reduced
COLOUR = "colour"  # the entry about photographs that says that their colours were converted
IDENTITY = ("study", "config", "networks", "index", "confidence", "photographs", "block", "device", "precision")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The manifest of one study. A folder holds the rows of one choice of the fields in IDENTITY.

    Attributes:
        study: the name of the study.
        config: its settings, as ``Study.as_dict`` returns them.
        networks: key, weights, preprocessing, number of classes and warning of each network.
        index: network, plan, rows, dataset and k of the index that gives typicality, and "sample" where it is one.
        confidence: key and weights of the network that gives the confidence axis.
        photographs: number of photographs given, their roots, and a digest of their names and labels. The entry
            "training" has the same of the photographs that linear probes were trained on. The entry "reduced" says
            where they were reduced, if they were; "colour", that they were converted to sRGB, if so. Earlier versions,
            which reduced them before everything, write no "reduced".
        block: photographs in one part.
        short_side: the median short side in pixels of the first photographs; None of drawn ones.
        used: photographs that could be measured. They gave ``rows`` pairs.
        skipped: (name, reason) of each of the others.
        training: how many training photographs were used, and which were skipped.
        files: the size in bytes of each table.
        choices: every choice of the analysis, made before the first result (``core.studies.choices``).
        batches: frames in a batch of each network, by key; a network always runs at one shape.
        run: seconds, frames, and frames per second of the run that finished the study.
        finished: when it was finished, None before.
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
    short_side: float | None = None
    command: str = ""
    index_path: str | None = None
    started: str = ""
    finished: str | None = None
    used: int = 0
    rows: int = 0
    skipped: list[list[str]] | None = None
    training: dict[str, Any] | None = None
    files: dict[str, int] | None = None
    batches: dict[str, int] | None = None
    run: dict[str, float] | None = None
    choices: dict[str, Any] | None = None

    __pydantic_config__ = OPEN

    @property
    def digest(self) -> str:
        """The sha256 of the fields in IDENTITY and of the software versions."""
        return identity({name: getattr(self, name) for name in (*IDENTITY, "software")})

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders (or schemes such as ``scenes:``) below which the photographs have their names."""
        return tuple(map(located_root, self.photographs["roots"]))

    @property
    def index_folder(self) -> Path | None:
        """The folder of the typicality index when the study started; None without an index."""
        return located(self.index_path) if self.index_path else None

    @property
    def reading(self) -> Reading:
        """The reading of the paper's protocols. Manifests of earlier versions have no such entry: "text", or "mixed" if
        crops move in network pixels."""
        return config_reading(self.config)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings that belong above the numbers, each once."""
        config, texts = self.config, [entry["warning"] for entry in self.networks]
        if config.get("reduce_to") is None and "crop" in config["protocols"] and config["unit"] == "source":
            texts.append(size_warning(self.short_side))
        return tuple(dict.fromkeys(filter(None, texts)))

    def network(self, key: str) -> dict[str, Any]:
        """Return the entry of a network. Raises KeyError if it was not measured."""
        return {entry["key"]: entry for entry in self.networks}[key]

    def write(self, folder: Path) -> Self:
        """Write the manifest to its folder, atomically, and return it."""
        write(folder / MANIFEST, (json.dumps(asdict(self), indent=1) + "\n").encode())
        return self

    def done(self, **facts: Any) -> Manifest:
        """Return a copy that is finished now, with these fields."""
        return replace(self, finished=_now(), **facts)


def config_reading(config: Mapping[str, Any]) -> Reading:
    """Return the reading of a study's settings, as its manifest has them."""
    chosen = READINGS[config.get("reading", "text")] | {"unit": config["unit"]}
    return reading_of((name, chosen[name]) for protocol in config["protocols"] for name in reading_settings(protocol))


def create_manifest(
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
    """Return the manifest of a study that starts now. ``training``: the photographs that linear probes learn from."""
    photographs = describe_sources(sources)
    learned = {} if training is None else {"training": describe_sources(training)}
    reduced = {} if study.reduce_to is None else {REDUCED: "in the protocols"}
    return Manifest(
        study=study.name,
        config=study.as_dict(),
        networks=[_describe_network(card, photographs["drawn"], is_cifar10(sources)) for card in cards],
        **axes.as_dict(),
        photographs=photographs | learned | reduced,
        block=block,
        device=device,
        precision=precision,
        software=software("faiss-gpu", "faiss-cpu", "scikit-image", "pyarrow", *(["scikit-learn"] if learned else [])),
        command=command,
        index_path=portable(axes.index.path) if axes.index is not None else None,
        started=_now(),
        choices=choices(study.name, [card.key for card in cards]),
    )


def describe_sources(sources: Sequence[Source]) -> dict[str, Any]:
    """Return the manifest's entry about photographs: their number, roots, and a digest of names and labels."""
    each = json.dumps([[file.root, file.name, file.label] for file in sources])
    return {
        "given": len(sources),
        "roots": sorted({portable_root(file.root) for file in sources}),
        "drawn": all(isinstance(file, SceneFile) for file in sources),
        "sha256": hashlib.sha256(each.encode()).hexdigest(),
    } | ({COLOUR: "srgb"} if any(isinstance(file, InSrgb) for file in sources) else {})


def _describe_network(card: NetworkCard, drawn: bool, own: bool) -> dict[str, Any]:
    return {
        "key": card.key,
        "name": card.name,
        "weights_digest": card.weights_digest,
        "preprocessing": card.preprocessing.as_dict(),
        "classes": len(card.labels.names) if card.labels else None,
        "trained_on": card.trained_on,
        "warning": card.warning_for(drawn=drawn, own=own),
    } | ({"trained_sides": list(card.trained_sides)} if card.trained_sides else {})


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the study in a folder. Raises StudyBroken where there is none that can be read."""
    path = folder / MANIFEST
    try:
        return read_record(path, Manifest)
    except RecordError as error:
        got = f"{path} is not a manifest: {error.got}" if path.exists() else f"{path} cannot be read ({error.got})"
    raise StudyBroken(
        f"{got}.", "The folder must be a study's.", "Choose another, or make it with: python -m core study"
    )


def settle(wanted: Manifest, folder: Path) -> Manifest:
    """Write the manifest to a folder without one, or return the manifest that is in the folder.

    A finished study may be opened with newer software. An unfinished study does not continue with it.

    Raises:
        StudyMismatch: the folder holds another study. The error names the first difference.
    """
    if not (folder / MANIFEST).exists():
        return wanted.write(folder)
    present = read_manifest(folder)
    wanted = _as_earlier(wanted, present, folder)
    for name in IDENTITY if present.finished else (*IDENTITY, "software"):
        if (theirs := getattr(present, name)) != (ours := getattr(wanted, name)):
            what, theirs, ours = _difference((name,), theirs, ours)
            raise StudyMismatch(
                f"{folder} holds a study of {what} {theirs}.",
                f"This study is of {what} {ours}.",
                "Choose another folder, or remove this one to start again.",
            )
    return present


def _as_earlier(wanted: Manifest, present: Manifest, folder: Path) -> Manifest:
    """Return the wanted manifest as an earlier version would have written it, if that wrote the one that is present.

    Raises:
        StudyMismatch: the study is not finished, and the earlier version reduced photographs before everything.
    """
    if REDUCED not in wanted.photographs or REDUCED in present.photographs or present.config != wanted.config:
        return wanted
    if not present.finished:
        raise StudyMismatch(
            f"{folder} holds an unfinished study of an earlier version, which reduced photographs before everything.",
            "This version reduces them in the protocols only, so its rows would differ.",
            "Choose another folder, or remove this one to start again.",
        )
    return replace(wanted, photographs={k: v for k, v in wanted.photographs.items() if k != REDUCED})


def _difference(path: tuple[str, ...], theirs: Any, ours: Any) -> tuple[str, Any, Any]:
    """Return the first difference: where it is, in words, and both values."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        inner = next(key for key in (*theirs, *ours) if theirs.get(key) != ours.get(key))
        return _difference((*path, inner), theirs.get(inner), ours.get(inner))
    if isinstance(theirs, list) and isinstance(ours, list):
        keys = [[item["key"] if isinstance(item, dict) else str(item) for item in items] for items in (theirs, ours)]
        if keys[0] == keys[1]:
            number = next((n for n, (a, b) in enumerate(zip(theirs, ours, strict=True)) if a != b), 0)
            return _difference((keys[0][number],), theirs[number], ours[number])
        theirs, ours = (", ".join(names) for names in keys)
    return ", ".join(path) + (":" if len(path) > 1 else ""), theirs, ours


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
