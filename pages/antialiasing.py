"""Antialiasing: how much steadier are networks that were trained with blur before subsampling? (Figures 9, 13)"""

import streamlit as st

from pages.parts import along, networks, state, studies, twins

st.markdown("##### Antialiasing: how much steadier are networks that blur before they subsample?")
networks.absent(state.choice().cards)
results = studies.section("failures", "antialiasing")
if results is not None:
    twins.section(results)
    twins.failed(results)
    studies.take_away(results, {
        "Differences": lambda: twins.difference_table(results),
        "Photographs": lambda: along.photographs_of(results),
    })  # fmt: skip
