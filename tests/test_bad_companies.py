"""Companies whose verification URL hangs, breaks off, talks nonsense or is slow, and the companies beside them."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import psutil
import pytest

from daedap.members.tokens import MemberClaims, sign
from tests.installation import PRIVATE_CALLBACKS, Installation, copy_of

pytestmark = [pytest.mark.server, pytest.mark.alone]

MANNERS = ("hang", "endless", "slow", "reset", "garbage", "good")  # who waits longest comes first
EACH = 25
"""Entries of each manner, all at once."""

MORE_DESCRIPTORS = 12
MORE_MEGABYTES = 60


class Company:
    """Answers as the usercode says: `hang-1` never, `good-1` at once."""

    def __init__(self) -> None:
        self.port = 0
        self.open = 0
        self.most_open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        answering: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            usercode = parse_qs(urlsplit(head.split(" ")[1]).query)["usercode"][0]
            answering = asyncio.create_task(getattr(self, usercode.partition("-")[0])(writer, usercode))
            await reader.read(1)  # until the caller hangs up
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            self.open -= 1
            writer.close()

    async def good(self, writer: asyncio.StreamWriter, usercode: str) -> None:
        body = json.dumps({"login": True, "usercode": usercode}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async def slow(self, writer: asyncio.StreamWriter, usercode: str) -> None:
        await asyncio.sleep(2)
        await self.good(writer, usercode)

    async def hang(self, writer: asyncio.StreamWriter, usercode: str) -> None:
        await asyncio.sleep(60)

    async def reset(self, writer: asyncio.StreamWriter, usercode: str) -> None:
        writer.transport.abort()

    async def garbage(self, writer: asyncio.StreamWriter, usercode: str) -> None:
        writer.write(b"\x00\xff not http at all\r\n\r\n" * 100)

    async def endless(self, writer: asyncio.StreamWriter, usercode: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10\r\n" + b" " * 16 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running(company: Company):
    server = await asyncio.start_server(company.serve, "127.0.0.1", 0, backlog=500)
    company.port = server.sockets[0].getsockname()[1]
    try:
        yield company
    finally:
        server.close()


class Town:
    """A server with two services: `bad` asks the rude company, `calm` a good one."""

    def __init__(self, installation: Installation, facts: dict[str, Any]) -> None:
        self.installation = installation
        self.host = urlsplit(installation.organization_url(facts["organization"]["domain"])).netloc
        self.key = facts["organization"]["key"]
        self.bad, self.calm = facts["service"]["id"], facts["post_service"]["id"]
        self.server = psutil.Process(installation.process.pid)

    def integrate(self, port: int) -> None:
        """Have both services ask the company on this port. Written straight into the database, as nothing else is."""
        changed = self.installation.ask(
            "UPDATE members_integrationsettings SET login_type = 'get', enabled = true, token_verification_url = %s"
            " RETURNING id",
            f"http://127.0.0.1:{port}/verify",
        )
        assert len(changed) == 2

    def link(self, service: str, usercode: str) -> str:
        now = str(time.time_ns() // 1_000_000)
        values = {"usercode": usercode, "email": "member@example.com", "time": now}
        token = sign(MemberClaims(service=service, **values), self.key)
        return f"/{service}/hc/?{urlencode(values | {'token': token}, quote_via=quote)}"

    def reasons(self) -> Counter[str]:
        return Counter(dict(self.installation.ask("SELECT reason, count(*) FROM members_loginevent GROUP BY reason")))

    def database_connections(self) -> int:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        return int(self.installation.ask(asked)[0][0])

    @property
    def processes(self) -> list[psutil.Process]:
        """The server, and the edge beside it, where visitors wait."""
        (edge,) = (each for each in self.server.children() if "daedap.config.edge_process" in each.cmdline())
        return [self.server, edge]

    def descriptors(self) -> int:
        return sum(process.num_fds() for process in self.processes)

    def threads(self) -> int:
        return sum(process.num_threads() for process in self.processes)

    def megabytes(self) -> float:
        return sum(process.memory_info().rss for process in self.processes) / 2**20


@pytest.fixture(scope="module")
def town(demo: tuple[Path, dict[str, Any]]) -> Iterator[Town]:
    home, facts = demo
    with copy_of(home, **PRIVATE_CALLBACKS) as installation:
        installation.serve()
        yield Town(installation, facts)


def client(town: Town) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    base, headers = f"http://127.0.0.1:{town.installation.port}", {"Host": town.host}
    return httpx.AsyncClient(  # without certificates: reading them takes longer than an entry
        base_url=base, headers=headers, timeout=30, trust_env=False, limits=limits, verify=False
    )


async def enter(town: Town, service: str, usercode: str) -> tuple[float, bool]:
    """Return how long an entry took and whether the visitor is a member."""
    async with client(town) as visitor:
        started = time.perf_counter()
        response = await visitor.get(town.link(service, usercode))
        assert response.status_code == 302, response.status_code
        return time.perf_counter() - started, "hcsid" in "".join(visitor.cookies)


async def calm_life(town: Town, seconds: float, name: str) -> tuple[list[float], list[float]]:
    """Open pages and enter at the calm service, one after the other; return how long each page and entry took."""
    pages, entries = [], []
    end = time.monotonic() + seconds
    async with client(town) as visitor:
        while time.monotonic() < end:
            started = time.perf_counter()
            response = await visitor.get(f"/{town.calm}/hc/")
            pages.append(time.perf_counter() - started)
            assert response.status_code == 200
            took, is_member = await enter(town, town.calm, f"good-{name}{len(entries)}")
            entries.append(took)
            assert is_member
    return pages, entries


def test_given_a_company_that_behaves_badly_when_a_crowd_enters_then_the_others_go_on_and_nothing_is_left(town):
    async def run() -> None:
        async with running(Company()) as company:
            town.integrate(company.port)
            await calm_life(town, 1, "warm")
            quiet_pages, quiet_entries = await calm_life(town, 2, "quiet")
            before = (town.descriptors(), town.threads(), town.database_connections(), town.megabytes())

            crowd = [enter(town, town.bad, f"{manner}-{number}") for manner in MANNERS for number in range(EACH)]
            started = time.perf_counter()
            (pages, entries), *entered = await asyncio.gather(calm_life(town, 6, "busy"), *crowd)
            assert time.perf_counter() - started < 15

            assert Counter(is_member for _took, is_member in entered) == {True: 2 * EACH, False: 4 * EACH}
            assert company.most_open > 2 * EACH  # they were asked at the same time
            reasons = town.reasons()
            assert reasons["verify_timeout"] == 2 * EACH
            assert reasons["verify_network"] == 2 * EACH
            assert statistics.median(pages) < 10 * statistics.median(quiet_pages) + 0.5
            assert statistics.median(entries) < 10 * statistics.median(quiet_entries) + 0.5
            assert max(entries) < max(took for took, is_member in entered if is_member)  # turns, and no one queue

            await nothing_left(town, company, before)
            after_pages, _entries = await calm_life(town, 1, "after")
            assert statistics.median(after_pages) < 5 * statistics.median(quiet_pages) + 0.2

    asyncio.run(run())


async def nothing_left(town: Town, company: Company, before: tuple[int, int, int, float]) -> None:
    """Wait until sockets, threads, database connections and memory are back where they were, more or less."""
    descriptors, threads, connections, megabytes = before

    def is_back() -> bool:
        return company.open == 0 and town.descriptors() <= descriptors + MORE_DESCRIPTORS

    end = time.monotonic() + 10
    while not is_back() and time.monotonic() < end:
        await asyncio.sleep(0.2)
    assert company.open == 0
    assert town.descriptors() <= descriptors + MORE_DESCRIPTORS
    assert town.threads() <= threads + 40  # pools of threads grow to their size and stay
    assert town.database_connections() <= connections + 16  # and so does the pool of connections
    assert town.megabytes() <= megabytes + MORE_MEGABYTES
