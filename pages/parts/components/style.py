"""CSS for every page that the theme cannot express."""

from __future__ import annotations

import streamlit as st

STYLE = """<style>
[data-testid="stMainBlockContainer"] {padding-top: 3.6rem; padding-bottom: 3rem}
[data-testid="stSidebarHeader"] {height: 2.2rem; margin-bottom: 0}
[data-tag] {height: auto !important; max-width: 100% !important}
[data-tag] > span {white-space: normal !important; overflow-wrap: anywhere; font-size: .82rem; line-height: 1.3}
[data-testid="stMain"] h3 {font-size: 1.3rem}
[class*=st-key-finding] p {font-size: 1.22rem; line-height: 1.5}
:is([class*=st-key-measures], .st-key-table-1, .st-key-comparisons) :is(td, th)
{font-size: .8rem; padding: .35rem .4rem}
:is([class*=st-key-measures], .st-key-table-1, .st-key-comparisons, .st-key-sums, [class*=st-key-quintiles])
{overflow-x: auto}
.st-key-thumbnails, .st-key-thumbnails [class*=stHorizontalBlock] {flex-wrap: nowrap !important}
.st-key-thumbnails {overflow-x: auto; padding-bottom: .3rem; gap: 1.6rem}
[class*=st-key-thumbnails-] {flex: 0 0 auto !important}
[class*=st-key-thumbnails-] p {white-space: nowrap}
[class*=st-key-thumbnail-] {position: relative; flex: 0 0 72px !important; gap: .1rem}
[class*=st-key-thumbnail-] img {height: 72px; object-fit: cover; border-radius: .4rem}
[class*=st-key-thumbnail-] [data-testid=stElementToolbar] {display: none}
[class*=st-key-thumbnail-] [data-testid=stElementContainer]:has([data-testid=stButton]) {position: static}
[class*=st-key-thumbnail-] button {min-height: 0; padding: 0; max-width: 72px}
[class*=st-key-thumbnail-] button p {font-size: .72rem; overflow: hidden; text-overflow: ellipsis}
[class*=st-key-thumbnail-] button::after {content: ""; position: absolute; inset: 0; cursor: pointer}
[class*=st-key-thumbnail-]:hover img {outline: 2px solid currentColor}
[class*=st-key-frames] > div {flex: 1 1 150px !important; min-width: 150px; max-width: 270px}
[class*=st-key-frames] img, .st-key-pair img {image-rendering: pixelated}
</style>"""  # keys of networks are not cut: two of them may differ only at the end


def apply() -> None:
    """Add the CSS to the page. Called once a run by ``app.py``."""
    st.html(STYLE)
