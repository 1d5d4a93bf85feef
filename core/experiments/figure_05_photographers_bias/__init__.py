"""Figure 5: where photographers place their objects."""
