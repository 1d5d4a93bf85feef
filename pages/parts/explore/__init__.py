"""Sections of the page explore."""
