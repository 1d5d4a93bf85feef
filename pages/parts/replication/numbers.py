"""The paper's numbers and ours, section by section of the paper."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.experiments.replication.replication import fills
from core.storage.data_folder import EMBEDDED
from core.studies.manifest import MANIFEST
from core.studies.process import list_studies
from pages.parts.components.widgets import NONE, interval, number, plain
from pages.parts.session import resources

DIGEST = 12  # of a weights' sha256, to tell them apart
OURS = (
    "ours",
    "95 % interval",
    "difference",
    "paper’s within",
    "photographs",
    "pairs",
    "protocol",
    "network",
    "weights (sha256)",
    "date",
)


def title() -> None:
    """Draw the title and which numbers the page shows."""
    st.markdown("##### Replication: the paper’s numbers, ours beside them")
    st.caption(
        "A number is filled by the paper’s own network, on photographs, with one diagonal pixel, from the studies that "
        "are finished on this machine: of several the one of most photographs, then the latest. Studies of drawn "
        "scenes, such as those that ship, fill none, and nor do other weights of the same architecture. “≈”: read off "
        "a figure or said in words, not printed as a number."
    )


def table() -> pd.DataFrame:
    """Return all numbers from the studies of this server and the shipped ones. Shows studies that cannot be read."""
    found = [one for place in (resources.data().studies, EMBEDDED.studies) for one in list_studies(place)]
    folders = [one.folder for one in found if one.manifest is not None and fills(one.manifest)]
    numbers, problems = resources.replicated(tuple((str(f), (f / MANIFEST).stat().st_mtime_ns) for f in folders))
    for text in problems:
        st.warning(plain(text), icon=":material/warning:")
    return numbers


def choose(numbers: pd.DataFrame) -> pd.DataFrame:
    """Draw the choice between all numbers and the measured ones, with their counts."""
    measured = numbers[numbers["ours"].notna()]
    inside = int(measured["within"].sum())
    st.markdown(
        f"**{len(measured)} of {len(numbers)} numbers measured here**"
        + (f"; in {inside} of {len(measured)} the paper’s lies in our 95 % interval." if len(measured) else ".")
    )
    only = st.toggle("Measured only", key="measured_only", bind="query-params")
    if only and measured.empty:
        st.info(
            "None is measured yet: without the filter, each stands here with the command that fills it.",
            icon=":material/info:",
        )
    return measured if only else numbers


def section(where: str, numbers: pd.DataFrame) -> None:
    """Draw one section of the paper: its numbers, ours, and the commands that measure the missing ones."""
    st.subheader(where)
    st.dataframe(_readable(numbers), hide_index=True, key=f"numbers {where}")
    empty = numbers[numbers["ours"].isna() & numbers["command"].notna()]
    if len(empty):
        commands = list(dict.fromkeys(empty["command"]))
        with st.expander(f"What fills the {len(empty)} empty cells", icon=":material/terminal:"):
            st.caption(
                "IMAGENET_VAL stands for your folder of ImageNet’s validation photographs, and data/indexes/"
                "imagenet-train for an index of its training photographs by ResNet50."
            )
            st.code("\n".join(commands), language="bash", wrap_lines=True)


def save(numbers: pd.DataFrame) -> None:
    """Draw the download of the whole table in full precision."""
    st.download_button(
        "All numbers (CSV)",
        lambda: numbers.to_csv(index=False),
        "replication.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
        key="save replication",
    )


def _readable(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return the table as text. A missing number is a dash with the command that measures it."""
    return pd.DataFrame([_row(row) for row in numbers.itertuples()])


def _row(row: Any) -> dict[str, str]:
    about = {"number": row.what, "paper": ("≈ " if row.read else "") + printed(row.paper)}
    how = {"remark": row.note or NONE, "measured by": NONE if pd.isna(row.command) else row.command}
    if pd.isna(row.ours):
        return about | dict.fromkeys(OURS, NONE) | how
    span = None if pd.isna(row.low) else (row.low, row.high)
    values = (
        number(row.ours, 3),
        interval(span),
        f"{row.difference:+.3f}",
        NONE if span is None else "yes" if row.within else "no",
        f"{row.n:,} of {row.photographs}",
        NONE if pd.isna(row.pairs) else f"{row.pairs:,}",
        NONE if pd.isna(row.protocol) else row.protocol,
        row.network,
        row.weights_digest[:DIGEST],
        row.date[:10],
    )
    return about | dict(zip(OURS, values, strict=True)) | how


def printed(value: float) -> str:
    """Return a number as the paper prints it: two decimals, or more where it has them; counts in full."""
    if value == int(value) and abs(value) >= 2:
        return f"{value:,.0f}"
    return f"{value:.2f}" if round(value, 2) == value else f"{value:.4g}"
