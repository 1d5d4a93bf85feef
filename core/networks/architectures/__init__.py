"""Architectures that this project defines."""
