"""Figure 2 and Table 1: four protocols that move a photograph by one pixel, on several networks.

The paper shows that a shift by one pixel changes the top-1 class of modern networks in up to 30 % of photographs.
This folder measures P(top-1 change) and mean absolute change of every network and protocol. Run
``python -m core study protocols`` or open the page *Protocols*.
"""
