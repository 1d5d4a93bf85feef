"""Sections of the Photographer's bias page."""
