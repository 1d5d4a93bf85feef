"""Networks: cards that say everything about one set of weights, and the registry that finds them."""
