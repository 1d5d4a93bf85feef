"""Figure 4: linear probes of each layer.

The paper shows that the sensitivity of a linear classifier rises with the depth of the layer that it reads. This
folder trains linear probes on the layers that end a block or stage, and measures their sensitivity and accuracy. Run
``python -m core study readouts --train DIR`` or open the page *Feature maps*.
"""
