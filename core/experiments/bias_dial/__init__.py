"""Ours: the photographer's bias as a dial."""
