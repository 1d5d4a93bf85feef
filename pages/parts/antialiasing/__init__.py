"""Sections of the page antialiasing."""
