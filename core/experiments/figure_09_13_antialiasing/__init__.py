"""Figures 9 and 13: antialiased networks and their failures."""
