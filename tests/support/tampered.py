"""Roots and names of scenes and files that somebody tampered with."""

from __future__ import annotations

TAMPERED = [
    ("scenes:", ""),
    ("scenes:", "../7"),
    ("scenes:", "7/../../x"),
    ("scenes:", "/etc/passwd"),
    ("scenes:", "-7"),
    ("scenes:", "7-9"),
    ("scenes:", "7,label=cat"),
    ("scenes:", "9" * 5000),
    ("scenes:", "٣"),
    ("scenes:../../etc", "7"),
    ("scenes:0-3", "7"),
    ("scenes:0-3,spread=1", "7"),
    ("scenes:colour=1", "7"),
    ("scenes:label=dragon", "7"),
    ("scenes:spread=9", "7"),
]
