"""Figure 12: sensitivity against confidence."""
