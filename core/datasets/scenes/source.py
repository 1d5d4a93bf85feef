"""Scenes as a source of photographs: numbers instead of files. ``scenes:0-99``, ``scenes:7,label=cat,spread=1``."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields, replace

from ...errors import BadFolder, BadScene
from ...images.photographs import Photograph
from . import Photographer, label_of, render, scene_classes

SCHEME = "scenes:"
MOST = 10_000_000  # scenes that one name may ask for
SETTINGS = tuple(f.name for f in fields(Photographer))
NUMBER = "[0-9]{1,20}"  # of a scene


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
        return self.only or label_of(self.seed)

    @property
    def lost(self) -> bool:
        """Never: whether its root is gone."""
        return False

    def read(self) -> Photograph:
        """Draw it."""
        return render(self.seed, self.photographer, label=self.only)


def scheme(photographer: Photographer, only: str | None = None) -> str:
    """The root of such scenes, with every setting in full; ``again`` reads it."""
    parts = [f"{name}={value!r}" for name, value in asdict(photographer).items()]
    return SCHEME + ",".join([*([f"label={only}"] if only else []), *parts])


def scenes(source: str) -> list[SceneFile]:
    """``scenes:FIRST-LAST,SETTING=VALUE…`` → scenes in order; settings are label and those of a Photographer.

    Raises BadFolder.
    """
    head, _, rest = source.removeprefix(SCHEME).partition(",")
    found = re.fullmatch(f"({NUMBER})(?:-({NUMBER}))?", head)
    if found is None:
        raise _bad(source, f"the numbers {head!r}")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise _bad(source, f"a last number, {last}, below the first")
    if (count := last - first + 1) > MOST:
        raise BadFolder(got=f"{count} scenes in {source!r}", wanted=f"at most {MOST}", remedy="Ask for fewer.")
    photographer, only = _settings(source, rest)
    return [SceneFile(seed, photographer, only) for seed in range(first, last + 1)]


def again(root: str, name: str) -> SceneFile:
    """The scene that was indexed under that root and name. Raises BadFolder."""
    if not re.fullmatch(NUMBER, name):
        raise _bad(f"{root} {name}", f"the number {name!r}")
    photographer, only = _settings(root, root.removeprefix(SCHEME))
    return SceneFile(int(name), photographer, only)


def _settings(source: str, text: str) -> tuple[Photographer, str | None]:
    given: dict[str, float] = {}
    only: str | None = None
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name in given or (name == "label" and only):
            raise _bad(source, f"{name!r} twice")
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
    known = scene_classes()
    if only is not None and only not in known:
        raise BadFolder(
            got=f"the class {only!r} in {source!r}", wanted=f"one of {', '.join(known)}", remedy="Choose one of these."
        )
    try:
        return replace(Photographer(), **given), only
    except BadScene as error:
        raise BadFolder(got=f"{error.got} in {source!r}", wanted=error.wanted, remedy=error.remedy) from None


def _bad(source: str, got: str) -> BadFolder:
    return BadFolder(
        got=f"{got} in {source!r}",
        wanted=f"scenes:FIRST-LAST, then any of label, {', '.join(SETTINGS)} as ,NAME=VALUE",
        remedy="For example scenes:0-99 or scenes:7,label=cat.",
    )
