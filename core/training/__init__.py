"""Training of small networks: one loop, and the recipes of the networks that ship."""
