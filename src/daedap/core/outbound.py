"""The one HTTP client for addresses that tenants give us (spec 20 §2.1, §6.4, §6.6).

Our server fetches what an administrator typed, so the address must not lead into our own network. The defence sits
where the connection is made: the host is resolved once, every address it has must be public, and the socket is opened
to one of exactly these addresses, while Host, SNI and the certificate check keep the original name. There is no second
lookup that could give another answer. Checks of the written form (`check_url`) only explain mistakes earlier.

It stands on httpcore, the engine inside httpx: a client that has no redirects, cookies, proxies or environment cannot
be made to use them, and httpx logs whole addresses, which here contain tokens.
"""

import asyncio
import contextlib
import functools
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import anyio
import httpcore
import httpx
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 5.0
BODY_LIMIT = 64 * 1024
URL_LIMIT = 2000

type_of_address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
"""Looks a name up, blocking, and returns its addresses as text; raises OSError if it has none."""


class Kind(StrEnum):
    """Why a call gave no answer."""

    BLOCKED_ADDRESS = "blocked_address"
    TIMEOUT = "timeout"
    NETWORK = "network"
    TLS = "tls"
    TOO_LARGE = "too_large"
    BUSY = "busy"


class OutboundError(Exception):
    """The call gave no answer, for `kind`. The text never holds the address, which may contain a token."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind.value)
        self.kind = kind


class UrlRefused(ValueError):
    """An address may not be stored or called; `str()` gives a translated sentence for the form field."""

    def __init__(self, code: str, message: str | Promise, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.template = message
        self.params = params

    def __str__(self) -> str:
        text = str(self.template)
        return text % self.params if self.params else text


type_of_network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class OutboundPolicy:
    """What the operator of the installation permits beyond public https.

    The two switches are meant for development; `networks` are internal ranges that integrators of this installation
    may live in. Never to be set by a tenant.
    """

    allow_private: bool = False
    allow_http: bool = False
    networks: tuple[type_of_network, ...] = ()


@dataclass(frozen=True, repr=False)
class OutboundResponse:
    """An answer as received. The body is read only for 2xx and is empty otherwise; a 3xx is not followed."""

    status: int
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()

    def header(self, name: str) -> str:
        """Return a header, "" if it is not there; one that came more than once is joined with a comma."""
        wanted = name.lower().encode("ascii")
        return ", ".join(value.decode("latin-1").strip() for key, value in self.headers if key.lower() == wanted)


# --- addresses -------------------------------------------------------------------------------------------------

_IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that is assigned for the public internet lies in here
_REFUSED_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",
    )
)


def is_public(address: type_of_address) -> bool:
    """Say whether an address is on the public internet and carries no other address inside (spec 20 §6.6).

    Of IPv6 only global unicast can be: that alone refuses mapped (`::ffff:…`), NAT64 (`64:ff9b::…`), link-local,
    unique-local and multicast forms.
    """
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address not in _IPV6_UNICAST):
        return False
    return address.is_global and not any(address in network for network in _REFUSED_NETWORKS)


def _is_permitted(address: type_of_address, policy: OutboundPolicy) -> bool:
    if policy.allow_private or any(address in network for network in policy.networks):
        return not (address.is_multicast or address.is_unspecified)
    return is_public(address)


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(sockaddr[0]) for *_rest, sockaddr in found]


class _Lookups:
    """Runs blocking lookups in threads of their own, one per name at a time.

    A lookup cannot be interrupted. Sharing it means that a name whose server hangs holds one thread, however many
    visitors wait for it, and each waiter gives up on time.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._running: dict[tuple[str, int], Future[Sequence[str]]] = {}
        self._lock = threading.RLock()  # a lookup that is done at once is forgotten inside find()

    async def find(self, host: str, port: int) -> Sequence[str]:
        key = (host, port)
        with self._lock:
            future = self._running.get(key)
            if future is None:
                future = _dns_threads.submit(self._resolver, host, port)
                self._running[key] = future
                future.add_done_callback(lambda _done: self._forget(key))
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def wake(_future: Future[Sequence[str]]) -> None:
            with contextlib.suppress(RuntimeError):  # the waiter gave up long ago and its loop is closed
                loop.call_soon_threadsafe(done.set)

        future.add_done_callback(wake)
        await done.wait()
        return future.result()

    def _forget(self, key: tuple[str, int]) -> None:
        with self._lock:
            self._running.pop(key, None)


_dns_threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="outbound-dns")
_system_lookups = _Lookups(system_resolver)


async def resolve_public(
    host: str,
    port: int,
    policy: OutboundPolicy,
    *,
    resolver: Resolver | None = None,
    timeout_seconds: float = CONNECT_SECONDS,
) -> tuple[type_of_address, ...]:
    """Return the addresses of a host, all of them permitted; raise OutboundError otherwise.

    One forbidden address among several refuses the host: it would be a matter of luck which one is used.
    """
    return await _resolve(host, port, policy, _Lookups(resolver) if resolver else _system_lookups, timeout_seconds)


async def _resolve(
    host: str, port: int, policy: OutboundPolicy, lookups: _Lookups, timeout_seconds: float
) -> tuple[type_of_address, ...]:
    addresses = _literal(host)
    if addresses is None:
        try:
            async with asyncio.timeout(timeout_seconds):
                texts = await lookups.find(host, port)
        except TimeoutError:
            raise OutboundError(Kind.TIMEOUT) from None
        except (OSError, UnicodeError):
            raise OutboundError(Kind.NETWORK) from None
        addresses = tuple(ipaddress.ip_address(text) for text in dict.fromkeys(texts))
    if not addresses:
        raise OutboundError(Kind.NETWORK)
    if not all(_is_permitted(address, policy) for address in addresses):
        raise OutboundError(Kind.BLOCKED_ADDRESS)
    return addresses


def _literal(host: str) -> tuple[type_of_address, ...] | None:
    """Return the address a host name spells out, or None. `*.localhost` is this machine and in no DNS (RFC 6761)."""
    if host.lower().rstrip(".").endswith(".localhost"):
        return (ipaddress.IPv4Address("127.0.0.1"),)
    try:
        return (ipaddress.ip_address(host),)
    except ValueError:
        return None


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Opens sockets for httpcore, only to addresses that it has looked up and checked itself."""

    def __init__(
        self,
        policy: OutboundPolicy,
        *,
        lookups: _Lookups | None = None,
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._policy = policy
        self._lookups = lookups or _system_lookups
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
        addresses = await _resolve(host, port, self._policy, self._lookups, seconds)
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


# --- the written form ------------------------------------------------------------------------------------------

_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?")
_PORT = re.compile(r"[0-9]{0,5}")
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")


def check_url(url: str, policy: OutboundPolicy, forbidden_params: Collection[str] = ()) -> None:
    """Raise UrlRefused unless the address has the form of spec 20 §2.1; looks nothing up.

    `forbidden_params` names query parameters that we append ourselves.
    """
    if len(url) > URL_LIMIT:
        raise UrlRefused("too_long", _("The address may be at most %(limit)s characters long."), limit=f"{URL_LIMIT:,}")
    if _UNPRINTABLE.search(url):
        raise UrlRefused("characters", _("The address must not contain spaces, backslashes or control characters."))
    parsed = _parse(url, policy)
    if "@" in urlsplit(url).netloc:
        raise UrlRefused("userinfo", _("The address must not contain a user name or a password."))
    if "#" in url:
        raise UrlRefused("fragment", _("The address must not contain a fragment (#)."))
    _check_host(parsed.raw_host.decode("ascii"), policy)
    _check_port(parsed)
    for name, _value in parse_qsl(parsed.query.decode("ascii"), keep_blank_values=True):
        if name in forbidden_params:
            raise UrlRefused("parameter", _("The address must not already contain the parameter %(name)s."), name=name)


def _parse(url: str, policy: OutboundPolicy) -> httpx.URL:
    schemes = ("https", "http") if policy.allow_http else ("https",)
    if not url.lower().startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise UrlRefused("scheme", _("Enter a full address that begins with https://."))
    try:
        parsed = httpx.URL(url)
        netloc = urlsplit(url).netloc
    except (httpx.InvalidURL, ValueError):
        raise UrlRefused("host", _("Enter an address with a valid host name.")) from None
    # int() would also take "+443" and digits of other scripts
    if not _PORT.fullmatch(netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]):
        raise UrlRefused("port", _("Use port 443 or a port from 1024 to 65535."))
    return parsed


def _check_host(host: str, policy: OutboundPolicy) -> None:
    literal = _literal(host)
    if literal is not None:
        if not _is_permitted(literal[0], policy):
            raise UrlRefused("blocked_address", _("This address does not lead to a public server."))
    elif _HOST.fullmatch(host) is None or _NUMERIC_END.fullmatch(host):  # 2130706433, 0x7f.1, 0177.0.0.1
        raise UrlRefused("host", _("Enter an address with a valid host name."))


def _check_port(parsed: httpx.URL) -> None:
    usual = 80 if parsed.scheme == "http" else 443
    port = usual if parsed.port is None else parsed.port
    if port != usual and not 1024 <= port <= 65535:
        raise UrlRefused("port", _("Use port 443 or a port from 1024 to 65535."))


def check_reachable(url: str, policy: OutboundPolicy, *, resolver: Resolver | None = None) -> None:
    """Raise UrlRefused unless the host of a well-formed address resolves to permitted addresses only.

    For forms, at save: blocks up to two seconds and must not be called inside an event loop.
    """
    parsed = httpx.URL(url)
    try:
        asyncio.run(resolve_public(parsed.raw_host.decode("ascii"), parsed.port or 443, policy, resolver=resolver))
    except OutboundError as error:
        if error.kind is Kind.BLOCKED_ADDRESS:
            raise UrlRefused("blocked_address", _("This address does not lead to a public server.")) from None
        raise UrlRefused("unresolved", _("The host name of this address could not be found.")) from None


def add_params(url: str, params: Sequence[tuple[str, str]]) -> str:
    """Append parameters, percent-encoded as UTF-8, keeping the query that is there (spec 20 §6.4)."""
    if not params:
        return url
    joint = "?" if "?" not in url else "" if url.endswith(("?", "&")) else "&"
    return f"{url}{joint}{urlencode(params, quote_via=quote, safe='')}"


# --- calls -------------------------------------------------------------------------------------------------------


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
        self._lookups = _Lookups(resolver) if resolver else _system_lookups
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


async def get(url: str, params: Sequence[tuple[str, str]], policy: OutboundPolicy) -> OutboundResponse:
    """Call a tenant's address; see `OutboundClient.get`."""
    return await OutboundClient(policy).get(url, params)


# --- limits --------------------------------------------------------------------------------------------------------


class _Gate:
    def __init__(self, limit: int) -> None:
        self.free = asyncio.Semaphore(limit)
        self.visitors = 0


class Concurrency:
    """Lets at most `limit` calls per key run at once; one more waits up to `wait` seconds, then gets `busy`.

    Keys without visitors take no memory. For one event loop.
    """

    def __init__(self, limit: int = 20, wait: float = 1.0) -> None:
        self._limit = limit
        self._wait = wait
        self._gates: dict[Hashable, _Gate] = {}

    def __len__(self) -> int:
        return len(self._gates)

    @contextlib.asynccontextmanager
    async def slot(self, key: Hashable) -> AsyncIterator[None]:
        """Hold one of the key's places for the length of the block; raise OutboundError(`busy`) if none gets free."""
        gate = self._gates.setdefault(key, _Gate(self._limit))
        gate.visitors += 1
        try:
            try:
                async with asyncio.timeout(self._wait):
                    await gate.free.acquire()
            except TimeoutError:
                raise OutboundError(Kind.BUSY) from None
            try:
                yield
            finally:
                gate.free.release()
        finally:
            gate.visitors -= 1
            if not gate.visitors:
                del self._gates[key]
