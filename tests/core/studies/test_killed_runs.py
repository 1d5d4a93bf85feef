"""Runs of studies after a kill, damage or a full disk: the rows are the same."""

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core import studies
from core.errors import BadFolder, Cancelled
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.networks.card import NetworkCard
from core.studies import manifest, rows
from tests.support.basics import ROOT
from tests.support.counting import Counting
from tests.support.runs import Held, content, study_of
from tests.support.stops import stopped_at

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_file(
    tmp_path: Path, whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard], after: bool
) -> None:
    """Stopped just before, or just after, the n-th file takes its name."""
    for n in itertools.count():
        out = tmp_path / str(n)
        try:
            with stopped_at(n, after=after):
                studies.run(study_of(), many, cards, out, engine=engine)
            break  # n files are all there are
        except KeyboardInterrupt:
            pass
        studies.run(study_of(), many, cards, out, engine=engine)
        assert content(out) == content(whole), n
    assert n == 1 + 3 * 2 + 2 + 1  # manifest, two files of three parts, both tables, manifest


CHILD = """
import os, random, signal, sys, time
sys.path[:0] = [{root!r}]
import pandas, pyarrow.parquet, torch, torch.fx.experimental.optimization
torch.set_num_threads(1)
from pathlib import Path
from core import studies
from core.datasets import listing
from core.storage.data_folder import DataFolder
from core.networks import registry

cards = [registry.get("embedded/resnet10.scenes-0", DataFolder(Path("/nowhere")))]

def work(out):
    studies.run(studies.create("protocols", protocols=("black",)), listing("scenes:0-39"), cards, out)

def child(out):
    pid = os.fork()
    if not pid:
        work(out)
        os._exit(0)
    return pid

began = time.monotonic()
os.waitpid(child(Path({whole!r})), 0)
takes = time.monotonic() - began
kills = 0
for _ in range(10):
    pid = child(Path({out!r}))
    time.sleep(random.uniform(0.02, 0.4) * takes)
    os.kill(pid, signal.SIGKILL)
    kills += os.waitpid(pid, 0)[1] == signal.SIGKILL
os.waitpid(child(Path({out!r})), 0)
print(kills)
"""


def test_killed_by_the_system_ten_times(tmp_path: Path) -> None:
    """Processes that are killed at random moments, and one that never was."""
    straight, killed = tmp_path / "whole", tmp_path / "killed"
    code = CHILD.format(root=str(ROOT), whole=str(straight), out=str(killed))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 2
    assert content(killed) == content(straight)
    assert len(studies.read(killed).pairs) == 40


def test_damaged_and_foreign_parts_are_made_again(
    tmp_path: Path, whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    out, cancel = tmp_path / "out", Cancel()

    def stop(progress: Progress) -> None:
        if progress.done >= 36 * 4 - 8:
            cancel.request()

    with pytest.raises(Cancelled):
        studies.run(study_of(), many, cards, out, engine=engine, progress=stop, cancel=cancel)
    first, second = (rows.part_paths(out, number)[0] for number in (0, 1))
    assert rows.parts(out) == 2
    kept = studies.create("protocols", protocols=("crop", "black"), seed=1)
    studies.run(kept, many[:16], cards, tmp_path / "other", engine=engine, cancel=None)
    second.write_bytes(first.read_bytes()[:500])  # no table
    engine = Counting()
    studies.run(study_of(), many, cards, out, engine=engine)
    assert content(out) == content(whole)
    assert engine.frames == 2 * 20 * 5  # the first block was kept
    (out / manifest.MANIFEST).unlink()
    (out / rows.RESULTS).unlink()
    engine = Counting()
    studies.run(study_of(), many, cards, out, engine=engine)
    assert content(out) == content(whole)
    assert engine.frames == 2 * 36 * 5


def test_a_full_disk_is_named_and_what_was_finished_is_kept(
    tmp_path: Path,
    whole: Path,
    engine: Engine,
    many: list[Held],
    cards: list[NetworkCard],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = os.replace

    def full(source: Any, target: Any) -> None:
        if Path(target).name == "000001.parquet":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(
        BadFolder, match=r"000001\.parquet could not be written \(No space left on device\).*what was finished is kept"
    ):
        studies.run(study_of(), many, cards, tmp_path, engine=engine)
    assert rows.parts(tmp_path) == 1
    assert not list(tmp_path.rglob("*.part"))
    monkeypatch.setattr(os, "replace", real)
    studies.run(study_of(), many, cards, tmp_path, engine=engine)
    assert content(tmp_path) == content(whole)
