"""Architectures that this project defines itself."""
