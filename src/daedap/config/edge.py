"""The edge: a small Starlette app for requests that wait on somebody else, so that they hold no thread meanwhile.

Today that is the entry into a help centre with a member token, which calls the integrator's verification URL, and the
test of that connection; event streams follow. Everything that does not wait is Django's.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from urllib.parse import unquote_plus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from daedap.core import metrics
from daedap.core.hosts import read_host
from daedap.core.logs import request_id

Endpoint = Callable[[Request], Awaitable[Response]]

ENTRY_MODULE = "daedap.members.entry"
ERRAND_MODULE = "daedap.members.connection_errand"
TOKEN_PARAMETERS = frozenset({"token", "accessToken"})
_ERRAND = re.compile(r"/[A-Za-z]+/settings/member-integration/test/ask/")
_HELP_CENTRE = re.compile(r"/[A-Za-z]+/hc(?:/.*)?")

logger = logging.getLogger("daedap.request")


def waits(*, method: str, host: str, path: str, query: bytes) -> bool:
    """Tell whether a request belongs to the edge.

    That is a GET on an organization's site: of a help-centre page with a token, or of a connection test's errand.
    """
    is_entry = _HELP_CENTRE.fullmatch(path) is not None and _has_token(query)
    return (
        method in {"GET", "HEAD"}
        and (is_entry or _ERRAND.fullmatch(path) is not None)
        and (read_host(host) or ("", ""))[0] == "organization"
    )


def _has_token(query: bytes) -> bool:
    return any(
        unquote_plus(name) in TOKEN_PARAMETERS
        for name, equals, _ in (part.partition("=") for part in query.decode("latin-1").split("&"))
        if equals
    )


@cache
def application() -> Starlette | None:
    """Return the edge, or None while the module of the entry does not exist; Django then shows the page to a guest."""
    if find_spec(ENTRY_MODULE) is None:
        return None
    enter = _watched(import_module(ENTRY_MODULE).enter, "<service>/hc/?token")
    ask = _watched(import_module(ERRAND_MODULE).ask, "<service>/settings/member-integration/test/ask/")
    paths = ("/{service_id}/hc", "/{service_id}/hc/{rest:path}")
    routes = [Route(path, enter, methods=["GET", "HEAD"]) for path in paths]
    return Starlette(routes=[*routes, Route("/{service_id}/settings/member-integration/test/ask/", ask)])


def _watched(endpoint: Endpoint, route: str) -> Endpoint:
    """Log and count like a Django request; what nobody expected becomes the page without the token, for a guest."""

    async def watched(request: Request) -> Response:
        mark = request_id.set(secrets.token_hex(8))
        started = time.perf_counter()
        try:
            response = await endpoint(request)
        except Exception:
            logger.exception("entry failed")
            response = RedirectResponse(request.url.path, status_code=303)
        try:
            seconds = time.perf_counter() - started
            response.headers["X-Request-ID"] = request_id.get()
            for name, value in (("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store")):
                response.headers.setdefault(name, value)
            metrics.observe(method=request.method, route=route, status=response.status_code, seconds=seconds)
            fields = {"method": request.method, "route": route, "site": "organization", "status": response.status_code}
            logger.info("request", extra=fields | {"milliseconds": round(seconds * 1000, 1)})
        finally:
            request_id.reset(mark)
        return response

    return watched
