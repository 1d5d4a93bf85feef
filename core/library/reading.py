"""Photographs, indexes and finished studies, read by one call each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt
from PIL import Image

from .. import studies
from ..datasets import find
from ..errors import BadFolder
from ..images import photographs
from ..images.colour import Colour, in_srgb
from ..images.photographs import Photograph
from ..index.opening import EXACT, opened
from ..index.search import FeatureIndex
from ..storage.data_folder import EMBEDDED, DataFolder

Readable = str | Path | bytes | Image.Image | npt.NDArray[Any]


def read_photograph(
    source: Readable,
    *,
    name: str | None = None,
    label: str | None = None,
    short_side: int | None = None,
    colour: Colour = "srgb",
) -> Photograph:
    """Return one photograph, decoded and upright.

    Args:
        source: A file's path, a name such as ``"scenes:7"`` or ``"cifar10:test,3"``, the content of a file, a Pillow
            image, or an array of RGB pixels, uint8 (H, W, 3).
        name: The photograph's name in tables and warnings.
        label: Its class, by name or WordNet id. A source that knows its class needs none.
        short_side: Reduce the short side to so many pixels; never enlarged. That is another photograph, with
            its own digest. ``measure`` reduces large photographs by itself.
        colour: ``"srgb"`` converts the colours of a file with another profile, ``"ignore"`` takes them as they are.

    Raises BadPhotograph where it cannot be decoded, BadFolder where the source is not exactly one photograph.

    >>> photograph = read_photograph("scenes:7")
    >>> photograph.label, photograph.width, photograph.height
    ('flower', 192, 192)
    """
    if isinstance(source, bytes):
        read = photographs.decode(source, name or "bytes", label)
    elif isinstance(source, str | Path):
        read = _only(source)
    else:
        image = source if isinstance(source, Image.Image) else Image.fromarray(source)
        read = photographs.photograph(image, name or "image", label)
    read = in_srgb(read) if colour == "srgb" else read
    read = replace(read, name=name or read.name, label=label or read.label)
    return photographs.reduce_to(read, short_side)


def _only(source: str | Path) -> Photograph:
    files = find([source])
    if len(files) != 1:
        raise BadFolder(
            f"There are {len(files)} photographs in {source}.",
            "Exactly one is needed.",
            "Name a single photograph, or give the folder to measure().",
        )
    return files[0].read()


def open_index(folder: str | Path, *, how: str = EXACT) -> FeatureIndex:
    """Return a feature index, ready to be searched.

    Args:
        folder: The index's folder, or the name of one in the data folder or among those that ship ("scenes").
        how: ``"exact"``, ``"compact"``, or ``"milvus://HOST[:PORT]"``.

    Raises IndexBroken, UnknownName.

    >>> index = open_index("scenes")
    >>> len(index.rows), index.manifest.network
    (10000, 'embedded/resnet10.scenes-0')
    """
    return opened(_folder(folder, "indexes"), how)


def read_study(folder: str | Path) -> studies.Results:
    """Return the tables of a study, also of one that is still running.

    Args:
        folder: The study's folder, or the name of one in the data folder or among those that ship ("protocols").

    Raises StudyBroken.

    >>> study = read_study("protocols")
    >>> study.manifest.study, study.pairs["digest"].nunique()
    ('protocols', 400)
    """
    return studies.read(_folder(folder, "studies"))


def _folder(name: str | Path, kind: str) -> Path:
    """Return the first folder that is there: the path itself, in the data folder, among those that ship."""
    folders = [Path(name), *(data.root / kind / name for data in (DataFolder.default(), EMBEDDED))]
    return next((folder for folder in folders if folder.is_dir()), Path(name))
