"""Trajectories page: P(class) while one photograph moves or grows (Figure 1)."""

import streamlit as st

from pages.parts.live import controls, curves, exploring, headline
from pages.parts.session import state
from pages.parts.trajectories import jaggedness, shift_maps, video

choice = state.choice()
headline.title("Trajectories: how smoothly does an answer change while this photograph moves or grows?")
photograph = headline.photographed(choice)
top = st.container()  # the finding stands above the settings that it comes from
settings = controls.curves()
found = exploring.explore(choice, settings, exploring.Indexed())
if found is None:
    curves.frames_only(photograph, settings)
else:
    with top:
        headline.strange(found.strange)
        exploring.live(headline.found, found, jaggedness.sentence, busy=not found.finished)
    exploring.live(curves.section, found, busy=not found.finished)
    exploring.live(jaggedness.section, found, busy=not found.finished)
    shift_maps.section(photograph, found.cards, settings.side)
    video.section(found.cards)
