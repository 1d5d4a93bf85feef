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

DIGEST = 12  # characters of the sha256 of the weights
OURS = (
    "ours",
    "95 % interval",
    "difference",
    "within interval?",
    "photographs",
    "pairs",
    "protocol",
    "network",
    "weights (sha256)",
    "date",
)


def draw_title() -> None:
    """Draw the title and which numbers the page shows."""
    st.markdown("##### Replication: the paper’s numbers, ours beside them")
    st.caption(
        "Our numbers come from finished studies on this machine that used the paper’s own networks, photographs and "
        "steps of one diagonal pixel. Of several such studies, the one with the most photographs counts, then the "
        "latest. Studies on drawn scenes, such as the shipped ones, and other weights of the same architecture do not "
        "count. “≈” marks numbers that were read off a figure or that the paper gives only in words."
    )


def read_table() -> pd.DataFrame:
    """Return all numbers from the studies of this server and the shipped ones. Shows studies that cannot be read."""
    studies = [s for folder in (resources.data().studies, EMBEDDED.studies) for s in list_studies(folder)]
    folders = [s.folder for s in studies if s.manifest is not None and fills(s.manifest)]
    numbers, problems = resources.compare_with_paper(
        tuple((str(f), (f / MANIFEST).stat().st_mtime_ns) for f in folders)
    )
    for text in problems:
        st.warning(plain(text), icon=":material/warning:")
    return numbers


def draw_filter(numbers: pd.DataFrame) -> pd.DataFrame:
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
            "No number is measured yet. Turn the filter off to see the command that measures each number.",
            icon=":material/info:",
        )
    return measured if only else numbers


def section(where: str, numbers: pd.DataFrame) -> None:
    """Draw one section of the paper: its numbers, ours, and the commands that measure the missing ones."""
    st.subheader(where)
    st.dataframe(_format_table(numbers), hide_index=True, key=f"numbers {where}")
    empty = numbers[numbers["ours"].isna() & numbers["command"].notna()]
    if len(empty):
        commands = list(dict.fromkeys(empty["command"]))
        with st.expander(f"How to measure these {len(empty)}", icon=":material/terminal:"):
            st.caption(
                "Replace IMAGENET_VAL by your folder of ImageNet’s validation photographs, and "
                "data/indexes/imagenet-train by an index of its training photographs made with ResNet50."
            )
            st.code("\n".join(commands), language="bash", wrap_lines=True)


def draw_download(numbers: pd.DataFrame) -> None:
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


def _format_table(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return the table as text. A missing number is a dash with the command that measures it."""
    return pd.DataFrame([_format_row(row) for row in numbers.itertuples()])


def _format_row(row: Any) -> dict[str, str]:
    fields = {"number": row.what, "paper": ("≈ " if row.read else "") + format_printed(row.paper)}
    remarks = {"remark": row.note or NONE, "measured by": NONE if pd.isna(row.command) else row.command}
    if pd.isna(row.ours):
        return fields | dict.fromkeys(OURS, NONE) | remarks
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
    return fields | dict(zip(OURS, values, strict=True)) | remarks


def format_printed(value: float) -> str:
    """Return a number as the paper prints it: two decimals, or more where it has them; counts in full."""
    if value == int(value) and abs(value) >= 2:
        return f"{value:,.0f}"
    return f"{value:.2f}" if round(value, 2) == value else f"{value:.4g}"
