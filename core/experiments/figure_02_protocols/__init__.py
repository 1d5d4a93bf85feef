"""Figure 2 and Table 1: four ways to move a photograph by one pixel."""
