"""Facts about a request."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import quote

from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """Return the address of the client, "" if unknown.

    Behind a trusted proxy (DAEDAP_TRUSTED_PROXIES) it is the one the proxy tells; config/asgi.py puts it in its place.
    """
    try:
        return str(ip_address(str(request.META.get("REMOTE_ADDR") or "")))
    except ValueError:  # a proxy that passes on whatever visitors claim
        return ""


def raw_path(request: HttpRequest) -> str:
    """Return the path of the request target as it was sent: still percent-encoded, not normalised, without query.

    Servers tell it in different ways; where none does, the decoded path is encoded anew.
    """
    scope = request.META.get("asgi.scope") or {}
    sent = (scope.get("raw_path") or b"").decode("latin-1")
    sent = sent or str(request.META.get("REQUEST_URI") or request.META.get("RAW_URI") or "")
    if "://" in sent.partition("?")[0]:  # absolute form
        sent = "/" + sent.partition("://")[2].partition("/")[2]
    return sent.partition("?")[0] or quote(request.path)


def user_agent(request: HttpRequest) -> str:
    """Return what the client calls itself, shortened to 200 characters."""
    return request.headers.get("User-Agent", "")[:200]


_MOBILE = re.compile(r"Mobi|Android|iPhone|iPad|iPod", re.IGNORECASE)


def is_mobile(request: HttpRequest) -> bool:
    """Whether the client calls itself a phone or a tablet."""
    return _MOBILE.search(user_agent(request)) is not None


def is_background(request: HttpRequest) -> bool:
    """Whether the page asks by itself rather than its reader: no activity of theirs (spec 10, 4.4).

    Whatever polls sends `X-Background: 1`; event streams say so by what they accept.
    """
    return request.headers.get("X-Background") == "1" or "text/event-stream" in request.headers.get("Accept", "")
