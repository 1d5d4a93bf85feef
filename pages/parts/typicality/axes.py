"""Correlation of two typicalities of the same photographs, by the indexes of two networks."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from core.experiments.figure_07_08_typicality.axis import compare_axes, describe_index
from core.statistics.association import Spearman
from core.studies import Results
from pages.parts.components.widgets import plain
from pages.parts.studies import studies

KINDS = ("typicality", "confidence")


def section(results: Results) -> None:
    """Draw the correlation with each other finished study that has another network's typicality of the photographs."""
    if (own := results.manifest.index) is None:
        return
    lines = [
        f"with typicality among {describe_index(other.manifest.index)}: {correlation}"
        for other in _others(results)
        if other.manifest.index is not None and (correlation := _compare(results, other)).n
    ]
    if lines:
        st.subheader("Other typicality axes of these photographs", anchor="axes")
        st.markdown(
            plain(f"Rank correlation of typicality among {describe_index(own)}, with its 95 % interval:")
            + "\n\n"
            + "\n".join(f"- {plain(line)}" for line in lines)
        )


def _others(results: Results) -> Iterator[Results]:
    """Yield the finished studies whose typicality is another network's."""
    own = (results.manifest.index or {})["network"]
    for study in studies.list_studies(KINDS):
        m = study.status.manifest
        if study.status.state == "finished" and m is not None and m.index is not None and m.index["network"] != own:
            other = studies.read_results(study.status)
            if other is not None:
                yield other


def _compare(results: Results, other: Results) -> Spearman:
    return studies.derive(
        results, f"axes {studies.key(other)}", lambda r: compare_axes(r.photographs, other.photographs)
    )
