"""Figures: plain values → plotly objects. They know no page; colours are readable for colour-blind people."""
