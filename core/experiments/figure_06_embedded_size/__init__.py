"""Figure 6: sensitivity against embedded size."""
