"""A photograph to click points on. A click is sent at once and drawn faint until it is saved."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

CLICKS = "clicks"  # the state's name
MOST = 4  # screen pixels for each pixel of a small photograph


@dataclass(frozen=True, slots=True)
class ClickablePhotograph:
    """The photograph to click on, and its points."""

    photo: str
    title: str
    picture: bytes
    width: int
    height: int
    names: Sequence[str]
    colours: Sequence[str]
    points: Mapping[str, tuple[float, float]]
    saved: Sequence[str]


HTML = """
<div class="pointing">
  <p class="prompt" aria-live="polite"><i></i><span></span></p>
  <div class="frame"><img alt="" draggable="false"><div class="marks"></div></div>
</div>
"""

CSS = """
.pointing {color: var(--st-text-color); font: 1rem var(--st-font)}
.prompt {margin: 0 0 .5rem; font-size: 1.1rem; line-height: 1.4}
.prompt i {display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .45em}
.frame {position: relative; cursor: crosshair; touch-action: manipulation; user-select: none;
  width: min(100%, calc(68vh * var(--aspect)), calc(1px * var(--widest)))}
.frame img {display: block; width: 100%; aspect-ratio: var(--aspect)}
.frame.whole {cursor: default}
.marks {position: absolute; inset: 0; overflow: hidden; pointer-events: none}
.mark {position: absolute; width: 14px; height: 14px; margin: -7px 0 0 -7px; border-radius: 50%; box-sizing: border-box;
  border: 2px solid var(--colour); box-shadow: 0 0 0 1.5px #fff, inset 0 0 0 1.5px #fff}
.mark.unsaved {opacity: .5}
.mark span {position: absolute; top: 12px; left: 50%; transform: translateX(-50%); white-space: nowrap; color: #fff;
  background: rgba(0, 0, 0, .65); font-size: .7rem; line-height: 1.3; padding: 0 .3em; border-radius: .25em}
"""

# data: {photo, picture, width, height, widest, names, colours, points: {name: [x, y]}, saved: [id]}
# state: clicks: [{id, photo, point, x, y}], all clicks on this photograph that the server has not confirmed yet. Of two
# quick clicks, the second sends the first again.
JS = """
export default function ({data, parentElement, setStateValue}) {
  const all = parentElement.querySelector(".pointing"), frame = all.querySelector(".frame");
  const image = frame.querySelector("img"), marks = frame.querySelector(".marks");
  if (all.dataset.photo !== data.photo) {
    all.dataset.photo = data.photo;
    all.clicks = [];
    image.src = data.picture;
    frame.style.setProperty("--aspect", data.width / data.height);
    frame.style.setProperty("--widest", data.widest);
  }
  all.clicks = all.clicks.filter(click => !data.saved.includes(click.id));
  const places = () => ({...data.points, ...Object.fromEntries(all.clicks.map(({point, x, y}) => [point, [x, y]]))});
  const next = () => data.names.find(name => !(name in places()));
  const mark = (name, [x, y]) => {
    const one = document.createElement("div"), label = document.createElement("span");
    one.className = all.clicks.some(click => click.point === name) ? "mark unsaved" : "mark";
    one.dataset.point = label.textContent = name;
    one.style.left = `${100 * x}%`;
    one.style.top = `${100 * y}%`;
    one.style.setProperty("--colour", data.colours[data.names.indexOf(name)]);
    one.append(label);
    return one;
  };
  const show = () => {
    const name = next(), marked = places();
    all.querySelector(".prompt i").style.background = data.colours[data.names.indexOf(name)] ?? "transparent";
    const text = name === undefined ? "All points are clicked." : `Click the ${name}`;
    all.querySelector(".prompt span").textContent = text;
    image.alt = `${text}: ${data.title}`;
    frame.classList.toggle("whole", name === undefined);
    marks.replaceChildren(...data.names.filter(name => name in marked).map(name => mark(name, marked[name])));
  };
  const share = (at, low, size) => Math.min(1, Math.max(0, (at - low) / size));
  frame.onclick = event => {
    const point = next(), {left, top, width, height} = image.getBoundingClientRect();
    if (point === undefined || event.detail > 1) return;  // the second click of a double click is ignored
    const id = Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(16)).join("-");
    const [x, y] = [share(event.clientX, left, width), share(event.clientY, top, height)];
    all.clicks = [...all.clicks, {id, photo: data.photo, point, x, y}];
    show();
    setStateValue("clicks", all.clicks);
  };
  show();
}
"""

_frame = st.components.v2.component("photograph_to_point_at", html=HTML, css=CSS, js=JS)


def draw(key: str, photograph: ClickablePhotograph, clicked: Callable[[], None]) -> None:
    """Draw the prompt and the photograph.

    ``clicked`` is called after clicks; the widget's state holds them as CLICKS.
    """
    picture = f"data:image/png;base64,{base64.b64encode(photograph.picture).decode()}"
    data = {
        "photo": photograph.photo,
        "title": photograph.title,
        "picture": picture,
        "width": photograph.width,
        "height": photograph.height,
        "widest": MOST * photograph.width,
        "names": list(photograph.names),
        "colours": list(photograph.colours),
        "points": {name: list(at) for name, at in photograph.points.items()},
        "saved": list(photograph.saved),
    }
    _frame(key=key, data=data, on_clicks_change=clicked)
