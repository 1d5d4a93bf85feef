"""Contents of pages in a test: parameters of the address that widgets are bound to, and downloads."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from streamlit.testing.v1 import AppTest

MOST = 20  # options of a widget; more are data
SECONDS = 60.0
DIGEST = re.compile(r"[0-9a-f]{8,}")


class Downloads:
    """Stands in for ``st.download_button`` and keeps what is offered: file name by label, and its content."""

    def __init__(self) -> None:
        self.offered: dict[str, tuple[str, Callable[[], str]]] = {}

    def __call__(self, label: str, data: Any, file_name: str, *_: Any, **__: Any) -> bool:
        name = DIGEST.sub("*", file_name)
        self.offered[label] = name, data if callable(data) else lambda: data
        return False


def until(at: AppTest, downloads: Downloads, wanted: Collection[str]) -> AppTest:
    """Run the page again until it offers all these downloads: work goes on in the background."""
    end = time.monotonic() + SECONDS
    while not set(wanted) <= set(downloads.offered):
        assert not at.exception, at.exception
        assert time.monotonic() < end, f"no {set(wanted) - set(downloads.offered)}, but {sorted(downloads.offered)}"
        time.sleep(0.5)  # a page that is drawn takes its time from the work
        at.run()
    return at


def parameters(at: AppTest, given: Mapping[str, str]) -> dict[str, Any]:
    """Name each parameter that a widget of the page is bound to, with its few options; and those the page has set."""
    found: dict[str, Any] = {}
    for element in at._tree:
        proto = getattr(element, "proto", None)
        if name := getattr(proto, "query_param_key", ""):
            found[name] = _options(proto)
    set_by_page = {name: "set by the page" for name in at.query_params if name not in {*found, *given}}
    return found | set_by_page


def _options(proto: Any) -> list[str] | str:
    kind = type(proto).__name__
    options = [getattr(one, "content", one) for one in getattr(proto, "options", ())]
    return [str(one) for one in options] if 0 < len(options) <= MOST else kind


def apart(views: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Tell the parameters that all views have alike from those of each."""
    first, *others = views.values()
    alike = {name: what for name, what in first.items() if all(view.get(name) == what for view in others)}
    own = {view: {n: what for n, what in shown.items() if n not in alike} for view, shown in views.items()}
    return {"(every page)": alike, **own}
