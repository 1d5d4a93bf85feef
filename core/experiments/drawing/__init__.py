"""Drawing helpers that all experiments share: plain values → plotly figures that know no page.

Colours can be told apart by colour-blind readers.
"""
