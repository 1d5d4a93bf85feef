"""Figures 9 and 13, and A.5: antialiased networks, and the pairs on which they fail.

The paper shows that antialiased networks (Zhang 2019) are less sensitive, but not invariant. This folder compares
networks with their antialiased versions, lists the failures with their image similarity, and measures Adobe's
consistency. Run ``python -m core study antialiasing``, ``python -m core study failures`` and
``python -m core consistency``, or open the page *Antialiasing*.
"""
