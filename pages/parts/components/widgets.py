"""Small widgets that several sections use."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st
import torch

NONE = "–"
ROW = (
    '<div style="display:flex;justify-content:space-between;gap:.5rem;position:relative;padding:.15rem .4rem;'
    'margin-bottom:.2rem;border-radius:.3rem;overflow:hidden">'
    '<div style="position:absolute;inset:0;width:{width:.1f}%;background:rgba(86,150,220,.28)"></div>'
    '<span style="position:relative;{weight}overflow-wrap:anywhere">{name}</span>'
    '<span style="position:relative;font-variant-numeric:tabular-nums">{p:.3f}</span></div>'
)


def top5(title: str, probabilities: torch.Tensor, names: Sequence[str], start: torch.Tensor) -> None:
    """Draw the five largest probabilities of (K,) as bars. The top class of the ``start`` frame is bold."""
    values, classes = probabilities.topk(min(5, len(names)))
    first = int(start.argmax())
    rows = [
        ROW.format(width=100 * p, weight="font-weight:600;" if k == first else "", name=escape(names[k]), p=p)
        for p, k in zip(values.tolist(), classes.tolist(), strict=True)
    ]
    st.html(f'<div style="font-size:.85rem"><div style="opacity:.7">{escape(title)}, top 5</div>{"".join(rows)}</div>')


def plain(text: object) -> str:
    """Return text with Markdown's special characters escaped, so that ``A~bin5 … B~bin5`` is not struck through."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|<>~$:" else c for c in str(text))


def number(value: float | None, digits: int) -> str:
    """Return a number with so many digits, or a dash if there is none."""
    return NONE if value is None else f"{value:.{digits}f}"


def interval(low_high: tuple[float, float] | None) -> str:
    """Return "[low, high]" with three digits, or a dash if there is no interval."""
    return NONE if low_high is None else f"{low_high[0]:.3f} – {low_high[1]:.3f}"
