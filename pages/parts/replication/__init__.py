"""Sections of the page replication."""
