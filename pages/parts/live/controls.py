"""Settings of pages about one photograph. All settings are in the address, so that a link shares them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.datasets.examples import FRAME
from core.exploration import Settings
from core.images.frames import MAX_STEP
from core.images.paths import OnBlack, path_length
from pages.parts.session import state

VIEWS = {"black": "On black", "crop": "Cropped"}
DIRECTIONS = ("right", "down", "diagonal")
STEPS = {1: "1 px", 2: "½ px", 4: "¼ px"}
IN_ADDRESS: dict[str, Any] = {"bind": "query-params"}


def choose_settings() -> Settings:
    """Draw the settings of Explore and return their values."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        path = _choose_path()
        with st.popover("Random pairs", icon=":material/casino:"):
            pairs, seed, step, pair_direction, unit = _choose_pairs()
    return replace(path, pairs=pairs, seed=seed, step=step, pair_direction=pair_direction, unit=unit)


def choose_curve_settings() -> Settings:
    """Draw the settings of Trajectories and return their values."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        path = _choose_path()
        finer = (
            1
            if path.view == "black"
            else st.segmented_control(
                "Shift by",
                list(STEPS),
                default=1,
                required=True,
                format_func=STEPS.__getitem__,
                key="per_pixel",
                **IN_ADDRESS,
                help="Parts of a pixel of the photograph. The square lies between pixels, and Pillow resamples it. "
                "On black, the photograph moves by whole pixels of the frame.",
            )
        )
        angle = (
            None
            if path.view == "black"
            else st.number_input(
                "or at an angle (°)",
                -180.0,
                180.0,
                None,
                15.0,
                key="angle",
                placeholder="as chosen",
                width=170,
                **IN_ADDRESS,
                help="Clockwise: 0 is right, 90 is down. One step is one pixel of the photograph in this direction; "
                "Pillow resamples where the square lies between pixels. Diagonal means one pixel across and one down, "
                "which is √2 pixels.",
            )
        )
    return replace(path, pairs=0, per_pixel=int(finer), direction=path.direction if angle is None else float(angle))


def _choose_path() -> Settings:
    """Draw where the photograph is and how it moves."""
    view = st.segmented_control(
        "Photograph",
        list(VIEWS),
        default="black",
        required=True,
        format_func=VIEWS.__getitem__,
        key="view",
        **IN_ADDRESS,
        help="For the curves: the photograph small on black as in Figure 1, or a square cropped from it.",
    )
    direction = st.segmented_control(
        "Direction", DIRECTIONS, default="right", required=True, key="direction", **IN_ADDRESS
    )
    labels = next((card.labels.names for card in state.choice().cards if card.labels), ())
    st.selectbox(
        "Class to follow",
        [state.OWN_ANSWER, *labels],
        key=state.FOLLOWED_CLASS,
        width=230,
        **IN_ADDRESS,
        help="At first each network's own answer to the whole photograph.",
    )
    with st.popover("Placement", icon=":material/open_with:", disabled=view == "crop"):
        side, x, y = _choose_start(direction) if view == "black" else (None, None, None)
    return Settings(reduce_to=state.choice().reduce_to, view=view, direction=direction, side=side, x=x, y=y)


def _choose_start(direction: Any) -> tuple[int | None, int | None, int | None]:
    """Return (side, x, y) in network pixels, or None for the middle."""
    choice = state.choice()
    size = choice.cards[0].size if choice.cards else 224
    if choice.photograph is None or not st.toggle("Set by hand", key="by_hand", **IN_ADDRESS):
        st.caption(f"If this is off, the path is centred in the frame, at {_describe_side(choice)}.")
        return _example_side(choice), None, None
    start = OnBlack(side=_example_side(choice)).room(choice.photograph, size, direction)
    side = st.slider("Short side (px)", 8, size - path_length(size), start[0], key="side", **IN_ADDRESS)
    _, most_x, most_y = OnBlack(side=side).room(choice.photograph, size, direction)
    x = st.slider("From the left (px)", 0, most_x, most_x // 2, key="x", **IN_ADDRESS) if most_x else 0
    y = st.slider("From the top (px)", 0, most_y, most_y // 2, key="y", **IN_ADDRESS) if most_y else 0
    return side, x, y


def _example_side(choice: state.Choice) -> int | None:
    """Return the example's most telling short side; None for other photographs and in small frames."""
    large = all(card.size >= FRAME for card in choice.cards)
    return choice.example.side if choice.example is not None and large else None


def _describe_side(choice: state.Choice) -> str:
    side = _example_side(choice)
    return "the paper's size (100 of 224 px)" if side is None else f"the example's most telling size ({side} px)"


def _choose_pairs() -> tuple[int, int, int, Any, Any]:
    """Return (pairs, seed, step, direction, unit)."""
    pairs = st.number_input("Pairs for each protocol", 4, 512, 16, step=4, key="pairs", **IN_ADDRESS)
    step = st.number_input("Step (px)", 1, MAX_STEP, 1, key="step", **IN_ADDRESS)
    direction = st.segmented_control(
        "Direction",
        ("diagonal", "right", "down"),
        default="diagonal",
        required=True,
        key="pair_direction",
        **IN_ADDRESS,
    )
    unit = st.segmented_control(
        "Crop moves in pixels of the",
        ("source", "network"),
        default="source",
        required=True,
        key="unit",
        **IN_ADDRESS,
        help="The paper's text moves the square by a pixel of the photograph, the authors' script by one of the frame.",
    )
    seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="seed", **IN_ADDRESS)
    return int(pairs), int(seed), int(step), direction, unit
