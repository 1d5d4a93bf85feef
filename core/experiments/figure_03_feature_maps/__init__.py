"""Figure 3: feature maps of one photograph under a vertical shift.

The paper shows that the maps of deep layers do not shift with the image, because of subsampling. This folder
records the layers of a network over all shifts, and the global sum of each map. See the page *Feature maps*.
"""
