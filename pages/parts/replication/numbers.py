"""The paper's numbers and ours, section by section of the paper."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.experiments.replication import paper
from core.experiments.replication.measurements import compares
from core.experiments.replication.replication import count, needs
from core.experiments.table_3_networks import architecture
from core.networks import registry
from core.networks.card import NetworkCard
from core.storage.data_folder import EMBEDDED
from core.studies.manifest import MANIFEST
from core.studies.process import list_studies
from pages.parts.components.widgets import NONE, interval, number, plain
from pages.parts.session import resources, tasks

COUNTING = "replication-architectures"  # name of the task that counts layers
DIGEST = 12  # characters of the sha256 of the weights
OURS = (
    "ours",
    "95 % interval",
    "agrees?",
    "missing",
    "difference",
    "photographs",
    "pairs",
    "protocol",
    "weights (sha256)",
    "date",
)


def draw_title() -> None:
    """Draw the title and which numbers the page shows."""
    st.markdown("##### Replication: the paper’s numbers, ours beside them")
    st.caption(
        "**Arithmetic and architecture** is computed here and agrees if it has the printed digits. **Measured claims** "
        "come from finished studies with the paper’s own networks and photographs.",
        help="Studies use steps of one diagonal pixel. A measured claim agrees if the paper’s number lies in our 95 % "
        "interval. Of several studies, one that reads the protocols as the paper’s text does comes before one that "
        "reads them as the authors’ script does, then the one with the most photographs counts, then the latest. "
        "Figure 11’s networks are ours, trained on a JPEG copy of CIFAR-10: the paper published none. Studies on drawn "
        "scenes are not compared with the paper, which used other networks and photographs. “≈” marks numbers that "
        "were read off a figure or that the paper gives only in words.",
    )


def read_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all numbers, and other networks' values, from this server's studies and the shipped ones.

    The architectures of Table 3 are counted in the background once per machine; until then their numbers are empty.
    Shows the progress, and studies that cannot be read.
    """
    data = resources.data()
    architectures = architecture.load(data)
    if architectures is None:
        task = tasks.start_task((COUNTING, str(data.root)), partial(architecture.compute, data))
        tasks.draw_state(task, "Parameters and layers of Keras’s networks")
        architectures = task.result
    studies = [s for folder in (data.studies, EMBEDDED.studies) for s in list_studies(folder)]
    folders = [s.folder for s in studies if s.manifest is not None and compares(s.manifest)]
    numbers, others, problems = resources.compare_with_paper(
        tuple((str(f), (f / MANIFEST).stat().st_mtime_ns) for f in folders), architectures
    )
    for text in problems:
        st.warning(plain(text), icon=":material/warning:")
    return numbers, others


def draw_counts(numbers: pd.DataFrame) -> None:
    """Draw how many numbers of each kind are filled, and the numbers of arithmetic and architecture that disagree."""
    counts = count(numbers)
    waiting = counts.exact - counts.computed
    st.markdown(
        f"**{counts.filled} of {counts.numbers} numbers computed or measured here**  \n"
        f"Arithmetic and architecture: {counts.agree} of {counts.exact} agree"
        + (f", {waiting} not computed.  \n" if waiting else ".  \n")
        + f"Measured claims: {counts.measured} of {counts.numbers - counts.exact} measured, "
        f"{counts.within} within our interval."
    )
    wrong = numbers[(~numbers["agrees"]).fillna(value=False)]
    if len(wrong):
        heading = f"Disagreements in arithmetic and architecture ({len(wrong)}):"
        st.markdown("\n".join([heading, "", *(_format_disagreement(row) for row in wrong.itertuples())]))


def draw_filter(numbers: pd.DataFrame) -> pd.DataFrame:
    """Draw the choice between all numbers and those with a value of ours."""
    filled = numbers[numbers["ours"].notna()]
    only = st.toggle("Only numbers with ours beside them", key="measured_only", bind="query-params")
    return filled if only else numbers


def section(where: str, numbers: pd.DataFrame) -> None:
    """Draw one section of the paper: its numbers, ours, and the commands that measure the missing ones."""
    st.subheader(where)
    cards = registry.cards(resources.data())
    rows = [_format_row(row, cards) for row in numbers.itertuples()]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key=f"numbers {where}")
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


def _format_disagreement(row: Any) -> str:
    why = f" ({row.note})" if row.note else ""
    return f"- {row.where}, {row.what}: the paper prints {_paper(row)}, ours is {_ours(row)}{why}"


def _format_row(row: Any, cards: Mapping[str, NetworkCard]) -> dict[str, str]:
    """Return a row as text. A missing number is a dash, with what it waits for and the command that measures it."""
    fields = {"number": row.what, "paper": _paper(row)}
    ours = {"missing": needs(paper.numbers()[row.Index], cards) or NONE} if pd.isna(row.ours) else _format_ours(row)
    network = NONE if pd.isna(row.network) else cards[row.network].title
    return {
        **fields,
        **{name: ours.get(name, NONE) for name in OURS},
        "network": network,
        "remark": row.note or NONE,
        "measured by": NONE if pd.isna(row.command) else row.command,
        "key": NONE if pd.isna(row.network) else row.network,
    }


def _format_ours(row: Any) -> dict[str, str]:
    span = None if pd.isna(row.low) else (row.low, row.high)
    agrees = row.within if pd.isna(row.agrees) else row.agrees
    fields = {"ours": _ours(row), "difference": f"{round(row.difference, 4) + 0.0:+.4g}", "agrees?": NONE}
    if not pd.isna(agrees):
        fields["agrees?"] = "yes" if agrees else "no"
    if not pd.isna(row.n):
        reading = "" if pd.isna(row.protocol) else f"{row.protocol} (as in the {row.reading})"
        fields |= {
            "95 % interval": interval(span),
            "difference": f"{row.difference:+.3f}",
            "photographs": f"{row.n:,} of {row.photographs}",
            "pairs": NONE if pd.isna(row.pairs) else f"{row.pairs:,}",
            "protocol": reading or NONE,
            "weights (sha256)": row.weights_digest[:DIGEST],
            "date": row.date[:10],
        }
    return fields


def _paper(row: Any) -> str:
    return (
        _format_exact(row.paper) if row.kind == paper.EXACT else ("≈ " if row.read else "") + _format_printed(row.paper)
    )


def _ours(row: Any) -> str:
    return _format_exact(row.ours) if row.kind == paper.EXACT else number(row.ours, 3)


def _format_exact(value: float) -> str:
    """Return a number of arithmetic or architecture: an integer in full, others with the paper's four decimals."""
    return f"{round(value, 4) + 0.0:,.10g}"


def _format_printed(value: float) -> str:
    """Return a measured number as the paper prints it: two decimals, or more where it has them."""
    return f"{value:.2f}" if round(value, 2) == value else f"{value:.4g}"
