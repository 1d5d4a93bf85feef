"""Section 3: shiftability and its corollaries."""
