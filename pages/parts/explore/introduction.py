"""The paper, and why the example on the page was chosen."""

from __future__ import annotations

import streamlit as st

from core.datasets.examples import FRAME, NETWORK, Example
from core.errors import PhotobiasError
from core.networks import registry
from core.networks.card import NetworkCard
from core.statistics.sensitivity import Sensitivity
from core.statistics.tables import measured
from core.storage.data_folder import EMBEDDED
from core.studies import Results
from pages.parts.components.widgets import plain
from pages.parts.session import resources, state
from pages.parts.studies import studies

PAPER = (
    "[*Why do deep convolutional networks generalize so poorly to small image transformations?*]"
    "(https://jmlr.org/papers/v20/19-519.html)"
)
STUDY = EMBEDDED.studies / "imagenet_protocols"


def draw_paper() -> None:
    """Draw the paper that the dashboard is about."""
    st.caption(f"After the paper by Azulay & Weiss, {PAPER} (JMLR 2019).")


def draw_example(choice: state.Choice) -> None:
    """Draw why an example was chosen, and how often answers change over many photographs."""
    if choice.example is None:
        return
    st.caption(plain(" ".join([_describe_example(choice.example), *map(_describe_rate, choice.cards)]).strip()))


def _describe_example(example: Example) -> str:
    network = registry.get(NETWORK, resources.data()).title
    if not example.flips:
        return f"No step of one pixel changes the answer of {network} to this example."
    return (
        f"This example was chosen because it flips often: in {example.flips} of {example.steps} steps of one pixel the "
        f"answer of {network} changes (short side {example.side} of {FRAME} px)."
    )


def _describe_rate(card: NetworkCard) -> str:
    """Return how often one pixel changes the network's answer in the shipped study; empty if it is not in it."""
    rate = _read_rate(card.key)
    if rate is None or rate.p_top1_change is None or rate.p_top1_change_interval is None:
        return ""
    low, high = rate.p_top1_change_interval
    return (
        f"Over {rate.photographs} ImageNet validation photographs one pixel changes the answer of {card.title} in "
        f"{100 * rate.p_top1_change:.0f} % of {rate.pairs:,} placements on black "
        f"(95 % CI {100 * low:.0f}-{100 * high:.0f} %)."
    )


def _read_rate(key: str) -> Sensitivity | None:
    """Return the network's sensitivity on black in the shipped study of real photographs, or None without it."""
    try:
        results = resources.load_study(str(STUDY), "shipped")
    except PhotobiasError:
        return None

    def measure(results: Results) -> Sensitivity | None:
        pairs = results.pairs
        rates = measured(pairs[(pairs["network"] == key) & (pairs["protocol"] == "black")])
        return rates[0].sensitivity if rates else None

    return studies.derive(results, f"rate on black {key}", measure)
