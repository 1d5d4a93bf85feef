"""What a visitor and the server remember: the only users of session state and caches."""
