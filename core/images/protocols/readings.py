"""Readings of the paper's protocols: its text, and the script that its authors published.

Of the script, these are the two settings in which it differs from the text. Everything else is the text's: the script
(CheckTranslationInvariance.py) also squeezes rectangles into squares, takes fixed areas and sizes from a list, measures
eight steps in a row about the centre of the frame, and has neither inpaint nor scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from ...errors import BadProtocol
from ..frames import BLACK
from .base import Protocol
from .registry import known, settings

Reading = Literal["text", "script", "mixed"]

READINGS: dict[str, dict[str, str]] = {
    "text": {"unit": "source", "surround": "black"},
    "script": {"unit": "network", "surround": "grey"},
}
TITLES: dict[str, str] = {
    "text": "the paper's text",
    "script": "the authors' script",
    "mixed": "the paper's text in part, the authors' script in part",
}
HELP = (
    "text, as the paper describes its protocols: crops move by a pixel of the photograph, the surround is black; "
    "script, as the authors' script does: crops move by a pixel of the frame, the surround is the network's mean "
    "grey; all else is as in the text"
)


def read_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with those that their entry "reading" stands for, in its place.

    Raises BadProtocol for a reading that does not exist, or that contradicts another setting.

    >>> read_settings({"reading": "script", "step": 2})
    {'step': 2, 'unit': 'network', 'surround': 'grey'}
    """
    rest = {name: value for name, value in given.items() if name != "reading"}
    if "reading" not in given:
        return rest
    if given["reading"] not in READINGS:
        raise BadProtocol(
            f"There is no reading {given['reading']!r}.",
            f"Accepted are {' and '.join(READINGS)}.",
            "Choose one of these.",
        )
    chosen = READINGS[given["reading"]]
    for name, value in chosen.items():
        if rest.get(name, value) != value:
            raise BadProtocol(
                f"The reading {given['reading']} and the {name} {rest[name]} contradict each other.",
                f"The reading {given['reading']} has the {name} {value}.",
                f"Leave one of them out: the reading, or the {name}.",
            )
    return rest | chosen


def reading_of(chosen: Iterable[tuple[str, str]]) -> Reading:
    """Return the reading of (setting, value) pairs. Protocols without such settings are alike in both: "text".

    >>> reading_of([("unit", "network"), ("surround", "#7c7468")])
    'script'
    >>> reading_of([("unit", "network"), ("surround", "black")])
    'mixed'
    """
    as_text = {value == READINGS["text"][name] for name, value in chosen}
    return "mixed" if len(as_text) == 2 else "script" if as_text == {False} else "text"


def reading_settings(protocol: str) -> frozenset[str]:
    """Return which of a protocol's settings differ between the readings. Raises UnknownName.

    >>> reading_settings("crop"), reading_settings("inpaint")
    (frozenset({'unit'}), frozenset())
    """
    return frozenset(settings(protocol) & READINGS["text"].keys())


def read_for(protocol: str, reading: Reading | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given settings of one protocol with those of the reading that it has. Raises as ``read_settings``.

    >>> read_for("crop", "script", {"step": 2})
    {'step': 2, 'unit': 'network'}
    """
    chosen = read_settings(given if reading is None else {**given, "reading": reading})
    return {name: value for name, value in chosen.items() if name in given or name in reading_settings(protocol)}


def rows_reading(rows: Iterable[tuple[str, str, str | None]]) -> Reading:
    """Return the reading of (protocol, unit, surround) as rows of a study have them; a surround of None is black.

    >>> rows_reading([("crop", "source", None), ("black", "network", None)])
    'text'
    """
    chosen = set[tuple[str, str]]()
    for protocol, unit, surround in rows:
        names = reading_settings(protocol) if protocol in known() else frozenset()  # figures may rename a protocol
        chosen |= {("unit", unit)} if "unit" in names else set()
        chosen |= {("surround", surround or BLACK)} if surround or "surround" in names else set()
    return reading_of(chosen)


def reading_difference(one: Reading, other: Reading) -> str:
    """Return the sentence that two studies read the paper differently; empty where they do not."""
    if one == other:
        return ""
    return (
        f"The studies read the paper's protocols differently: this one by {TITLES[one]}, the other by {TITLES[other]}. "
        "A difference between them may come from that alone."
    )


def protocols_reading(protocols: Sequence[Protocol]) -> Reading:
    """Return the reading of protocols with their settings."""
    return reading_of((name, getattr(p, name)) for p in protocols for name in reading_settings(p.name))
