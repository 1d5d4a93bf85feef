"""Replication page: every number that the paper prints, with ours beside it."""

from pages.parts.replication import numbers
from pages.parts.replication.other_networks import draw_other_networks
from pages.parts.session import state

state.choice()  # so that the shared frame is ready even if this is the first page a server shows
numbers.draw_title()
table, others = numbers.read_tables()
numbers.draw_counts(table)
draw_other_networks(others)
for where, rows in numbers.draw_filter(table).groupby("where", sort=False):
    numbers.section(str(where), rows)
numbers.draw_download(table)
