"""Figure 12 and A.4: sensitivity against the confidence of one network.

The paper shows that sensitivity falls with the confidence of a network's answer to the unmoved photograph. This
folder measures the same pairs as for typicality, compares both predictors, and tells what each adds to the other. Run
``python -m core study confidence --confidence KEY`` or open the page *Typicality*.
"""
