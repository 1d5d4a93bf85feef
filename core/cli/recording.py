"""Long work that pages watch: how far it is lies in its folder, and a request to terminate stops it within a batch."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Cancelled, PhotobiasError

if TYPE_CHECKING:
    from ..jobs.progress import Progress

Watched = tuple[Callable[["Progress"], None], threading.Event]


@contextmanager
def recorded(folder: Path, told: Callable[[Progress], None]) -> Iterator[Watched]:
    """(progress, cancel) for the work in that folder of a study: what is reported is ``told``, and recorded there with
    how it ended."""
    from ..studies.process import Recorder

    recorder = Recorder(folder)

    def progress(news: Progress) -> None:
        told(news)
        recorder(news)

    try:
        with _asked_to_stop() as cancel:
            yield progress, cancel
    except (Cancelled, KeyboardInterrupt):
        recorder.end("stopped")
        raise KeyboardInterrupt from None
    except PhotobiasError as error:
        recorder.end("failed", str(error))
        raise
    except Exception as error:
        recorder.end("failed", f"unexpected {type(error).__name__}: {error}")
        raise
    recorder.end("finished")


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """An event that a request to terminate sets: the page's way to stop a study. Outside the main thread none does."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = signal.signal(signal.SIGTERM, lambda *_: event.set())
    try:
        yield event
    finally:
        signal.signal(signal.SIGTERM, before)
