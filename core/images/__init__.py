"""Bytes to photographs, and photographs to the frames that a network sees."""
