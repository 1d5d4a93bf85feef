"""Fixtures of the job tests: a server on this machine that can misbehave."""

from __future__ import annotations

from tests.support.serving import server
