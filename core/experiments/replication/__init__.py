"""Every number that the paper prints, next to ours.

This folder lists the printed numbers, computes those of arithmetic and architecture, fills the measured ones from
finished studies, and gives the command that measures each. Other networks' values of the same quantities stand apart.
See the page *Replication*; the commands are those of ``python -m core study``.
"""
