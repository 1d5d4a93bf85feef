"""Sections of the Antialiasing page."""
