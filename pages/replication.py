"""Replication page: every number that the paper prints, with ours beside it."""

from pages.parts.replication import replicated

replicated.title()
table = replicated.table()
shown = replicated.choose(table)
for where, numbers in shown.groupby("where", sort=False):
    replicated.section(str(where), numbers)
replicated.save(table)
