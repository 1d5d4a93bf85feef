"""Networks: a card for each set of weights, the registry of all cards, and how networks are built."""
