"""Table 2 and A.3: a one-dimensional signal."""
