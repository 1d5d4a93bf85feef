"""Packages of the distribution: the folder ``core`` is installed as ``photobias``. The rest is in pyproject.toml."""

from setuptools import find_packages, setup

setup(packages=["photobias", *(f"photobias.{name}" for name in find_packages("core"))])
