"""Figure 4: linear readouts of each layer."""
