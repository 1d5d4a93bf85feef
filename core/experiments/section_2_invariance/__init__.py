"""Section 2: full against partial invariance."""
