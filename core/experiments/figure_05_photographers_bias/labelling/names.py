"""Names that people choose: of points, of sets of labels and of themselves."""

from __future__ import annotations

import re
import unicodedata

from ....errors import BadLabels

DEFAULT = "left eye, right eye"
MOST_POINTS = 12
LONGEST = 40  # characters; in any script fewer than the 255 bytes of a file name
_PRINTED = re.compile(rf"[^\W_](?:[\w .()'/-]{{0,{LONGEST - 1}}})")
_FILE = re.compile(rf"[^\W_](?:[\w .-]{{0,{LONGEST - 2}}}[\w-])?")


def points(text: str) -> tuple[str, ...]:
    """Return the names of points in the order in which they are clicked. Raises BadLabels.

    >>> points("left eye, right eye")
    ('left eye', 'right eye')
    """
    names = [unicodedata.normalize("NFC", part.strip()) for part in text.split(",")]
    wrong = next((name for name in names if not _PRINTED.fullmatch(name)), None)
    twice = next((name for name in names if names.count(name) > 1), None)
    if wrong is not None:
        got = "A point has no name" if not wrong else f"A point cannot be named {wrong!r}"
    elif twice is not None:
        got = f"The point {twice!r} occurs twice"
    elif len(names) > MOST_POINTS:
        got = f"There are {len(names)} points"
    else:
        return tuple(names)
    raise BadLabels(
        f"{got}.",
        f"Accepted are 1 to {MOST_POINTS} different names of up to {LONGEST} letters, with commas between them.",
        f"Try {DEFAULT!r} for example.",
    )


def file_name(text: str, what: str) -> str:
    """Return the name of a set or a labeller as a file name that any disk accepts: no path, lower case.

    (Some disks do not distinguish upper and lower case.) ``what``: for the error, for example ``a labeller``. Raises
    BadLabels.

    >>> file_name(" Anna ", "a labeller")
    'anna'
    """
    name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).lower())
    if not _FILE.fullmatch(name):
        raise BadLabels(
            f"{what[:1].upper()}{what[1:]} cannot be named {text.strip()!r}."
            if text.strip()
            else f"{what[:1].upper()}{what[1:]} needs a name.",
            f"A name has up to {LONGEST} letters and digits, between them spaces, dots, - or _.",
            "Choose another name.",
        )
    return name
