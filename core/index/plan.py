"""The plan of an index, one file that is written first: the same plan gives the same index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from ..datasets import Source
from ..errors import IndexBroken, IndexMismatch
from ..images.colour import Colour
from ..networks.card import NetworkCard
from .files import read_bytes, sha256, to_json, write_whole
from .sampling import Draw
from .store import MANIFEST, PLAN, read_manifest


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that determines an index.

    ``files`` and ``reference``: (number of the root, name below it, label), sorted; row numbers follow their order.
    ``draw``: the rule by which the files were drawn from a larger source. ``colour``: what is done with colour
    profiles.
    """

    network: str
    weights_digest: str
    preprocessing: dict[str, object]
    shard_rows: int
    roots: tuple[str, ...]
    files: tuple[tuple[int, str, str | None], ...]
    reference_roots: tuple[str, ...]
    reference: tuple[tuple[int, str, str | None], ...]
    draw: Draw | None = None
    colour: Colour = "ignore"

    @staticmethod
    def of(
        files: Sequence[Source],
        reference: Sequence[Source],
        card: NetworkCard,
        shard_rows: int,
        draw: Draw | None = None,
        colour: Colour = "ignore",
    ) -> Plan:
        """Return the plan for files in the order of ``order``."""
        (roots, members), (reference_roots, queries) = _numbered(files), _numbered(reference)
        return Plan(
            network=card.key,
            weights_digest=card.weights_digest,
            preprocessing=card.preprocessing.as_dict(),
            shard_rows=shard_rows,
            roots=roots,
            files=members,
            reference_roots=reference_roots,
            reference=queries,
            draw=draw,
            colour=colour,
        )

    @cached_property
    def content(self) -> bytes:
        """The bytes of plan.json."""
        facts = {field.name: getattr(self, field.name) for field in fields(self)}  # asdict copies a million rows
        draw, colour = facts.pop("draw"), facts.pop("colour")
        more = {} if draw is None else asdict(draw)  # older plans have no such fields
        return to_json(facts | more | ({} if colour == "ignore" else {"colour": colour}))

    @cached_property
    def digest(self) -> str:
        """The sha256 of plan.json, which names the build."""
        return sha256(self.content)


def order(files: Iterable[Source]) -> list[Source]:
    """Return each photograph once, sorted by root and name."""
    ordered = sorted(files, key=lambda file: (file.root, file.name))
    following = (*ordered[1:], None)
    return [
        file
        for file, after in zip(ordered, following, strict=True)
        if after is None or (file.root, file.name) != (after.root, after.name)
    ]


def settle(plan: Plan, out: Path) -> None:
    """Make ``out`` this plan's folder. Raises IndexMismatch, saying what differs, when it is another plan's."""
    check(plan, out)
    if not (out / PLAN).exists():
        write_whole(out / PLAN, plan.content)


def check(plan: Plan, out: Path) -> None:
    """Raise IndexMismatch, saying what differs, when ``out`` is another plan's folder."""
    path = out / PLAN
    if not path.exists():
        if (out / MANIFEST).exists() and read_manifest(out).plan != plan.digest:
            raise _mismatch(out, "an index of another plan", "an index of this one")
        return
    there = read_bytes(path)
    if there == plan.content:
        return
    try:
        facts: Any = json.loads(there)
        theirs, ours = _difference(facts, json.loads(plan.content))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise IndexBroken(
            f"{path} is not a plan ({error}).",
            "It must be the plan that index build wrote.",
            f"Remove {path} if the index was built from these photographs, else choose another folder.",
        ) from None
    raise _mismatch(out, theirs, ours)


def _numbered(files: Sequence[Source]) -> tuple[tuple[str, ...], tuple[tuple[int, str, str | None], ...]]:
    roots = tuple(sorted({file.root for file in files}))
    number = {root: n for n, root in enumerate(roots)}
    return roots, tuple((number[file.root], file.name, file.label) for file in files)


def _difference(theirs: dict[str, Any], ours: dict[str, Any]) -> tuple[str, str]:
    """Return in words the first difference of two plans: (theirs, ours)."""
    words = {
        "network": "network {}",
        "weights_digest": "weights {}",
        "preprocessing": "preprocessing {}",
        "shard_rows": "{} rows a shard",
        "roots": "photographs of {}",
        "reference_roots": "reference {}",
        "per_class": "{} photographs of each class",
        "seed": "the seed {}",
        "colour": "colours {}",
    }
    for name, text in words.items():
        if theirs.get(name) != ours.get(name):
            absent = "ignore" if name == "colour" else "all"
            values = (absent if facts.get(name) is None else facts[name] for facts in (theirs, ours))
            there, here = (", ".join(v) or "none" if isinstance(v, list) else v for v in values)
            return text.format(there), text.format(here)
    for name, what in (("files", "photographs"), ("reference", "reference photographs")):
        there, here = theirs[name], ours[name]
        if there != here:
            both = zip(there, here, strict=False)
            first = next((n for n, (a, b) in enumerate(both) if a != b), min(len(there), len(here)))
            return (f"{len(there)} {what}{_entry(there, first)}", f"{len(here)} {what}{_entry(here, first)}")
    return "a plan of another version", "one of this version"


def _entry(files: list[Any], place: int) -> str:
    if place >= len(files):
        return ""
    _, name, label = files[place]
    return f", number {place} {name!r}" + (f" labelled {label!r}" if label else "")


def _mismatch(out: Path, theirs: str, ours: str) -> IndexMismatch:
    return IndexMismatch(
        f"{out} holds a build of {theirs}.",
        f"This build is of {ours}.",
        "Choose another folder, or remove this one and build again.",
    )
