"""Which addresses may be called, and which ones a name has."""

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from daedap.core.outbound.outcomes import Kind, OutboundError

CONNECT_SECONDS = 2.0

type_of_address = ipaddress.IPv4Address | ipaddress.IPv6Address
type_of_network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""Looks a name up, blocking, and returns its addresses as text; raises OSError if it has none."""


@dataclass(frozen=True)
class OutboundPolicy:
    """What the operator of the installation permits beyond public https.

    The two switches are meant for development; `networks` are internal ranges that integrators of this installation
    may live in. Never to be set by a tenant.
    """

    allow_private: bool = False
    allow_http: bool = False
    networks: tuple[type_of_network, ...] = ()


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


def is_permitted(address: type_of_address, policy: OutboundPolicy) -> bool:
    if policy.allow_private or any(address in network for network in policy.networks):
        return not (address.is_multicast or address.is_unspecified)
    return is_public(address)


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(sockaddr[0]) for *_rest, sockaddr in found]


class Lookups:
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
system_lookups = Lookups(system_resolver)


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
    return await resolve(host, port, policy, Lookups(resolver) if resolver else system_lookups, timeout_seconds)


async def resolve(
    host: str, port: int, policy: OutboundPolicy, lookups: Lookups, timeout_seconds: float
) -> tuple[type_of_address, ...]:
    addresses = literal_address(host)
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
    if not all(is_permitted(address, policy) for address in addresses):
        raise OutboundError(Kind.BLOCKED_ADDRESS)
    return addresses


def literal_address(host: str) -> tuple[type_of_address, ...] | None:
    """Return the address a host name spells out, or None. `*.localhost` is this machine and in no DNS (RFC 6761)."""
    if host.lower().rstrip(".").endswith(".localhost"):
        return (ipaddress.IPv4Address("127.0.0.1"),)
    try:
        return (ipaddress.ip_address(host),)
    except ValueError:
        return None
