"""What tests share: sources, networks, servers and reference implementations."""
