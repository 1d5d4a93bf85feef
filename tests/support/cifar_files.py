"""A stand-in for CIFAR-10 as its authors distribute it: torchvision's layout, random pictures, checksums of its own."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
EACH = 20  # pictures of a batch


@cache
def files() -> dict[str, bytes]:
    """Name in ``cifar-10-batches-py`` → content: five batches to train on, one for tests, and the names."""
    made = {name: _batch(k) for k, (name, _) in enumerate((*CIFAR10.train_list, *CIFAR10.test_list))}
    return made | {CIFAR10.meta["filename"]: pickle.dumps({"label_names": list(NAMES)}, protocol=2)}


def pictures(number: int) -> tuple[np.ndarray, list[int]]:
    """uint8 (EACH, 32, 32, 3) of a batch (5: for tests), and their classes."""
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (EACH, 32, 32, 3), np.uint8), [int(k) for k in rng.permutation(EACH) % 10]


def _batch(number: int) -> bytes:
    pixels, labels = pictures(number)
    rows = pixels.transpose(0, 3, 1, 2).reshape(EACH, -1)  # the red plane, the green, the blue
    return pickle.dumps({"data": rows, "labels": labels}, protocol=2)


def archive(content: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(f"{CIFAR10.base_folder}/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def publish(patch: pytest.MonkeyPatch, url: str = "http://127.0.0.1:9/cifar-10-python.tar.gz") -> bytes:
    """From now on torchvision takes the stand-in for CIFAR-10, at that address. Gives the archive."""
    held, packed = files(), archive(files())
    for listed in ("train_list", "test_list"):
        patch.setattr(CIFAR10, listed, [[name, _md5(held[name])] for name, _ in getattr(CIFAR10, listed)])
    patch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": _md5(held[CIFAR10.meta["filename"]])})
    patch.setattr(CIFAR10, "url", url)
    patch.setattr(CIFAR10, "tgz_md5", _md5(packed))
    return packed


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
