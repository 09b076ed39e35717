"""Calls to checked addresses only.

They stand on httpcore, the engine inside httpx: a client that has no redirects, cookies, proxies or environment cannot
be made to use them, and httpx logs whole addresses, which here contain tokens.
"""

import asyncio
import functools
import ssl
from collections.abc import Iterable, Sequence

import anyio
import httpcore
import httpx

from daedap.core.outbound.addresses import CONNECT_SECONDS, Lookups, OutboundPolicy, Resolver, resolve, system_lookups
from daedap.core.outbound.outcomes import BODY_LIMIT, Kind, OutboundError, OutboundResponse
from daedap.core.outbound.urls import UrlRefused, add_params, check_url

TOTAL_SECONDS = 5.0


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Opens sockets for httpcore, only to addresses that it has looked up and checked itself."""

    def __init__(
        self,
        policy: OutboundPolicy,
        *,
        lookups: Lookups | None = None,
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._policy = policy
        self._lookups = lookups or system_lookups
        self._inner = inner or httpcore.AnyIOBackend()
        self._opened: list[httpcore.AsyncNetworkStream] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check and connect within `timeout`, trying the host's addresses in turn."""
        loop = asyncio.get_running_loop()
        seconds = CONNECT_SECONDS if timeout is None else timeout
        deadline = loop.time() + seconds
        addresses = await resolve(host, port, self._policy, self._lookups, seconds)
        failure: Exception = httpcore.ConnectTimeout()
        for tried, address in enumerate(addresses):
            share = (deadline - loop.time()) / (len(addresses) - tried)
            if share <= 0:
                break
            try:
                stream = await self._inner.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self._opened.append(stream)
                return stream
        raise failure

    async def aclose(self) -> None:
        """Close the sockets, also those that httpcore lets go of when a call is cancelled in the TLS handshake."""
        with anyio.CancelScope(shield=True):
            while self._opened:
                await self._opened.pop().aclose()

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never: tenants cannot name files."""
        raise OutboundError(Kind.BLOCKED_ADDRESS)

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks for between tries."""
        await asyncio.sleep(seconds)


@functools.cache
def _trusted_authorities() -> ssl.SSLContext:
    """Certificates are always checked; `SSL_CERT_FILE` may name an installation's own authorities."""
    return httpx.create_ssl_context()


class OutboundClient:
    """Makes guarded calls under one policy; it holds no connection and may be used in any event loop.

    Each call opens a connection of its own and closes it. httpcore's pool was measured and turned down: 300 calls in
    flight cost it five seconds of processor time, where single connections need a fraction of one.
    """

    def __init__(
        self,
        policy: OutboundPolicy,
        *,
        resolver: Resolver | None = None,
        inner: httpcore.AsyncNetworkBackend | None = None,
        ssl_context: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._policy = policy
        self._lookups = Lookups(resolver) if resolver else system_lookups
        self._inner = inner
        self._ssl_context = ssl_context
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds

    async def get(self, url: str, params: Sequence[tuple[str, str]] = ()) -> OutboundResponse:
        """Call the address with the parameters appended; raise OutboundError if there is no answer in time.

        The address is judged anew on every call, so a stored one that no longer passes is `blocked_address`.
        """
        return await self.call("GET", url, params)

    async def call(
        self,
        method: str,
        url: str,
        params: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> OutboundResponse:
        """Do what `get` does, with another method or more headers; a header of ours with the same name is replaced."""
        try:
            check_url(url, self._policy, {name for name, _value in params})
        except UrlRefused:
            raise OutboundError(Kind.BLOCKED_ADDRESS) from None
        handshake = _Handshake()
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._fetch(method, httpx.URL(add_params(url, params)), headers, handshake)
        except (TimeoutError, httpcore.TimeoutException):
            raise OutboundError(Kind.TIMEOUT) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            raise OutboundError(Kind.TLS if handshake.failed else Kind.NETWORK) from None

    async def _fetch(
        self, method: str, url: httpx.URL, more: Sequence[tuple[str, str]], handshake: "_Handshake"
    ) -> OutboundResponse:
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        backend = PinnedBackend(self._policy, lookups=self._lookups, inner=self._inner)
        connection = httpcore.AsyncHTTPConnection(
            target.origin, ssl_context=self._ssl_context or _trusted_authorities(), network_backend=backend
        )
        headers = [
            (b"Host", url.netloc),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),  # so that the limit counts what we would have to hold
            (b"User-Agent", b"Daedap"),
            (b"Connection", b"close"),
        ]
        named = {name.lower().encode("ascii") for name, _value in more}
        headers = [(name, value) for name, value in headers if name.lower() not in named]
        headers += [(name.encode("ascii"), value.encode("ascii")) for name, value in more]
        timeouts = {"connect": self._connect_seconds, "read": self._total_seconds, "write": self._total_seconds}
        extensions = {"timeout": timeouts, "trace": handshake.watch}
        try:
            async with connection.stream(method, target, headers=headers, extensions=extensions) as response:
                body = await _read_body(response) if 200 <= response.status <= 299 else b""
                return OutboundResponse(status=response.status, body=body, headers=response.headers)
        finally:
            await backend.aclose()


async def _read_body(response: httpcore.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise OutboundError(Kind.TOO_LARGE)
    return bytes(body)


class _Handshake:
    """Notices whether a call broke in the TLS handshake, which httpcore reports as any failed connection."""

    failed = False

    async def watch(self, event: str, info: dict[str, object]) -> None:
        if event == "connection.start_tls.failed":
            self.failed = True
