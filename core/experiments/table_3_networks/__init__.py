"""Table 3 and A.2: the three Keras networks of the paper.

The paper lists accuracy, parameters and depth of each, and the subsampling factor of the deepest (§ 3). This folder
holds these numbers, compares them with the networks' cards, and counts parameters and layers in the networks as Keras
builds them. Run ``python -m core networks --layers KEY`` for a network's total stride, or open the page *Replication*.
"""
