"""Sections of the page trajectories."""
