"""The one ASGI application: the edge for what waits, Django's WSGI handler in threads for everything else.

Measured: Django's own ASGI handler answers a seventh of what its WSGI handler does (docs/adr/0002).
`application` serves alone. `daedap serve` builds one that runs the job worker, and the edge as a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any, cast
from urllib.parse import quote_from_bytes

from a2wsgi import WSGIMiddleware
from django.conf import settings
from granian.utils.proxies import wrap_asgi_with_proxy_headers

from daedap.config.wsgi import application as django  # sets Django up; the edge reads its settings

from daedap.config import edge  # isort: skip
from daedap.config.doorman import Doorman, SentAway  # isort: skip
from daedap.config.edge_process import EdgeFailed, EdgeProcess  # isort: skip
from daedap.config.lifespan import Lifespan  # isort: skip
from daedap.core import metrics  # isort: skip

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

logger = logging.getLogger(__name__)

THREADS = 8
"""Requests that Django answers at the same time; see the size of the connection pool in the settings."""

LARGE_BYTES = 1024 * 1024
LARGE_AT_ONCE = 3
"""Uploads that Django reads at the same time: each takes long, and pages want the other threads."""

SPOOL_BYTES = 256 * 1024
SILENCE_SECONDS = 30.0
"""How long a visitor in the middle of an upload may send nothing: a phone between two cells may, an attacker would."""

_PRINTABLE = bytes(range(0x21, 0x7F)).decode()


class Split:
    """Sends each request to where it belongs. An upload is received whole before it occupies a thread."""

    def __init__(self, *, worker: bool, edge_process: EdgeProcess | None = None) -> None:
        self.lifespan = Lifespan(worker=worker, edge=edge_process, is_idle=lambda: self.in_flight == 0)
        self.edge = edge_process or edge.application()
        self.in_flight = 0
        self.doorman = Doorman()
        self.large = asyncio.Semaphore(LARGE_AT_ONCE)
        self.django = WSGIMiddleware(cast("Any", django), workers=THREADS)  # Django's types are wider
        self.http = wrap_asgi_with_proxy_headers(self._http, settings.TRUSTED_PROXIES)  # the visitor, not the proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.lifespan(receive, send)
        elif scope["type"] == "http":
            self.in_flight += 1
            try:
                await self.http(scope, receive, send)
            finally:
                self.in_flight -= 1
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = _header(scope, b"host")
        if edge.waits(method=scope["method"], host=host, path=scope["path"], query=scope["query_string"]):
            await self._at_edge(scope, receive, send)
            return
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as body:
            try:
                size = await _receive_body(scope, receive, body)
            except _Gone:
                return
            except TimeoutError:
                await _refuse(send, 408, "The request did not arrive whole. 요청이 끝까지 도착하지 않았습니다.")
                return
            except OSError as error:
                logger.exception(
                    "a request cannot be kept in the folder for temporary files",
                    extra={"folder": tempfile.gettempdir(), "reason": error.strerror},
                )
                await _refuse(
                    send,
                    503,
                    "Nothing was saved. Please try again later. 저장하지 못했습니다. 잠시 후 다시 시도해 주세요.",
                )
                return
            if size is None:
                await _refuse(send, 413, "The request is too large. 요청이 너무 큽니다.")
                return
            body.seek(0)
            if not self.doorman.watches(method=scope["method"], path=scope["path"]):
                await self._in_thread(scope, size, body, send)
                return
            try:
                async with self.doorman.let_in(host):
                    await self._in_thread(scope, size, body, send)
            except SentAway:
                await _send_away(send)

    async def _at_edge(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()

        async def count(message: Message) -> None:
            if "status" in message:
                route, seconds = edge.route_of(scope["path"]), time.perf_counter() - begun
                metrics.observe(method=scope["method"], route=route, status=message["status"], seconds=seconds)
            await send(message)

        try:
            await self.edge(scope, receive, count)
        except EdgeFailed:
            await edge.stranded(scope, receive, count)

    async def _in_thread(self, scope: Scope, size: int, body: IO[bytes], send: Send) -> None:
        async with self.large if size > LARGE_BYTES else contextlib.nullcontext():
            await self.django(_for_django(scope, size), _replay(body), send)  # type: ignore[arg-type]  # ours are looser


class _Gone(Exception):
    """The client went away in the middle of the request."""


async def _receive_body(scope: Scope, receive: Receive, body: IO[bytes]) -> int | None:
    """Write the request's body to `body` and return its size; None if it is larger than we take.

    Raise _Gone if not all of it came: half a form must not be taken for a whole one; TimeoutError if nothing more does.
    """
    limit = settings.MAX_REQUEST_BYTES
    declared = _header(scope, b"content-length")
    if declared.isdecimal() and int(declared) > limit:
        return None
    size, more = 0, True
    while more:
        async with asyncio.timeout(SILENCE_SECONDS):
            message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        body.write(chunk)
        more = message.get("more_body", False)
    if declared.isdecimal() and size != int(declared):
        raise _Gone
    return size


def _replay(body: IO[bytes]) -> Receive:
    async def receive() -> Message:
        chunk = body.read(SPOOL_BYTES)
        return {"type": "http.request", "body": chunk, "more_body": len(chunk) == SPOOL_BYTES}

    return receive


def _for_django(scope: Scope, size: int) -> Scope:
    """Return the scope as WSGI can carry it.

    A name with an underscore would pass for the same name with a dash, so that anybody could speak for the proxy.
    """
    dropped = {b"content-length", b"transfer-encoding"}
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name and name.lower() not in dropped]
    if size or scope["method"] in {"POST", "PUT", "PATCH"}:
        headers.append((b"content-length", str(size).encode()))
    query = quote_from_bytes(scope["query_string"], safe=_PRINTABLE).encode()
    return {**scope, "headers": headers, "query_string": query}


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted), "")


async def _refuse(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


_BUSY_PAGE = """<!doctype html><html lang="ko"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>잠시 후 다시 시도해 주세요</title>
<h1>지금은 로그인하려는 사람이 많습니다</h1><p>입력하신 내용은 처리되지 않았습니다. 잠시 후 다시 시도해 주세요.</p>
<p lang="en">Many people are logging in right now. Nothing was done. Please try again in a moment.</p>
<p><a href="/login/">로그인 페이지로 · Back to the log-in page</a></p></html>
"""


async def _send_away(send: Send) -> None:
    """Answer without Django, in both languages: this has to be cheap when there is no end of them."""
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"retry-after", b"5"),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _BUSY_PAGE.encode()})


application = Split(worker=False)
