"""The frame: page configuration, the photograph and the networks in the sidebar, navigation."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: threads that wait leave the processor to the page

import streamlit as st

from core.storage.data_folder import PROJECT
from pages.parts.components import style
from pages.parts.session import state
from pages.parts.sidebar import networks, photograph

st.set_page_config(page_title="Photographer's Bias", page_icon=PROJECT / "pages" / "icon.png", layout="wide")
style.apply()

page = st.navigation(
    [
        st.Page("pages/explore.py", title="Explore", icon=":material/frame_inspect:", default=True),
        st.Page("pages/trajectories.py", title="Trajectories", icon=":material/show_chart:"),
        st.Page("pages/protocols.py", title="Protocols", icon=":material/bar_chart:"),
        st.Page("pages/feature_maps.py", title="Feature maps", icon=":material/layers:"),
        st.Page("pages/typicality.py", title="Typicality", icon=":material/scatter_plot:"),
        st.Page("pages/photographers_bias.py", title="Photographer's bias", icon=":material/center_focus_weak:"),
        st.Page("pages/antialiasing.py", title="Antialiasing", icon=":material/blur_on:"),
        st.Page("pages/augmentation.py", title="Augmentation", icon=":material/auto_awesome_motion:"),
        st.Page("pages/replication.py", title="Replication", icon=":material/fact_check:"),
    ],
    position="sidebar",
)
first = state.initial_networks(networks.initial_networks)
with st.sidebar:
    selected = photograph.choose(first)
    cards = networks.choose(first)
    index = networks.choose_index(cards)
    state.store_choice(
        state.Choice(
            photograph=selected.photograph,
            reduce_to=selected.reduce_to,
            origin=selected.origin,
            problem=selected.problem,
            cards=cards,
            index=index,
            example=selected.example,
        )
    )
    networks.draw_device()
    networks.offer_real_data(cards, index)
page.run()
