"""The photographs of a point or a bar: each pair as its network saw it, with the network's answers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.errors import PhotobiasError
from core.networks import registry
from core.statistics.sensitivity import Outcome
from core.statistics.tables import change, changed, photographs_of
from core.studies import Results
from pages.parts.components import flicker
from pages.parts.components.widgets import plain
from pages.parts.session import resources
from pages.parts.studies import photograph_folder, studies

PER_PAGE = 6  # pairs
WIDTH = 300  # pixels on screen
FRAMES = ("digest", "network", "protocol", "side", "step", "direction", "unit", "seed", "pair")


def draw(results: Results, rows: pd.DataFrame, key: str) -> None:
    """Draw ``rows`` of ``results.pairs``, changed pairs with the largest |Δp| first, a page at a time."""
    ordered = sort_by_change(rows)
    flips = int(changed(rows).sum()) if rows["changed"].notna().all() else None
    st.caption(
        f"{len(rows):,} pairs of {rows['digest'].nunique():,} photographs"
        + ("" if flips is None else f", {flips:,} of them changed")
        + "; most changed first. Each picture alternates between before and after, enlarged without smoothing."
    )
    absent = photograph_folder.ask(results, key)
    pages = math.ceil(len(ordered) / PER_PAGE)
    page = st.pagination(pages, key=f"page {key} {pages}") if pages > 1 else 1
    with st.container(horizontal=True, key=f"behind-{key}"):
        for _, row in ordered.iloc[PER_PAGE * (page - 1) : PER_PAGE * page].iterrows():
            with st.container(width=WIDTH):
                _card(results, row, absent)


def sort_by_change(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows sorted by change: flips first, then |Δp|, or representation change without classes; ties by digest
    and pair.
    """
    order = np.lexsort(
        (
            rows["pair"].to_numpy(),
            photographs_of(rows),
            rows["feature_cosine"].to_numpy(float),
            -change(rows),
            -changed(rows),
        )
    )
    return rows.iloc[order]


def _card(results: Results, row: pd.Series[Any], absent: bool) -> None:
    """Draw one pair: picture, name, label, network, protocol, answers, similarity.

    ``absent``: no photograph of the study is here, which the page has already said.
    """
    key = (*studies.key(results)[:2], *(None if pd.isna(row[name]) else row[name] for name in FRAMES))
    picture = resources.load_picture(key, lambda: _picture(results, row))
    if picture is None and not absent:
        st.caption("The photograph is no longer where it was, or has changed.")
    if picture is not None:
        st.image(picture, output_format="PNG", width="stretch", alt=f"{row['name']}, before and after")
    label = f" · {row['label']}" if isinstance(row["label"], str) else ""
    side = "" if pd.isna(row["side"]) else f" {row['side']} px"
    classes = results.manifest.config.get("classes")  # only in studies of readouts
    answers = flicker.describe_outcome(read_outcome(row), tuple(classes) if classes else _names(str(row["network"])))
    st.markdown(f"**{plain(row['name'])}**{plain(label)}  \n{answers}")
    similarity = [
        f"{what.upper()} {row[what]:.{digits}f}{unit}"
        for what, digits, unit in (("psnr", 1, " dB"), ("ssim", 4, ""))
        if what in row.index and not pd.isna(row[what])
    ]
    layer = f", {row['layer']}" if "layer" in row.index else ""
    text = f"{row['network']}{layer}, {row['protocol']}{side}, pair {row['pair'] + 1}, at ({row['x']}, {row['y']})"
    st.caption(plain("; ".join([text, *similarity])))


def _picture(results: Results, row: pd.Series[Any]) -> bytes | None:
    try:
        pair = results.pair(row)
    except PhotobiasError:
        return None
    return None if pair is None else flicker.animate(pair)


def read_outcome(row: pd.Series[Any]) -> Outcome:
    """Return a row of a study's pairs as an outcome."""
    before, after, label = (
        None if pd.isna(row[name]) else int(row[name]) for name in ("class_before", "class_after", "label_index")
    )
    p_before, p_after, cosine = (float(row[name]) for name in ("p_before", "p_after", "feature_cosine"))
    return Outcome(str(row["digest"]), int(row["pair"]), before, after, p_before, p_after, cosine, label)


def _names(network: str) -> tuple[str, ...] | None:
    """Return the class names of a network, or None if it is not on this machine."""
    try:
        labels = registry.get(network, resources.data()).labels
    except PhotobiasError:
        return None
    return labels.names if labels is not None else None
