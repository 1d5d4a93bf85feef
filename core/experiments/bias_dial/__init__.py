"""The photographer's bias as a dial (not in the paper): networks that differ only in who took their training scenes.

The paper infers from photographs that their bias explains why networks are not invariant. This folder tests the cause:
it trains networks on scenes with more or less bias, and measures their sensitivity and the typicality of the test
scenes. Run ``python -m core dial`` or open the page *Photographer's bias*.
"""
