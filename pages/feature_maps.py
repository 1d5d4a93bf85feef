"""Feature maps page: do a layer's responses shift with the image? (Figures 3 and 4; section 3)"""

import streamlit as st

from pages.parts.feature_maps import corollaries, layers, readouts
from pages.parts.live import headline
from pages.parts.session import state
from pages.parts.sidebar import networks

choice = state.choice()
st.markdown("##### Feature maps: do a layer's responses shift with the image?")
networks.offer_weights(choice.cards)
if choice.problem is not None:
    headline.draw_problem(choice.problem)
elif choice.photograph is None or not any(card.available for card in choice.cards):
    st.info("Choose a photograph and a network in the sidebar.", icon=":material/add_a_photo:")
else:
    cards = [card for card in choice.cards if card.available]
    layers.section(choice.photograph, cards)
    corollaries.section(choice.photograph, cards)
readouts.section()
