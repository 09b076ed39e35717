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
from urllib.parse import unquote_plus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from daedap.core.hosts import read_host
from daedap.core.logs import request_id
from daedap.members import entry
from daedap.members.connection_test import errand

Endpoint = Callable[[Request], Awaitable[Response]]

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


def route_of(path: str) -> str:
    """Return the name under which logs and metrics know a request of the edge."""
    is_errand = _ERRAND.fullmatch(path) is not None
    return "<service>/settings/member-integration/test/ask/" if is_errand else "<service>/hc/?token"


def application() -> Starlette:
    """Return the edge."""
    enter, ask = _watched(entry.enter), _watched(errand.ask)
    return Starlette(
        routes=[
            Route("/{service_id}/hc", enter, methods=["GET", "HEAD"]),
            Route("/{service_id}/hc/{rest:path}", enter, methods=["GET", "HEAD"]),
            Route("/{service_id}/settings/member-integration/test/ask/", ask),
        ]
    )


async def stranded(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in the place of an edge that did not: the page without the token, for a guest."""

    async def answer(request: Request) -> Response:
        return _stranded(request)

    response = await _watched(answer)(Request(scope))
    await response(scope, receive, send)


def _stranded(request: Request) -> Response:
    if _HELP_CENTRE.fullmatch(request.scope["path"]) is None:
        return PlainTextResponse("Please try again in a moment. 잠시 후 다시 시도해 주세요.\n", status_code=503)
    return entry.stranded(request)


def _watched(endpoint: Endpoint) -> Endpoint:
    """Log like a Django request; what nobody expected leaves the visitor stranded."""

    async def watched(request: Request) -> Response:
        mark = request_id.set(secrets.token_hex(8))
        started = time.perf_counter()
        try:
            response = await endpoint(request)
        except Exception:
            logger.exception("entry failed")
            response = _stranded(request)
        try:
            seconds = time.perf_counter() - started
            response.headers["X-Request-ID"] = request_id.get()
            for name, value in (("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store")):
                response.headers.setdefault(name, value)
            route = route_of(request.url.path)
            fields = {"method": request.method, "route": route, "site": "organization", "status": response.status_code}
            logger.info("request", extra=fields | {"milliseconds": round(seconds * 1000, 1)})
        finally:
            request_id.reset(mark)
        return response

    return watched
