"""One folder for each figure, table or section of the paper."""
