"""Trajectories page: P(class) while one photograph moves or grows (Figure 1)."""

import streamlit as st

from pages.parts.live import controls, curves, explorations, headline
from pages.parts.session import state
from pages.parts.trajectories import roughness_table, shift_maps, video

choice = state.choice()
headline.draw_title("Trajectories: how smoothly does an answer change while this photograph moves or grows?")
photograph = headline.require_photograph(choice)
top = st.container()  # the finding stands above the settings that it comes from
settings = controls.choose_curve_settings()
exploration = explorations.explore(choice, settings, explorations.IndexChoice())
if exploration is None:
    curves.draw_frames_only(photograph, settings)
else:
    with top:
        headline.draw_warnings(exploration.strange)
        explorations.draw_live(
            headline.draw_finding, exploration, roughness_table.describe_roughness, busy=not exploration.finished
        )
    explorations.draw_live(curves.section, exploration, busy=not exploration.finished)
    explorations.draw_live(roughness_table.section, exploration, busy=not exploration.finished)
    shift_maps.section(photograph, exploration.cards, settings.side)
    video.section(exploration.cards)
