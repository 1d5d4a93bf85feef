"""Variants of a network that need no training: blur inserted, test-time rules, dilation, circular padding."""
