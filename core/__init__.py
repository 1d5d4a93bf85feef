"""Photographer's Bias: measuring how predictions change when a photograph moves by one pixel.

Core never imports Streamlit, and importing it costs nothing: weights wait for a card's ``build``.
"""

import os

# Before torch loads its OpenMP: a team that waits must not hold a core for milliseconds while a page or a decoder
# wants it (measured on two cores beside a busy Python thread: 0.56 s a batch against 0.77; alone no difference).
os.environ.setdefault("GOMP_SPINCOUNT", "3000")
