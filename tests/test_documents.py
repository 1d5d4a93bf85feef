"""README and documents: commands parse, links and paths lead somewhere, every figure of the paper has its place."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli import parser
from tests.support.basics import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = r"(?:\.venv/bin/)?(?:python -m core|photobias|make) "
IN_PAPER = [
    *(f"Figure {number}" for number in range(1, 14)),
    *(f"Table {number}" for number in range(1, 4)),
    *(f"A.{number}" for number in range(1, 6)),
    *(f"Section {number}" for number in range(2, 5)),
]


def commands() -> Iterator[str]:
    """Yield every command that a document shows, in a block or within a line, without its comment."""
    for path in DOCUMENTS:
        text = path.read_text("utf-8").replace("\\\n", " ")
        blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, flags=re.M | re.S))
        yield from re.findall(rf"^{PROGRAMS}.*", blocks, flags=re.M)
        yield from re.findall(rf"(?<!`)`({PROGRAMS}[^`\n]+)`", text)


COMMANDS = sorted(set(commands()))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_parses(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command, comments=True)
    if words[0] == "make":
        assert shutil.which("make")
        assert subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, check=False).returncode == 0
        return
    arguments = words[1:] if words[0] == "photobias" else words[3:]
    if arguments == ["--help"]:
        return
    try:
        parser().parse_args(arguments)
    except SystemExit:
        pytest.fail(capsys.readouterr().err)


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_lead_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(((?!https?:)[^)]+)\)", text)]
    assert [link for link in links if link and not (path.parent / link).exists()] == []
    paths = re.findall(r"`((?:core|pages|tests|benchmarks|data/embedded)/[a-z0-9_./]*)`", text)
    assert [name for name in paths if not (ROOT / name).exists()] == []


def test_every_figure_table_and_section_has_its_folder() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \| `(core/[^|]+)` \|", (ROOT / "docs/architecture.md").read_text("utf-8"), flags=re.M
    )
    placed: set[str] = set()
    for where, folders in rows:
        assert all((ROOT / folder).exists() for folder in folders.split("`, `"))
        kind = ""
        for word in re.findall(r"Figure|Table|Section|A\.\d|\d+", where):
            kind = kind if word.isdigit() else word
            placed.add(f"{kind} {word}" if word.isdigit() else word)
    assert set(IN_PAPER) <= placed
