"""Images: bytes to photographs and videos, and photographs to the frames that a network sees."""
