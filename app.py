"""The frame: page configuration, the photograph and the networks in the sidebar, navigation."""

import streamlit as st

from pages.parts import networks, photograph, state

st.set_page_config(page_title="Photographer's Bias", page_icon=":material/photo_camera:", layout="wide")

page = st.navigation(
    [st.Page("pages/explore.py", title="Explore", icon=":material/frame_inspect:", default=True)], position="sidebar"
)
with st.sidebar:
    shown = photograph.choose()
    state.choose(
        state.Choice(
            original=shown.original,
            photograph=shown.photograph,
            origin=shown.origin,
            problem=shown.problem,
            cards=networks.choose(),
            index=networks.choose_index(),
        )
    )
    networks.device()
page.run()
