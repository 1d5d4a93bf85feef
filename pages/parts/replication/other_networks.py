"""Other networks' values of the paper's quantities."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.images.protocols.readings import HELP
from core.networks import registry
from pages.parts.components.widgets import NONE, interval, number
from pages.parts.session import resources


def draw_other_networks(others: pd.DataFrame) -> None:
    """Draw the same quantities of networks that the paper did not test; nothing without a study of such a network."""
    if others.empty:
        return
    titles = {key: card.title for key, card in registry.cards(resources.data()).items()}
    with st.expander("Other networks, not the paper’s", icon=":material/hub:"):
        st.caption(
            "The same quantities of other networks, at the same size of the photograph in the frame and the same step. "
            "They are no replication and count in none of the numbers above.",
            help=f"Two readings of the paper’s protocols: {HELP}.",
        )
        rows = [_format_row(row, titles) for row in others.itertuples()]
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="other networks")


def _format_row(row: Any, titles: dict[str, str]) -> dict[str, str]:
    return {
        "quantity": row.quantity,
        "network": titles.get(row.network, row.network),
        "value": number(row.ours, 3),
        "95 % interval": interval(None if pd.isna(row.low) else (row.low, row.high)),
        "paper’s networks": row.paper,
        "photographs": f"{row.n:,} of {row.photographs}",
        "pairs": f"{row.pairs:,}",
        "protocols read as in": f"the {row.reading}",
        "typicality by": NONE if pd.isna(row.typicality_by) else titles.get(row.typicality_by, row.typicality_by),
        "date": row.date[:10],
        "key": row.network,
    }
