"""Augmentation page: what training can do about it (Figures 10 and 11; section 2)."""

import streamlit as st

from pages.parts.augmentation import invariance, sizes
from pages.parts.session import state

state.choice()  # so that the shared frame is ready even if this is the first page a server shows
st.markdown("##### Augmentation: what can training do about it?")
sizes.section()
invariance.section()
