"""Fixtures of the data set tests: a server of files on this machine."""

from __future__ import annotations

from tests.support.file_server import server
