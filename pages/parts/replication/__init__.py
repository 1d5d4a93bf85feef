"""Sections of the Replication page."""
