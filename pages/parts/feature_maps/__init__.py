"""Sections of the Feature maps page."""
