"""Drawn scenes as a source of photographs: ``scenes:0-99``, ``scenes:7,label=cat,spread=1``."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields, replace

from ...errors import BadFolder, BadScene
from ...images.photographs import Photograph
from . import Photographer, label_of, render, scene_classes

SCHEME = "scenes:"
MOST = 10_000_000  # scenes in one address
SETTINGS = tuple(f.name for f in fields(Photographer))
NUMBER = "[0-9]{1,20}"  # a scene's seed


@dataclass(frozen=True, slots=True)
class SceneFile:
    """One scene, not drawn yet. ``only`` is the requested class, or None if the seed chooses it."""

    seed: int
    photographer: Photographer
    only: str | None = None

    @property
    def root(self) -> str:
        """The photographer's settings and the class; with the seed, enough to draw the scene again."""
        return scheme(self.photographer, self.only)

    @property
    def name(self) -> str:
        """Its seed as text."""
        return str(self.seed)

    @property
    def label(self) -> str:
        """Its class."""
        return self.only or label_of(self.seed)

    @property
    def lost(self) -> bool:
        """Always False; a scene needs no file."""
        return False

    def read(self) -> Photograph:
        """Draw the scene."""
        return render(self.seed, self.photographer, label=self.only)


def scheme(photographer: Photographer, only: str | None = None) -> str:
    """Return the root of a photographer's scenes, with all settings; ``reopen`` parses it.

    >>> scheme(Photographer(), "cat")
    'scenes:label=cat,spread=0.4,size_mean=0.62,size_spread=0.12,framing=0.0'
    """
    parts = [f"{name}={value!r}" for name, value in asdict(photographer).items()]
    return SCHEME + ",".join([*([f"label={only}"] if only else []), *parts])


def scenes(source: str) -> list[SceneFile]:
    """Return the scenes of ``scenes:FIRST-LAST,SETTING=VALUE...`` in order.

    The settings are label and the fields of Photographer. Raises BadFolder.

    >>> [(scene.seed, scene.photographer.spread) for scene in scenes("scenes:7-8,spread=1")]
    [(7, 1.0), (8, 1.0)]
    """
    head, _, rest = source.removeprefix(SCHEME).partition(",")
    match = re.fullmatch(f"({NUMBER})(?:-({NUMBER}))?", head)
    if match is None:
        raise _bad(source, f"the numbers {head!r}")
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise _bad(source, f"a last number, {last}, below the first")
    if (count := last - first + 1) > MOST:
        raise BadFolder(f"{source!r} names {count} scenes.", f"At most {MOST} are possible.", "Choose fewer.")
    photographer, only = _settings(source, rest)
    return [SceneFile(seed, photographer, only) for seed in range(first, last + 1)]


def reopen(root: str, name: str) -> SceneFile:
    """Return the scene that was listed under a root and name. Raises BadFolder."""
    if not re.fullmatch(NUMBER, name):
        raise _bad(f"{root} {name}", f"the number {name!r}")
    photographer, only = _settings(root, root.removeprefix(SCHEME))
    return SceneFile(int(name), photographer, only)


def _settings(source: str, text: str) -> tuple[Photographer, str | None]:
    """Return the photographer and the class in the settings of an address. Raises BadFolder."""
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
    classes = scene_classes()
    if only is not None and only not in classes:
        raise BadFolder(
            f"{source!r} names the class {only!r}, which is not drawn.",
            f"The classes are {', '.join(classes)}.",
            "Choose one of these.",
        )
    try:
        return replace(Photographer(), **given), only
    except BadScene as error:
        raise BadFolder(f"{source!r} cannot be used. {error.happened}", error.accepted, error.remedy) from None


def _bad(source: str, got: str) -> BadFolder:
    return BadFolder(
        f"{source!r} has {got}.",
        f"Accepted is scenes:FIRST-LAST, optionally with label, {', '.join(SETTINGS)} as ,NAME=VALUE.",
        "Try scenes:0-99 or scenes:7,label=cat for example.",
    )
