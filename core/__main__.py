"""``python -m core``."""

import io
import os
import sys

# Before torch: its threads sleep while they wait. Beside threads that decode and draw, on busy cores, spinning makes a
# study six times slower (measured: 10 frames a second against 66).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from .cli import main

if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="backslashreplace")  # a file name that is no text stops no listing
sys.exit(main())
