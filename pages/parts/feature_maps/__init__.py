"""Sections of the page feature maps."""
