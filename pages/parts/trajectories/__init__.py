"""Sections of the Trajectories page."""
