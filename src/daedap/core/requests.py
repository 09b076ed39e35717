"""Facts about a request."""

from __future__ import annotations

from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """Return the address of the client as the server saw it; "" if unknown.

    Behind a proxy the server is told which peers to trust and rewrites the address itself.
    """
    return str(request.META.get("REMOTE_ADDR") or "")


def user_agent(request: HttpRequest) -> str:
    """Return what the client calls itself, shortened to 200 characters."""
    return request.headers.get("User-Agent", "")[:200]
