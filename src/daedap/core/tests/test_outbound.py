"""The guarded client against a server of our own on loopback, and the addresses it must not touch."""

import asyncio
import datetime
import gc
import ipaddress
import logging
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from daedap.core.outbound import (
    BODY_LIMIT,
    Concurrency,
    Kind,
    OutboundClient,
    OutboundError,
    OutboundPolicy,
    PinnedBackend,
    UrlRefused,
    add_params,
    check_reachable,
    check_url,
    is_public,
    resolve_public,
)

PUBLIC = OutboundPolicy()
DEVELOPMENT = OutboundPolicy(allow_private=True, allow_http=True)
PUBLIC_ADDRESS = "93.184.215.14"
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"login":"true"}'


class StandIn:
    """An integrator's server: answers by path, remembers the heads of the requests it got."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.server_names: list[str | None] = []
        self.port = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            path = head.split(b" ")[1].split(b"?")[0].decode()
            answering = asyncio.create_task(getattr(self, "answer_" + path.strip("/"))(writer))
            await reader.read(1)  # until the caller hangs up
            answering.cancel()
            await asyncio.wait([answering])
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def left(self) -> int:
        """How many connections are still open once the closed ones have been noticed."""
        for _ in range(40):
            if self.open:
                await asyncio.sleep(0.02)
        return self.open

    async def answer_ok(self, writer):
        writer.write(OK)

    async def answer_cookie(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\n{}")

    async def answer_redirect(self, writer):
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 4\r\n\r\nmove")

    async def answer_error(self, writer):
        writer.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 66560\r\n\r\n" + b"x" * 66560)

    async def answer_hang(self, writer):
        await asyncio.sleep(30)

    async def answer_limit(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BODY_LIMIT + b"x" * BODY_LIMIT)

    async def answer_large(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 66560\r\n\r\n" + b"x" * 66560)

    async def answer_endless(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    async def answer_drip(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def answer_garbage(self, writer):
        writer.write(b"\x00\xff SSH-2.0 hello\r\n\r\n")

    async def answer_headers(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 300_000)

    async def answer_cut(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        writer.close()

    async def answer_silence(self, writer):
        writer.close()


@asynccontextmanager
async def stand_in(ssl_context: ssl.SSLContext | None = None):
    site = StandIn()
    if ssl_context is not None:
        ssl_context.sni_callback = lambda _socket, name, _context: site.server_names.append(name)
    server = await asyncio.start_server(site._serve, "127.0.0.1", 0, ssl=ssl_context)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()


class Detour(httpcore.AsyncNetworkBackend):
    """Notes where a connection was opened to and leads it to the stand-in instead."""

    def __init__(self, port: int = 0, unreachable: Sequence[str] = ()) -> None:
        self.opened: list[tuple[str, int]] = []
        self._port = port
        self._unreachable = unreachable
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.opened.append((host, port))
        if host in self._unreachable:
            raise httpcore.ConnectError
        return await self._real.connect_tcp("127.0.0.1", self._port, timeout)


class Names:
    """A resolver with given answers, one after the other; counts how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def call(path: str, *, params: Sequence[tuple[str, str]] = (), times: int = 1, total_seconds: float = 5.0):
    """Call the stand-in; return the last answer or the kind of error, what the site saw and the open connections."""

    async def run():
        async with stand_in() as site:
            client = OutboundClient(DEVELOPMENT, total_seconds=total_seconds)
            try:
                for _ in range(times):
                    result = await client.get(f"http://127.0.0.1:{site.port}{path}", params)
            except OutboundError as error:
                result = error.kind
            return result, site, await site.left()

    return asyncio.run(run())


def kind_of(awaitable: Callable[[], Awaitable[object]]) -> Kind:
    async def run():
        await awaitable()

    with pytest.raises(OutboundError) as caught:
        asyncio.run(run())
    return caught.value.kind


# --- calls ------------------------------------------------------------------------------


def test_given_answer_when_called_then_status_and_body_and_only_our_headers(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    result, site, _left = call("/ok?fixed=1", params=[("usercode", "회원&1"), ("token", "a+b/c=")])
    assert (result.status, result.body) == (200, b'{"login":"true"}')
    lines = site.requests[0].decode().split("\r\n")
    assert lines[0] == "GET /ok?fixed=1&usercode=%ED%9A%8C%EC%9B%90%261&token=a%2Bb%2Fc%3D HTTP/1.1"
    assert lines[1:-2] == [
        f"Host: 127.0.0.1:{site.port}",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "User-Agent: Daedap",
        "Connection: close",
    ]


def test_given_cookie_in_the_answer_when_called_again_then_not_sent():
    _result, site, _left = call("/cookie", times=2)
    assert len(site.requests) == 2
    assert all(b"cookie:" not in head.lower() for head in site.requests)


def test_given_two_calls_when_made_in_a_row_then_a_connection_each_and_none_left():
    _result, site, left = call("/ok", times=2)
    assert (site.connections, left) == (2, 0)


def test_given_redirect_when_called_then_returned_and_never_followed_example_23():
    result, site, _left = call("/redirect")
    assert (result.status, result.body) == (302, b"")
    assert len(site.requests) == 1


def test_given_error_status_with_large_body_when_called_then_status_without_body_example_23():
    result, _site, _left = call("/error")
    assert (result.status, result.body) == (500, b"")


def test_given_no_answer_when_called_then_timeout_within_the_total_and_no_connection_left_example_24():
    started = time.monotonic()
    result, site, left = call("/hang", total_seconds=0.4)
    assert 0.3 < time.monotonic() - started < 2
    assert (result, left, len(site.requests)) == (Kind.TIMEOUT, 0, 1)


def test_given_slow_drip_when_called_then_the_total_counts_not_the_pause_example_24():
    started = time.monotonic()
    result, _site, left = call("/drip", total_seconds=0.4)
    assert 0.3 < time.monotonic() - started < 2
    assert (result, left) == (Kind.TIMEOUT, 0)


def test_given_default_limits_when_read_then_those_of_the_spec():
    client = OutboundClient(PUBLIC)
    assert client._connect_seconds == 2.0
    assert client._total_seconds == 5.0
    assert BODY_LIMIT == 65_536


@pytest.mark.parametrize("path", ["/large", "/endless"])
def test_given_body_over_64_kib_when_called_then_too_large_example_25(path):
    result, _site, left = call(path)
    assert (result, left) == (Kind.TOO_LARGE, 0)


def test_given_body_of_exactly_64_kib_when_called_then_read_example_25():
    result, _site, _left = call("/limit")
    assert result.body == b"x" * 65_536


@pytest.mark.parametrize("path", ["/garbage", "/headers", "/cut", "/silence"])
def test_given_answer_that_is_not_http_when_called_then_network(path):
    result, _site, left = call(path)
    assert (result, left) == (Kind.NETWORK, 0)


def test_given_nobody_listening_when_called_then_network():
    async def run():
        async with stand_in() as site:
            port = site.port
        client = OutboundClient(DEVELOPMENT)
        await client.get(f"http://127.0.0.1:{port}/ok")

    assert kind_of(run) is Kind.NETWORK


def test_given_plain_http_server_when_called_by_https_then_tls():
    async def talk(_reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run():
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        client = OutboundClient(DEVELOPMENT)
        try:
            await client.get(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/ok")
        finally:
            server.close()

    assert kind_of(run) is Kind.TLS


def test_given_server_silent_in_the_handshake_when_called_by_https_then_timeout():
    async def run():
        async with stand_in() as site:
            client = OutboundClient(DEVELOPMENT, connect_seconds=0.2)
            await client.get(f"https://127.0.0.1:{site.port}/ok")

    assert kind_of(run) is Kind.TIMEOUT


def test_given_any_log_level_when_called_then_no_parameter_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    call("/ok", params=[("usercode", "secret-user"), ("token", "secret-token")])
    call("/hang", params=[("token", "secret-token")], total_seconds=0.1)
    assert caplog.records
    assert "secret" not in caplog.text


def test_given_one_address_when_called_then_the_policy_decides():
    async def run():
        async with stand_in() as site:
            url = f"http://127.0.0.1:{site.port}/ok"
            assert (await OutboundClient(DEVELOPMENT).get(url)).status == 200
            with pytest.raises(OutboundError):
                await OutboundClient(PUBLIC).get(url)
            assert len(site.requests) == 1

    asyncio.run(run())


def test_given_many_hanging_calls_when_they_time_out_then_nothing_is_left():
    async def run():
        async with stand_in() as site:
            client = OutboundClient(DEVELOPMENT, total_seconds=0.5)
            url = f"http://127.0.0.1:{site.port}"
            calls = [client.get(f"{url}/hang") for _ in range(150)]
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(result) for result in results} == {OutboundError}
            assert {result.kind for result in results} == {Kind.TIMEOUT}
            assert await site.left() == 0
            assert (await client.get(f"{url}/ok")).status == 200

    asyncio.run(run())


def test_given_caller_that_goes_away_when_called_then_the_connection_is_closed():
    async def run():
        async with stand_in() as site:
            for url in (f"http://127.0.0.1:{site.port}/hang", f"https://127.0.0.1:{site.port}/hang"):
                task = asyncio.create_task(OutboundClient(DEVELOPMENT).get(url))
                await asyncio.sleep(0.1)
                assert site.open == 1
                task.cancel()
                await asyncio.wait([task])
                assert await site.left() == 0

    asyncio.run(run())


# --- addresses ------------------------------------------------------------------------------

FORBIDDEN = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.5",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.5",
    "::ffff:93.184.215.14",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.5",
    "64:ff9b::5db8:d70e",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:0a00:5::1",
    "2002:5db8:d70e::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PERMITTED = [PUBLIC_ADDRESS, "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111"]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_given_address_that_is_not_public_when_judged_then_refused_everywhere_example_26(text):
    assert not is_public(ipaddress.ip_address(text))
    names, detour = Names([text]), Detour()

    async def run():
        client = OutboundClient(PUBLIC, resolver=names, inner=detour)
        await client.get("https://shop.example/verify")

    assert kind_of(run) is Kind.BLOCKED_ADDRESS
    assert (names.asked, detour.opened) == ([("shop.example", 443)], [])
    with pytest.raises(UrlRefused) as caught:
        check_reachable("https://shop.example/verify", PUBLIC, resolver=Names([text]))
    assert caught.value.code == "blocked_address"
    host = f"[{text.replace('%', '%25')}]" if ":" in text else text
    with pytest.raises(UrlRefused) as caught:
        check_url(f"https://{host}/verify", PUBLIC)
    assert caught.value.code == "blocked_address"


@pytest.mark.parametrize("text", PERMITTED)
def test_given_public_address_when_judged_then_permitted(text):
    assert is_public(ipaddress.ip_address(text))
    found = asyncio.run(resolve_public("shop.example", 443, PUBLIC, resolver=Names([text])))
    assert found == (ipaddress.ip_address(text),)
    check_reachable("https://shop.example/verify", PUBLIC, resolver=Names([text]))


@pytest.mark.parametrize("answers", [[PUBLIC_ADDRESS, "127.0.0.1"], ["::1", "2606:4700::1111"]])
def test_given_one_private_address_among_public_ones_when_resolved_then_refused(answers):
    assert kind_of(lambda: resolve_public("a.example", 443, PUBLIC, resolver=Names(answers))) is Kind.BLOCKED_ADDRESS


def test_given_localhost_by_the_system_resolver_when_called_then_blocked():
    assert kind_of(lambda: OutboundClient(PUBLIC).get("https://localhost/ok")) is Kind.BLOCKED_ADDRESS
    assert kind_of(lambda: OutboundClient(PUBLIC).get("https://shop.localhost:8443/ok")) is Kind.BLOCKED_ADDRESS


@pytest.mark.parametrize("host", ["2130706433", "017700000001", "0x7f000001", "127.1", "0177.0.0.1", "0x7f.0.0.1"])
def test_given_number_that_the_system_reads_as_loopback_when_connected_then_blocked(host):
    detour = Detour()
    backend = PinnedBackend(PUBLIC, inner=detour)
    assert kind_of(lambda: backend.connect_tcp(host, 443, 2.0)) is Kind.BLOCKED_ADDRESS
    assert detour.opened == []


def test_given_address_that_changes_when_called_then_the_checked_one_is_connected():
    names = Names([PUBLIC_ADDRESS], ["127.0.0.1"])

    async def run():
        async with stand_in() as site:
            detour = Detour(site.port)
            client = OutboundClient(OutboundPolicy(allow_http=True), resolver=names, inner=detour)
            answer = await client.get("http://shop.example:8080/ok")
            return answer, detour, site

    answer, detour, site = asyncio.run(run())
    assert answer.status == 200
    assert detour.opened == [(PUBLIC_ADDRESS, 8080)]
    assert names.asked == [("shop.example", 8080)]
    assert b"\r\nHost: shop.example:8080\r\n" in site.requests[0]


def test_given_public_at_every_other_lookup_when_called_again_then_only_checked_addresses_are_connected():
    names, detour = Names([PUBLIC_ADDRESS], ["10.0.0.5"], [PUBLIC_ADDRESS, "::ffff:127.0.0.1"], ["::1"]), Detour()
    client = OutboundClient(PUBLIC, resolver=names, inner=detour)
    kinds = [kind_of(lambda: client.get("https://shop.example:8443/")) for _ in range(4)]
    assert kinds == [Kind.NETWORK, *[Kind.BLOCKED_ADDRESS] * 3]
    assert (detour.opened, len(names.asked)) == ([(PUBLIC_ADDRESS, 8443)], 4)


def test_given_public_at_save_and_private_at_call_when_called_then_no_connection_example_27():
    names, detour = Names([PUBLIC_ADDRESS], ["10.0.0.5"]), Detour()
    check_reachable("https://shop.example/verify", PUBLIC, resolver=names)
    client = OutboundClient(PUBLIC, resolver=names, inner=detour)
    assert kind_of(lambda: client.get("https://shop.example/verify")) is Kind.BLOCKED_ADDRESS
    assert detour.opened == []


def test_given_first_address_unreachable_when_called_then_the_next_is_tried():
    async def run():
        async with stand_in() as site:
            detour = Detour(site.port, unreachable=["2606:4700::1111"])
            names = Names(["2606:4700::1111", PUBLIC_ADDRESS])
            client = OutboundClient(OutboundPolicy(allow_http=True), resolver=names, inner=detour)
            answer = await client.get("http://shop.example:8080/ok")
            return answer, detour

    answer, detour = asyncio.run(run())
    assert answer.status == 200
    assert detour.opened == [("2606:4700::1111", 8080), (PUBLIC_ADDRESS, 8080)]


def test_given_development_switch_when_judged_then_private_but_never_multicast():
    for text in ("127.0.0.1", "10.0.0.5", "::1"):
        assert asyncio.run(resolve_public("a", 80, DEVELOPMENT, resolver=Names([text])))
    for text in ("224.0.0.1", "0.0.0.0", "::", "ff02::1"):
        resolver = Names([text])
        assert kind_of(lambda r=resolver: resolve_public("a", 80, DEVELOPMENT, resolver=r)) is Kind.BLOCKED_ADDRESS


INSIDE = OutboundPolicy(networks=(ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd12:3456::/32")))


@pytest.mark.parametrize("text", ["10.20.0.7", "10.20.255.255", "fd12:3456::7", PUBLIC_ADDRESS])
def test_given_networks_allowed_by_the_operator_when_judged_then_these_are_permitted(text):
    assert asyncio.run(resolve_public("a", 443, INSIDE, resolver=Names([text])))
    check_url(f"https://[{text}]/verify" if ":" in text else f"https://{text}/verify", INSIDE)


@pytest.mark.parametrize(
    "texts", [*([text] for text in FORBIDDEN), ["10.21.0.1"], ["::ffff:10.20.0.7"], ["10.20.0.7", "10.0.0.5"]]
)
def test_given_networks_allowed_by_the_operator_when_judged_then_these_and_nothing_beside_them(texts):
    names = Names(texts)
    assert kind_of(lambda: resolve_public("a", 443, INSIDE, resolver=names)) is Kind.BLOCKED_ADDRESS
    with pytest.raises(UrlRefused):
        check_url("http://10.20.0.7/verify", INSIDE)


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_given_the_whole_internet_allowed_when_judged_then_multicast_and_unspecified_are_not(network):
    policy = OutboundPolicy(networks=(ipaddress.ip_network(network),))
    for text in ("224.0.0.1", "0.0.0.0", "::", "ff02::1"):
        resolver = Names([text])
        assert kind_of(lambda r=resolver: resolve_public("a", 443, policy, resolver=r)) is Kind.BLOCKED_ADDRESS


def test_given_name_without_address_when_called_then_network_and_refused_at_save():
    def unknown(host, port):
        raise OSError("unknown name")

    assert kind_of(lambda: OutboundClient(PUBLIC, resolver=unknown).get("https://a.example/")) is Kind.NETWORK
    with pytest.raises(UrlRefused) as caught:
        check_reachable("https://a.example/", PUBLIC, resolver=unknown)
    assert caught.value.code == "unresolved"
    assert kind_of(lambda: resolve_public("a.example", 443, PUBLIC, resolver=Names([]))) is Kind.NETWORK


def test_given_name_server_that_hangs_when_many_wait_then_all_time_out_and_one_thread_is_held():
    release, asked = threading.Event(), []

    def hanging(host, port):
        asked.append(host)
        release.wait(10)
        return [PUBLIC_ADDRESS]

    async def run():
        client = OutboundClient(PUBLIC, resolver=hanging, connect_seconds=0.3)
        calls = [client.get("https://slow.example/") for _ in range(50)]
        return await asyncio.gather(*calls, return_exceptions=True)

    started = time.monotonic()
    results = asyncio.run(run())
    release.set()
    assert time.monotonic() - started < 2
    assert {result.kind for result in results} == {Kind.TIMEOUT}
    assert asked == ["slow.example"]


# --- TLS ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A server context for shop.example and the client context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=signed.public_bytes(serialization.Encoding.PEM).decode())


def call_tls(certificate, host: str, *, trusted: bool):
    server, trusting = certificate

    async def run():
        async with stand_in(server) as site:
            client = OutboundClient(
                PUBLIC,
                resolver=Names([PUBLIC_ADDRESS]),
                inner=Detour(site.port),
                ssl_context=trusting if trusted else None,
            )
            try:
                result = await client.get(f"https://{host}/ok")
            except OutboundError as error:
                result = error.kind
            return result, site

    return asyncio.run(run())


def test_given_pinned_address_when_called_by_https_then_name_goes_into_sni_host_and_certificate_check(certificate):
    result, site = call_tls(certificate, "shop.example", trusted=True)
    assert (result.status, site.server_names) == (200, ["shop.example"])
    assert b"\r\nHost: shop.example\r\n" in site.requests[0]


@pytest.mark.parametrize(("host", "trusted"), [("other.example", True), ("shop.example", False)])
def test_given_wrong_or_untrusted_certificate_when_called_then_tls_and_nothing_sent(certificate, host, trusted):
    result, site = call_tls(certificate, host, trusted=trusted)
    assert (result, site.requests) == (Kind.TLS, [])


# --- the written form ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example:443/verify?a=b&c=%20",
        "HTTPS://Shop.Example:8443/verify",
        "https://쇼핑몰.example/확인",
        "https://my_shop.example:1024/",
        "https://shop.example:65535/",
        "https://1.1.1.1/verify",
        "https://[2606:4700::1111]:8443/verify",
        "https://shop.example/" + "a" * 1979,
        "https://shop.example/?next=usercode&Token=1",
        "https://shop.example/a@b",
    ],
)
def test_given_good_address_when_checked_then_accepted(url):
    check_url(url, PUBLIC, ("usercode", "token"))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "scheme"),
        ("shop.example/verify", "scheme"),
        ("//shop.example/verify", "scheme"),
        ("http://shop.example/verify", "scheme"),
        ("ftp://shop.example/", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("https:shop.example", "scheme"),
        ("https://", "host"),
        ("https:///verify", "host"),
        ("https://?a=b", "host"),
        ("https://shop..example/", "host"),
        ("https://.example/", "host"),
        ("https://shop.example:port/", "host"),
        ("https://[::1/", "host"),
        ("https://127.0.0.%31/", "host"),
        ("https://１２７.０.０.１/", "host"),
        ("https://①②⑦.⓪.⓪.①/", "host"),
        ("https://127。0。0。1/", "blocked_address"),
        ("https://0/", "host"),
        ("https://00000177.1/", "host"),
        ("https://0x7f.0x0.0x0.0x1/", "host"),
        ("https://3232235521/", "host"),
        ("https://[::1]]/", "host"),
        ("https://[v1.a]/", "host"),
        ("https://[127.0.0.1]/", "host"),
        ("https://shop.example%00.internal/", "host"),
        ("https://shop.example%2f@127.0.0.1/", "userinfo"),
        ("https://%75ser@shop.example/", "userinfo"),
        ("https://shop.example:443:80/", "host"),
        ("https://shop.example:+443/", "port"),
        ("https://shop.example:٤٤٣/", "port"),
        ("https://shop.example:-1/", "port"),
        ("https://2130706433/", "host"),
        ("https://017700000001/", "host"),
        ("https://0x7f000001/", "host"),
        ("https://127.1/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://0x7f.0.0.1/", "host"),
        ("https://127.0.0.1./", "host"),
        ("https://shop.0x7f/", "host"),
        ("https://user@shop.example/", "userinfo"),
        ("https://user:pass@shop.example/", "userinfo"),
        ("https://@shop.example/", "userinfo"),
        ("https://shop.example:443@127.0.0.1/", "userinfo"),
        ("https://shop.example/#", "fragment"),
        ("https://shop.example/#top", "fragment"),
        ("https://shop.example\\@127.0.0.1/", "characters"),
        ("https://shop.example/a b", "characters"),
        (" https://shop.example/", "characters"),
        ("https://shop.example/\r\nX: y", "characters"),
        ("https://shop.example/\x00", "characters"),
        ("https://shop.example:80/", "port"),
        ("https://shop.example:0/", "port"),
        ("https://shop.example:22/", "port"),
        ("https://shop.example:1023/", "port"),
        ("https://shop.example:65536/", "port"),
        ("https://shop.example/?usercode=x", "parameter"),
        ("https://shop.example/?a=b&tok%65n", "parameter"),
        ("https://shop.example/" + "a" * 1980, "too_long"),
    ],
)
def test_given_bad_address_when_checked_then_refused_and_never_called(url, code):
    with pytest.raises(UrlRefused) as caught:
        check_url(url, PUBLIC, ("usercode", "token"))
    assert caught.value.code == code
    names, detour = Names([PUBLIC_ADDRESS]), Detour()
    client = OutboundClient(PUBLIC, resolver=names, inner=detour)
    assert kind_of(lambda: client.get(url, [("usercode", "u"), ("token", "t")])) is Kind.BLOCKED_ADDRESS
    assert (names.asked, detour.opened) == ([], [])


def test_given_development_switch_when_checked_then_plain_http_on_loopback():
    check_url("http://127.0.0.1:9000/verify", DEVELOPMENT)
    check_url("http://localhost/verify", DEVELOPMENT)
    with pytest.raises(UrlRefused):
        check_url("http://localhost:22/verify", DEVELOPMENT)


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://a/", "https://a/?t=%2B%20%EA%B0%80"),
        ("https://a/?x=1", "https://a/?x=1&t=%2B%20%EA%B0%80"),
        ("https://a/?", "https://a/?t=%2B%20%EA%B0%80"),
        ("https://a/?x&", "https://a/?x&t=%2B%20%EA%B0%80"),
    ],
)
def test_given_address_with_or_without_query_when_extended_then_joined(url, whole):
    assert add_params(url, [("t", "+ 가")]) == whole
    assert add_params(url, []) == url


# --- limits ------------------------------------------------------------------------------


def test_given_full_service_when_one_more_comes_then_busy_and_other_services_pass():
    async def run():
        places = Concurrency(limit=2, wait=0.1)
        leave = asyncio.Event()

        async def stay():
            async with places.slot("a"):
                await leave.wait()

        inside = [asyncio.create_task(stay()) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(OutboundError) as caught:
            async with places.slot("a"):
                pytest.fail("a third call got in")
        assert caught.value.kind is Kind.BUSY
        async with places.slot("b"):
            assert len(places) == 2
        leave.set()
        await asyncio.gather(*inside)
        assert len(places) == 0

    asyncio.run(run())


def test_given_place_that_gets_free_in_time_when_waited_for_then_served():
    async def run():
        places = Concurrency(limit=1, wait=1.0)
        order = []

        async def visit(name):
            async with places.slot("a"):
                order.append(name)
                await asyncio.sleep(0.05)

        await asyncio.gather(visit(1), visit(2), visit(3))
        assert (order, len(places)) == ([1, 2, 3], 0)

    asyncio.run(run())


def test_given_errors_and_cancellations_when_over_then_no_place_is_lost():
    async def run():
        places = Concurrency(limit=1, wait=1.0)

        async def fail():
            async with places.slot("a"):
                raise ValueError

        async def stay():
            async with places.slot("a"):
                await asyncio.sleep(10)

        with pytest.raises(ValueError):  # noqa: PT011
            await fail()
        tasks = [asyncio.create_task(stay()) for _ in range(3)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(places) == 0
        async with places.slot("a"):
            assert len(places) == 1
        gc.collect()

    asyncio.run(run())
