"""Sections of the Protocols page."""
