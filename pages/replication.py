"""Replication: every number that the paper prints, ours beside it, and the command that measures what is missing."""

from pages.parts.replication import replicated

replicated.title()
table = replicated.table()
shown = replicated.choose(table)
for where, numbers in shown.groupby("where", sort=False):
    replicated.section(str(where), numbers)
replicated.save(table)
