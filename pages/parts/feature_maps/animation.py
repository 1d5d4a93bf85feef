"""A player of feature maps over the shift, in the browser, with all networks in step.

Each picture is sent once, as a strip of all shifts. A step sends nothing to the server, whose cores run the networks.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

STEP_MS = 140  # slow enough to follow a sum, fast enough to see jumps as flicker


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture that changes with the shift.

    ``strip`` is a PNG of all frames side by side; ``sums`` is the curve below it.
    """

    title: str
    about: str
    strip: bytes
    sums: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Cells side by side under one title, each with the same number of ``frames``."""

    title: str
    frames: int
    cells: Sequence[Cell]


HTML = """
<div class="film">
  <div class="bar">
    <button type="button">Play</button>
    <input type="range" min="0" value="0" step="1" aria-label="Shift">
    <output></output>
  </div>
  <div class="rows"></div>
</div>
"""

CSS = """
.film {color: var(--st-text-color); font: .8rem var(--st-font)}
.bar {display: flex; gap: .7rem; align-items: center; margin-bottom: .5rem; max-width: 1080px}
.bar button {width: 4.4rem; height: 2.2rem; border-radius: .5rem; cursor: pointer; color: inherit; font: inherit;
  background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color)}
.bar input {flex: 1; accent-color: var(--st-primary-color)}
.bar output {min-width: 5.2rem; font-variant-numeric: tabular-nums}
.rows b {display: block; margin: .5rem 0 .2rem; font-weight: 600}
.cells {display: grid; grid-template-columns: repeat(auto-fit, minmax(104px, 1fr)); gap: .5rem .9rem;
  max-width: 1080px}
.title {overflow: hidden; text-overflow: ellipsis; white-space: nowrap}
small {display: block; opacity: .7; font-size: .68rem; line-height: 1.3; min-height: 3.9em; white-space: pre-line}
canvas {width: 100%; image-rendering: pixelated; display: block; aspect-ratio: 1}
svg {width: 100%; height: 36px; display: block; overflow: visible; margin-top: 4px; border-bottom: 1px solid
  var(--st-border-color)}
polyline {fill: none; stroke: currentColor; opacity: .75}
line {stroke: var(--st-primary-color)}
polyline, line {stroke-width: 1.5; vector-effect: non-scaling-stroke}
.sum {font-variant-numeric: tabular-nums; white-space: nowrap}
"""

# data: {key, step_ms, shifts: [px], rows: [{title, frames, cells: [{title, about, strip, sums: [number]}]}]}
JS = """
const make = (name, inside, text) => {
  const one = document.createElementNS(/^(svg|polyline|line)$/.test(name) ? "http://www.w3.org/2000/svg"
                                       : "http://www.w3.org/1999/xhtml", name);
  if (text !== undefined) one.textContent = text;
  inside.append(one);
  return one;
};

const curve = (cell, sums) => {  // the axis starts at 0, so a flat curve means a constant sum
  const low = Math.min(0, ...sums), high = Math.max(0, ...sums), last = Math.max(sums.length - 1, 1);
  const svg = make("svg", cell), line = make("polyline", svg), mark = make("line", svg);
  svg.setAttribute("viewBox", "0 0 100 30");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const at = (sum, k) => `${100 * k / last},${30 - 30 * (sum - low) / (high - low || 1)}`;
  line.setAttribute("points", sums.map(at).join(" "));
  mark.setAttribute("y1", -2);
  mark.setAttribute("y2", 32);
  const text = make("div", cell);
  text.className = "sum";
  return k => {
    for (const end of ["x1", "x2"]) mark.setAttribute(end, 100 * k / last);
    text.textContent = `sum ${Number(sums[k].toPrecision(4))}`;
  };
};

const picture = (cell, {about, strip, sums}, count) => {
  const canvas = make("canvas", cell), image = new Image(), paint = canvas.getContext("2d");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", about);
  const moveMark = sums.length ? curve(cell, sums) : () => {};
  let now = 0;
  const show = k => {
    now = k;
    moveMark(k);
    if (image.complete && canvas.width) paint.drawImage(image, -k * canvas.width, 0);
  };
  image.onload = () => {
    canvas.width = image.width / count;
    canvas.height = image.height;
    show(now);
  };
  image.src = strip;
  return show;
};

export default function ({data, parentElement}) {
  const film = parentElement.querySelector(".film"), rows = film.querySelector(".rows");
  if (film.dataset.key === data.key) return;  // the page ran again with the same pictures
  film.dataset.key = data.key;
  const slider = film.querySelector("input"), play = film.querySelector("button"), label = film.querySelector("output");
  const shows = [];
  rows.replaceChildren();
  for (const row of data.rows) {
    make("b", rows, row.title);
    const cells = make("div", rows);
    cells.className = "cells";
    for (const one of row.cells) {
      const cell = make("div", cells), title = make("div", cell, one.title);
      title.className = "title";
      make("small", cell, one.about);
      shows.push(picture(cell, one, row.frames));
    }
  }
  slider.max = data.shifts.length - 1;
  const show = () => {
    const k = Number(slider.value);
    label.textContent = `shift ${data.shifts[k]} px`;
    slider.setAttribute("aria-valuetext", label.textContent);
    for (const one of shows) one(k);
  };
  const stop = () => {
    clearInterval(film.timer);
    film.timer = undefined;
    play.textContent = "Play";
  };
  let by = 1;
  const step = () => {
    if (!film.isConnected) return stop();
    if (slider.value === slider.max) by = -1;
    if (slider.value === slider.min) by = 1;  // plays back and forth, so that no jump is added at the end
    slider.value = Number(slider.value) + by;
    show();
  };
  stop();
  slider.oninput = show;
  play.onclick = () => {
    if (film.timer !== undefined) return stop();
    film.timer = setInterval(step, data.step_ms);
    play.textContent = "Pause";
  };
  show();
}
"""

_film = st.components.v2.component("feature_maps_film", html=HTML, css=CSS, js=JS)


def player(key: str, shifts: Sequence[float], rows: Sequence[Row]) -> None:
    """Draw Play, a slider over the shifts in pixels, and the rows.

    ``key`` must change whenever the pictures change.
    """
    _film(key="film", data={"key": key, "step_ms": STEP_MS, "shifts": list(shifts), "rows": [_sent(r) for r in rows]})


def _sent(row: Row) -> dict[str, object]:
    """Return a row as the data that the browser receives."""
    cells = [
        {"title": cell.title, "about": cell.about, "strip": _address(cell.strip), "sums": list(cell.sums)}
        for cell in row.cells
    ]
    return {"title": row.title, "frames": row.frames, "cells": cells}


def _address(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
