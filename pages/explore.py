"""Explore page: the curves, the sensitivity and the typicality of one photograph."""

import streamlit as st

from pages.parts.components import save
from pages.parts.explore import neighbours, pairs
from pages.parts.live import controls, curves, exploring, headline
from pages.parts.session import state

choice = state.choice()
headline.title("Photographer's Bias: what happens when this photograph moves by one pixel?")
photograph = headline.photographed(choice)
place = exploring.indexed(choice)
top = st.container()  # the finding stands above the settings that it comes from
settings = controls.settings()
found = exploring.explore(choice, settings, place)
if found is None:
    curves.frames_only(photograph, settings)
    neighbours.offer(place, choice.cards)
else:
    with top:
        headline.strange(found.strange)
        exploring.live(headline.found, found, busy=not found.finished)
    exploring.live(curves.section, found, busy=not found.drawn)
    exploring.live(pairs.section, found, busy=found.drawn and not found.finished)
    exploring.live(neighbours.section, found, place, choice.cards, busy=False)
    save.section(found)
