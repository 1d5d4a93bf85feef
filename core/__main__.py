"""``python -m core``."""

import io
import sys

from core.cli import main

if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="backslashreplace")  # a file name that is no text stops no listing
sys.exit(main())
