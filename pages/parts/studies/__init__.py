"""Tables of finished studies, and asking for a new one."""
