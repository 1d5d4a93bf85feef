"""Helpers that tests share: sources, networks, servers and reference implementations."""
