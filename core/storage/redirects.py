"""HTTP requests that follow redirects to http and https alone, and keep the hashes that servers state on the way."""

from __future__ import annotations

import http.client
import re
import urllib.request
from typing import Any


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects and keeps the hashes that they state for the final file."""

    def __init__(self) -> None:
        self.etags: list[str] = []

    def redirect_request(self, *arguments: Any) -> urllib.request.Request | None:
        *_, headers, _url = arguments
        self.etags.append(headers.get("X-Linked-ETag", ""))
        return super().redirect_request(*arguments)


def stated_hash(response: http.client.HTTPResponse, redirects: Redirects) -> str:
    """Return the sha256 that a server states for its file, as Hugging Face does, or ""."""
    for etag in (*redirects.etags, response.headers.get("X-Linked-ETag", ""), response.headers.get("ETag", "")):
        if match := re.fullmatch(r'(?:W/)?"?([0-9a-f]{64})"?', etag):
            return match[1]
    return ""


def opener(redirects: Redirects) -> urllib.request.OpenerDirector:
    """Return urllib without its handlers of file:, ftp: and data:, so that no redirect leads there."""
    r, director = urllib.request, urllib.request.OpenerDirector()
    http_alone = (r.ProxyHandler, r.UnknownHandler, r.HTTPHandler, r.HTTPSHandler)
    for kind in (*http_alone, r.HTTPDefaultErrorHandler, r.HTTPErrorProcessor):
        director.add_handler(kind())
    director.add_handler(redirects)
    return director
