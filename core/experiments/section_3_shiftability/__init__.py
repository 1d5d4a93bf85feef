"""Section 3: shiftability, Observation 2 and the corollaries.

The paper proves that the global sum of a shiftable layer is translation invariant, and that subsampling breaks
shiftability. This folder measures drift of the global sum, aliased energy and interpolation error of every layer,
and tests both corollaries with circular padding. See the page *Feature maps*; there is no command.
"""
