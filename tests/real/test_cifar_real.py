"""The JPEG copy of CIFAR-10: named as one, with the classes of torchvision's files, known for what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.datasets import dataset_name, is_cifar10, listing
from tests.support.cifar_files import NAMES

pytestmark = pytest.mark.real


@pytest.mark.parametrize(("part", "count"), [("test", 10_000), ("train", 50_000)])
def test_a_network_of_one_copy_is_scored_on_the_other(shared: Path, part: str, count: int) -> None:
    files = listing(shared / "data" / f"cifar10-jpeg-{part}.parquet")
    assert len(files) == count
    assert {file.label for file in files} == set(NAMES)
    assert is_cifar10(files)
    assert "jpeg" in dataset_name(files[0].root)
    photo = files[count // 2].read()
    assert (photo.width, photo.height) == (32, 32)
