"""Recording of long work that pages watch: its progress is written to its folder, and SIGTERM cancels it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import Cancelled, PhotobiasError, unexpected
from ..jobs.cancel import Cancel
from ..jobs.progress import Progress, Report


@contextmanager
def recorded(folder: Path, report: Report) -> Iterator[tuple[Report, Cancel]]:
    """Yield (progress, cancel) for the work in a study's folder. Progress goes to ``report`` and into the folder.

    The folder also records how the work ended.
    """
    from ..studies.process import Recorder

    recorder = Recorder(folder)

    def both(progress: Progress) -> None:
        report(progress)
        recorder(progress)

    try:
        with _cancelled_by_signal() as cancel:
            yield both, cancel
    except (Cancelled, KeyboardInterrupt):
        recorder.end("stopped")
        raise KeyboardInterrupt from None
    except PhotobiasError as error:
        recorder.end("failed", str(error))
        raise
    except Exception as error:
        recorder.end("failed", str(unexpected(error)))
        raise
    recorder.end("finished")


@contextmanager
def _cancelled_by_signal() -> Iterator[Cancel]:
    """Yield a Cancel that SIGTERM requests: this is how a page stops a study. Only the main thread receives signals."""
    cancel = Cancel()
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return
    before = signal.signal(signal.SIGTERM, lambda *_: cancel.request())
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGTERM, before)
