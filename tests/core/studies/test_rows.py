"""The tables of a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import studies
from core.errors import StudyBroken
from core.studies import rows

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_table_that_is_damaged(tmp_path: Path, whole: Path) -> None:
    for path in whole.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / rows.RESULTS).write_bytes(b"no table")
    with pytest.raises(StudyBroken, match=r"results\.parquet cannot be read"):
        studies.read(tmp_path)
