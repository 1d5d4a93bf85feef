"""Photographer's Bias: measuring how predictions change when a photograph moves by one pixel.

Core never imports Streamlit, and importing it costs nothing: weights wait for a card's ``build``.
"""
