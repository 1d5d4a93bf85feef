"""Guess at the type of a file from its first bytes."""

from __future__ import annotations

import codecs

HEIC, _UNKNOWN = "a damaged HEIC file", "a file that is no picture, or a damaged one"
_MAGIC = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive",
    b"\xff\xd8": "a damaged JPEG file",
    b"\x89PNG": "a damaged PNG file",
    b"GIF8": "a damaged GIF file",
    b"RIFF": "a damaged WebP file, a sound or a video",
    b"II*": "a damaged TIFF file",
    b"MM\0*": "a damaged TIFF file",
}


def guess_type(data: bytes) -> str:
    """Return a guess at the type of a file that is not a photograph."""
    head = data[:4096]
    if head[4:8] == b"ftyp":
        brand, compatible = head[8:12], head[8 : int.from_bytes(head[:4])]
        if brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"):
            return HEIC
        if brand in (b"mif1", b"msf1"):  # either
            return "a damaged AVIF file" if b"avif" in compatible else HEIC
        return "a damaged AVIF file" if brand in (b"avif", b"avis") else "a video"
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head).lower()  # a letter may be cut at the end
    except UnicodeDecodeError:
        return _UNKNOWN
    if "\0" in text:
        return _UNKNOWN
    if "<html" in text or "<!doctype html" in text:
        return "a web page"
    return "an SVG drawing" if "<svg" in text else "a text file"
