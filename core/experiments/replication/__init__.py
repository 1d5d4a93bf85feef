"""Every number that the paper prints, next to ours.

This folder lists the printed numbers, fills them from finished studies, and gives the command that measures each. See
the page *Replication*; the commands are those of ``python -m core study``.
"""
