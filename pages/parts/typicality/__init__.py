"""Sections of the Typicality page."""
