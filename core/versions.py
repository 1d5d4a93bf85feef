"""Versions of the software that made a result."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGE = __name__.split(".", maxsplit=1)[0]  # core in a checkout, photobias when it is installed
PACKAGES = ("torch", "torchvision", "pillow", "numpy")


def software(*more: str) -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed, by name."""
    versions = {"python": platform.python_version()}
    for name in (*PACKAGES, *more):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
