"""Sections of the page augmentation."""
