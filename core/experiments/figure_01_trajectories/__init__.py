"""Figure 1: P(class) along shifts, sizes and videos."""
