"""Feature indexes: built shard by shard (``build``), kept as plain files (``store``), searched (``search``)."""
