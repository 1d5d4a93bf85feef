"""Typicality page: sensitivity against typicality and confidence (Figures 7, 8 and 12)."""

from functools import partial

import streamlit as st

from pages.parts.session import state
from pages.parts.sidebar import networks
from pages.parts.studies import against_axis, extremes, saving, studies
from pages.parts.typicality import axes, folder_ranking, new_index

st.markdown("##### Typicality: are photographs unlike the training photographs more fragile?")
networks.offer_weights(state.choice().cards)
results = studies.section("typicality", "confidence")
if results is not None:
    against_axis.section(results)
    axes.section(results)
    extremes.section(results)
folder_ranking.section()
new_index.section()
if results is not None:
    saving.section(results, {"Photographs": partial(against_axis.average_photographs, results)})
