"""Figure 3: feature maps under a vertical shift."""
