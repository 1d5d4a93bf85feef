"""The golden file: what the contract was when it was last agreed to, section by section."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.support.shapes import differences

FILE = Path(__file__).resolve().parent.parent / "contract.json"
WRITE = "PHOTOBIAS_WRITE_CONTRACT"
HOW = f"If that is meant: {WRITE}=1 .venv/bin/python -m pytest -k contract, and commit {FILE.name}."


def read() -> dict[str, Any]:
    """Read all sections; none where there is no file."""
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}
    return found


def check(section: str, now: dict[str, Any]) -> None:
    """Fail with a line for each entry that differs from the golden file; or write the section, where that is asked."""
    golden, plain = read(), json.loads(json.dumps(now))
    if os.environ.get(WRITE) == "1":
        text = json.dumps(golden | {section: plain}, indent=1, sort_keys=True, ensure_ascii=False)
        FILE.write_text(f"{text}\n", "utf-8")
        return
    found = differences(golden.get(section, {}), plain)
    assert not found, "\n".join([f"the contract's section {section!r} differs:", *found, HOW])
