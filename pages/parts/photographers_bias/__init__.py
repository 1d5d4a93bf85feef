"""Sections of the page photographers bias."""
