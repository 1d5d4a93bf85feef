"""The files of labels: nothing clicked is lost, whatever stops."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import BadFolder
from core.experiments.figure_05_photographers_bias.labelling import Event, Log, Store, fold
from core.experiments.figure_05_photographers_bias.labelling.events import NEXT, SKIP
from core.storage.atomic_files import locked
from tests.support.basics import ROOT
from tests.support.labelled import EYES, clicked, event, undo


def test_what_is_appended_is_read_by_whoever_comes(tmp_path: Path) -> None:
    store = Store.named(tmp_path, "Eyes")
    assert store.read("me") == Log()
    assert (store.labellers(), store.size("me")) == ([], 0)
    events = [event(name="ü/ä.png", label="dog", x=1 / 3, y=99.999), event(SKIP), event(NEXT, label=None)]
    store.append("me", events[:1])
    store.append("ME", events[1:])
    assert Store(tmp_path / "eyes").read("me") == Log(tuple(events))
    assert store.size("me") == store.path("me").stat().st_size


def test_labellers_are_kept_apart(tmp_path: Path) -> None:
    store, mine, hers = Store(tmp_path), clicked("a.png", (1, 2)), clicked("a.png", (3, 4), labeller="anna")
    store.append("me", mine)
    store.append("anna", hers)
    store.append("anna", [undo(hers[0])])
    assert store.labellers() == ["anna", "me"]
    assert fold(store.read("me").events)["/d", "a.png"].points[EYES[0]].x == 1
    assert not fold(store.read("anna").events)


def test_a_line_torn_at_any_byte_costs_itself_alone(tmp_path: Path) -> None:
    store, path = Store(tmp_path), tmp_path / "me.jsonl"
    first, torn, later = event(), event(name="ü.png"), event(name="c.png")
    store.append("me", [first])
    start = store.size("me")
    line = torn.line()
    for cut in range(len(line)):
        path.write_bytes(first.line() + line[:cut])
        whole = cut == len(line) - 1  # but for the line's end
        kept = (first, torn) if whole else (first,)
        assert store.read("me") == Log(kept, int(cut > 0 and not whole))
        store.append("me", [later])
        assert store.read("me") == Log((*kept, later), int(cut > 0 and not whole))
        assert path.read_bytes().startswith(first.line() + line[:cut])  # nothing is rewritten
        assert path.read_bytes().endswith(b"\n" + later.line())
    assert start == len(first.line())


def test_a_process_that_dies_has_saved_what_it_said(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from core.experiments.figure_05_photographers_bias.labelling import Event, Store\n"
        "one = Event(kind='skip', id='1', labeller='me', time='', root='/d', name='a.png')\n"
        f"Store(pathlib.Path({str(tmp_path)!r})).append('me', [one])\n"
        "os.write(1, b'saved')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-9, b"saved"), done.stderr
    assert [one.kind for one in Store(tmp_path).read("me").events] == [SKIP]
    Store(tmp_path).append("me", [event()])  # its lock died with it
    assert len(Store(tmp_path).read("me").events) == 2


def test_tabs_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    events = [[event(name=f"{tab} {k}.png", point="x" * 3000) for k in range(8)] for tab in range(3)]

    def write(mine: Sequence[Event]) -> None:
        for one in mine:
            store.append("me", [one])

    with ThreadPoolExecutor(3) as tabs:
        list(tabs.map(write, events))
    log = store.read("me")
    assert log.broken == 0
    for mine in events:
        assert [one for one in log.events if one in mine] == mine
    assert len(log.events) == 24


def test_who_comes_second_waits(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append("me", [event()])
    before = store.size("me")
    second = threading.Thread(target=lambda: store.append("me", [event()]))
    with locked(store.path("me"), "the test"):
        second.start()
        second.join(0.3)
        assert second.is_alive()
        assert store.size("me") == before
    second.join(10)
    assert len(store.read("me").events) == 2


def test_a_disk_that_does_not_take_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "set")
    store.append("me", [event()])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BadFolder, match="No space left on device"):
            store.append("me", [event()])
    store.append("me", [event()])  # and the lock is free
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFolder, match="cannot be written"):
        Store(tmp_path / "file").append("me", [event()])
    (tmp_path / "set" / "folder.jsonl").mkdir()
    with pytest.raises(BadFolder, match="cannot be read"):
        store.read("folder")
