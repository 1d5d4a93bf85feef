"""Photographs of a table, found again by file name in a folder of another layout."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from ..errors import BadFolder


def find_by_name(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Return name → file below the folder, for the names whose last part is a file's name.

    Names are those of a study's photographs: paths below the folder that was measured. ImageNet's validation
    photographs lie in one folder on some machines and in one folder per class on others; their file names are the same.
    Of several files with one name, the one whose folder is named alike is taken.

    Raises BadFolder if the folder does not exist.
    """
    if not folder.is_dir():
        raise BadFolder(f"{folder} is not a folder.", "A folder with the photographs is needed.", "Check the path.")
    wanted: dict[str, list[str]] = {}
    for name in names:
        wanted.setdefault(PurePosixPath(name).name, []).append(name)
    files: dict[str, Path] = {}
    for root, folders, found in os.walk(folder):
        folders.sort()
        for file in wanted.keys() & set(found):
            path = Path(root, file)
            for name in wanted[file]:
                if name not in files or path.parts[-2:] == PurePosixPath(name).parts[-2:]:
                    files[name] = path
    return files
