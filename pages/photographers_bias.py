"""Photographer's bias page: where photographers put their subjects, and how large (Figure 5)."""

import streamlit as st

from pages.parts.photographers_bias import boxes, dial, labelling_tool
from pages.parts.session import state
from pages.parts.sidebar import networks


def draw_boxes() -> None:
    """Draw the places and sizes of boxes, and the test beside a study."""
    networks.offer_weights(choice.cards)
    chosen = boxes.section()
    if chosen is not None:
        boxes.draw_sensitivity(chosen)


VIEWS = {"Places and sizes": draw_boxes, "The dial": dial.section, "Label photographs": labelling_tool.section}

choice = state.choice()
st.markdown("##### Photographer's bias: where do photographers put their objects, and how large?")
view = st.segmented_control(
    "What to look at",
    list(VIEWS),
    default="Places and sizes",
    required=True,
    key="bias_view",
    bind="query-params",
    label_visibility="collapsed",
)
VIEWS[view]()
