"""Replication page: every number that the paper prints, with ours beside it."""

from pages.parts.replication import numbers

numbers.draw_title()
table = numbers.read_table()
for where, rows in numbers.draw_filter(table).groupby("where", sort=False):
    numbers.section(str(where), rows)
numbers.draw_download(table)
