"""Memory of a visitor and of the server: the only users of session state and caches."""
