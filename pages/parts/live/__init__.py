"""Pages about one photograph while it is being computed."""
