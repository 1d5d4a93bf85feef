"""Sections of the page typicality."""
