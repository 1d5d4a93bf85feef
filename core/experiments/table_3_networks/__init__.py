"""Table 3 and A.2: the three Keras networks of the paper.

The paper lists accuracy, parameters and depth of each, and the subsampling factor of the deepest (§ 3). This folder
holds these numbers and compares them with the networks' cards. Run ``python -m core networks --layers KEY`` for a
network's total stride, or open the page *Replication*.
"""
