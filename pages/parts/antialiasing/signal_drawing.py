"""A drawing of a signal: one bar a value, set by dragging, by clicking or by the arrow keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

HTML = '<div class="bars"></div>'

CSS = """
.bars {display: flex; gap: 2px; height: 120px; touch-action: none; user-select: none; font: .7rem var(--st-font);
  color: var(--st-text-color)}
.bar {position: relative; flex: 1 1 0; min-width: 0; max-width: 44px; cursor: crosshair; border-radius: 3px;
  background: var(--st-secondary-background-color)}
.fill {position: absolute; left: 15%; right: 15%; min-height: 2px; border-radius: 2px;
  background: var(--st-primary-color)}
.zero {position: absolute; left: 0; right: 0; height: 1px; background: var(--st-border-color)}
"""

# data: {values, low, high, step}; state: values
JS = """
export default function ({data, parentElement, setStateValue}) {
  const box = parentElement.querySelector(".bars"), {low, high, step} = data, values = [...data.values];
  const at = value => 100 * (high - value) / (high - low);  // percent from the top
  const bars = values.map((_, k) => {
    const [bar, zero, fill] = ["div", "div", "div"].map(name => document.createElement(name));
    [bar.className, zero.className, fill.className] = ["bar", "zero", "fill"];
    bar.tabIndex = 0;
    bar.setAttribute("role", "slider");
    bar.setAttribute("aria-label", `Value at ${k}`);
    bar.setAttribute("aria-orientation", "vertical");
    bar.setAttribute("aria-valuemin", low);
    bar.setAttribute("aria-valuemax", high);
    zero.style.top = `${at(0)}%`;
    bar.append(zero, fill);
    bar.onkeydown = event => {
      const by = {ArrowUp: step, ArrowRight: step, ArrowDown: -step, ArrowLeft: -step}[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      set(k, values[k] + by);
      tell();
    };
    return bar;
  });
  const set = (k, value) => {
    values[k] = Number((step * Math.round(Math.min(high, Math.max(low, value)) / step)).toPrecision(6));
    bars[k].setAttribute("aria-valuenow", values[k]);
    bars[k].title = `${values[k]} at ${k}`;
    bars[k].lastChild.style.top = `${Math.min(at(values[k]), at(0))}%`;
    bars[k].lastChild.style.height = `${Math.abs(at(values[k]) - at(0))}%`;
  };
  const tell = () => setStateValue("values", [...values]);
  const draw = event => {
    const within = box.getBoundingClientRect();
    const k = bars.findIndex(bar => {
      const {left, right} = bar.getBoundingClientRect();
      return left <= event.clientX && event.clientX <= right + 2;
    });
    if (k >= 0) set(k, high - (high - low) * (event.clientY - within.top) / within.height);
  };
  box.onpointerdown = event => {
    box.setPointerCapture(event.pointerId);
    draw(event);
  };
  box.onpointermove = event => {
    if (box.hasPointerCapture(event.pointerId)) draw(event);
  };
  box.onpointerup = tell;
  const focused = [...box.children].indexOf(box.getRootNode().activeElement);
  box.replaceChildren(...bars);
  values.forEach((value, k) => set(k, value));
  if (focused >= 0 && focused < bars.length) bars[focused].focus();
}
"""

_bars = st.components.v2.component("signal_drawing", html=HTML, css=CSS, js=JS)


def draw_bars(
    key: str, values: Sequence[float], scale: tuple[float, float, float], changed: Callable[[], None]
) -> None:
    """Draw values as bars on a scale (low, high, step).

    Calls ``changed`` after a change; the widget's state holds ``values``.
    """
    low, high, step = scale
    _bars(key=key, data={"values": list(values), "low": low, "high": high, "step": step}, on_values_change=changed)
