"""Explore page: the curves, the sensitivity and the typicality of one photograph."""

import streamlit as st

from pages.parts.components import downloads
from pages.parts.explore import introduction, neighbours, pairs, thumbnails
from pages.parts.live import controls, curves, explorations, headline
from pages.parts.session import state

choice = state.choice()
headline.draw_title("Photographer's Bias: what happens when this photograph moves by one pixel?")
introduction.draw_paper()
thumbnails.section(choice)
introduction.draw_example(choice)
photograph = headline.require_photograph(choice)
index = explorations.open_chosen_index(choice)
top = st.container()  # the finding stands above the settings that it comes from
settings = controls.choose_settings()
exploration = explorations.explore(choice, settings, index)
if exploration is None:
    curves.draw_frames_only(photograph, settings)
    neighbours.offer_index(index, choice.cards)
else:
    with top:
        headline.draw_warnings(exploration.strange)
        explorations.draw_live(headline.draw_finding, exploration, busy=not exploration.finished)
    explorations.draw_live(curves.section, exploration, busy=not exploration.drawn)
    explorations.draw_live(pairs.section, exploration, busy=exploration.drawn and not exploration.finished)
    explorations.draw_live(neighbours.section, exploration, index, choice.cards, busy=False)
    downloads.section(exploration)
