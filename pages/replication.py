"""Replication page: every number that the paper prints, with ours beside it."""

from pages.parts.replication import numbers

numbers.title()
table = numbers.table()
for where, rows in numbers.choose(table).groupby("where", sort=False):
    numbers.section(str(where), rows)
numbers.save(table)
