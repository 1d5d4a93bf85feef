"""Typicality page: sensitivity against typicality and confidence (Figures 7, 8 and 12)."""

from functools import partial

import streamlit as st

from pages.parts.session import state
from pages.parts.sidebar import networks
from pages.parts.studies import along, extremes, studies
from pages.parts.typicality import own_ranking

st.markdown("##### Typicality: are photographs that are unlike the training photographs the fragile ones?")
networks.offer_weights(state.choice().cards)
results = studies.section("typicality", "confidence")
if results is not None:
    along.section(results)
    extremes.section(results)
own_ranking.section()
if results is not None:
    studies.take_away(results, {"Photographs": partial(along.photographs_of, results)})
