"""The sidebar: the photograph, the networks, the index."""
