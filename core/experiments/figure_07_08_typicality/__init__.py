"""Figures 7 and 8: typical photographs, and sensitivity against typicality."""
