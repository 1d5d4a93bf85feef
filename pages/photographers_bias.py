"""Photographer's bias: where do photographers put their objects, and how large? (Figure 5)"""

import streamlit as st

from pages.parts import bias, networks, state

choice = state.choice()
st.markdown("##### Photographer's bias: where do photographers put their objects, and how large?")
networks.absent(choice.cards)
found = bias.section()
if found is not None:
    bias.joined(found)
