"""The command line: ``python -m core`` in a checkout, ``photobias`` where the package is installed."""

import io
import os
import sys

# Before torch: its threads sleep while they wait. Beside threads that decode and draw, on busy cores, spinning makes a
# study six times slower (measured: 10 frames a second against 66).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from .cli import main


def run() -> int:
    """Return the exit status of the command that the process was started with."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file name that is not text does not end a listing
    return main()


if __name__ == "__main__":
    sys.exit(run())
