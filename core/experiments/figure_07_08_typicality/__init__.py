"""Figures 7 and 8: typical and atypical photographs, and sensitivity against typicality.

The paper shows that networks are less sensitive to photographs that resemble many training photographs.
Typicality is the mean cosine similarity to the 10 nearest neighbours in an index. Run
``python -m core study typicality --index DIR`` or open the page *Typicality*.
"""
