"""Antialiasing page: networks trained with blur before subsampling (Figures 9 and 13; Table 2; A.3)."""

from functools import partial

import streamlit as st

from pages.parts.antialiasing import signal_bench, twins
from pages.parts.session import state
from pages.parts.sidebar import networks
from pages.parts.studies import against_axis, saving, studies

st.markdown("##### Antialiasing: how much steadier are networks that blur before they subsample?")
networks.offer_weights(state.choice().cards)
results = studies.section("failures", "antialiasing")
if results is not None:
    twins.section(results)
    twins.draw_failures(results)
    saving.section(
        results,
        {
            "Differences": partial(twins.read_differences, results),
            "Photographs": partial(against_axis.average_photographs, results),
        },
    )
signal_bench.section()
