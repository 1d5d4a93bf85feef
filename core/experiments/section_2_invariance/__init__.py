"""Section 2: full and partial invariance.

The paper compares a classifier that is translation invariant by construction with one that only learned invariance.
This folder trains both on small grey scenes, and measures P(top-1 change) on training scenes, on held-out scenes and
on those of another photographer. See the page *Augmentation*; there is no command.
"""
