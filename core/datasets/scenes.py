"""Scenes as a source of photographs: numbers instead of files. ``scenes:0-99``, ``scenes:7,label=cat,spread=1``."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields, replace

from core.errors import BadFolder
from core.photographs import Photograph
from core.scenes import Photographer, describe, render

SCHEME = "scenes:"
MOST = 10_000_000  # scenes that one name may ask for
SETTINGS = tuple(f.name for f in fields(Photographer))


@dataclass(frozen=True, slots=True)
class SceneFile:
    """One scene, not drawn yet. ``only``: the class that was asked for, None where its number draws it."""

    seed: int
    photographer: Photographer
    only: str | None = None

    @property
    def root(self) -> str:
        """Who took it, of what: with the number, enough to draw it again."""
        return scheme(self.photographer, self.only)

    @property
    def name(self) -> str:
        """Its number."""
        return str(self.seed)

    @property
    def label(self) -> str:
        """Its class."""
        return self.only or describe(self.seed, self.photographer).label

    @property
    def lost(self) -> bool:
        """Never: whether its root is gone."""
        return False

    def read(self) -> Photograph:
        """Draw it."""
        return render(self.seed, self.photographer, label=self.only)


def scheme(photographer: Photographer, only: str | None = None) -> str:
    """What ``photographer_of`` reads: every setting in full."""
    parts = [f"{name}={value!r}" for name, value in asdict(photographer).items()]
    return SCHEME + ",".join([*([f"label={only}"] if only else []), *parts])


def scenes(source: str) -> list[SceneFile]:
    """``scenes:FIRST-LAST,SETTING=VALUE…`` → scenes in order; settings are label and those of a Photographer."""
    head, _, rest = source.removeprefix(SCHEME).partition(",")
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", head)
    if found is None:
        raise _bad(source, "no number of a scene")
    first, last = int(found[1]), int(found[2] or found[1])
    if not first <= last < first + MOST:
        raise _bad(source, f"{last - first + 1} scenes")
    photographer, only = _settings(source, rest)
    if only is not None:
        describe(first, photographer, label=only)  # raises UnknownName
    return [SceneFile(seed, photographer, only) for seed in range(first, last + 1)]


def again(root: str, name: str) -> SceneFile:
    """The scene that was indexed under that root and name."""
    if not name.isdecimal():
        raise _bad(f"{root} {name}", f"the number {name!r}")
    photographer, only = _settings(root, root.removeprefix(SCHEME))
    return SceneFile(int(name), photographer, only)


def _settings(source: str, text: str) -> tuple[Photographer, str | None]:
    given: dict[str, float] = {}
    only: str | None = None
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name == "label" and value:
            only = value
            continue
        try:
            number = float(value)
        except ValueError:
            raise _bad(source, f"{part!r}") from None
        if name not in SETTINGS:
            raise _bad(source, f"the setting {name!r}")
        given[name] = number
    return replace(Photographer(), **given), only


def _bad(source: str, got: str) -> BadFolder:
    return BadFolder(
        got=f"{got} in {source!r}",
        wanted=f"scenes:FIRST-LAST, then any of label, {', '.join(SETTINGS)} as ,NAME=VALUE",
        remedy="For example scenes:0-99 or scenes:7,label=cat.",
    )
