"""Waves of token entries while the company's verification URL takes its time: a process of its own.

It is the crowd and the company's verification URL. The ordinary visitors whose pages are timed are one more process,
since they would otherwise wait for the crowd's own work too. Standard library only.
`python -m benchmarks.crowd < plan.json > result.json`
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Coroutine
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.load import Answer, Connection

ANSWER_SECONDS = 30
WARM_UP = 1.0
PAUSE = 0.5
READERS = 2
VISITORS = "--visitors"


@dataclass(frozen=True)
class CrowdPlan:
    """Every wave is a list of addresses that are all asked for at once."""

    port: int
    host: str
    verification_port: int
    verification_seconds: float
    waves: list[list[str]]
    page: str
    page_text: str
    quiet_seconds: float


@dataclass
class CrowdResult:
    """Latencies in seconds, sorted: of the ordinary page in quiet times and during waves, and of the entries."""

    quiet: list[float] = field(default_factory=list)
    meanwhile: list[float] = field(default_factory=list)
    entries: list[float] = field(default_factory=list)
    waves: list[float] = field(default_factory=list)
    """How long each wave took until its last member was in."""
    peak: int = 0
    """How many calls waited at the verification URL at once, at most."""
    errors: dict[str, int] = field(default_factory=dict)


@dataclass
class _Seen:
    """What the ordinary visitors saw: when they asked (by the system's monotonic clock) and how long it took."""

    pages: list[tuple[float, float]] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)


class _Client:
    def __init__(self, plan: CrowdPlan) -> None:
        self.plan = plan
        self.errors: Counter[str] = Counter()

    async def _ask(self, connection: Connection, path: str) -> tuple[Answer | None, float]:
        request = f"GET {path} HTTP/1.1\r\nHost: {self.plan.host}\r\n\r\n".encode("ascii")
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.open()
                begun = time.perf_counter()
                answer = await connection.ask(request)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            self.errors[type(error).__name__] += 1
            await connection.close()
            return None, time.perf_counter() - begun
        return answer, time.perf_counter() - begun


class _Visitors(_Client):
    """Ask for the page again and again until standard input ends."""

    async def __call__(self) -> _Seen:
        seen = _Seen()
        readers = [asyncio.create_task(self._read(seen)) for _ in range(READERS)]
        await asyncio.to_thread(sys.stdin.read)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        seen.errors = dict(self.errors)
        return seen

    async def _read(self, seen: _Seen) -> None:
        connection = Connection(self.plan.port)
        while not self.errors:
            asked = time.monotonic()
            answer, seconds = await self._ask(connection, self.plan.page)
            seen.pages.append((asked, seconds))
            if answer is not None and (answer.status != 200 or self.plan.page_text.encode() not in answer.body):
                self.errors[f"page: status {answer.status}"] += 1
            await asyncio.sleep(0.02)  # people read; without a pause this would measure a full load instead


class _Crowd(_Client):
    def __init__(self, plan: CrowdPlan) -> None:
        super().__init__(plan)
        self.result = CrowdResult()
        self.waiting = 0

    async def __call__(self) -> CrowdResult:
        company = await asyncio.start_server(self._verify, "127.0.0.1", self.plan.verification_port, backlog=1024)
        visitors = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.crowd", VISITORS, stdin=PIPE, stdout=PIPE, limit=2**26
        )
        assert visitors.stdin is not None
        visitors.stdin.write(json.dumps(asdict(replace(self.plan, waves=[]))).encode() + b"\n")
        waves: list[tuple[float, float]] = []
        async with company:
            await asyncio.sleep(WARM_UP)
            quiet = await self._timed(asyncio.sleep(self.plan.quiet_seconds))
            for wave in self.plan.waves:
                waves.append(await self._timed(self._wave(wave)))
                await asyncio.sleep(PAUSE)
        told, _ = await visitors.communicate(b"")  # which ends their standard input
        seen = _Seen(**json.loads(told))
        self.result.waves = [ended - begun for begun, ended in waves]
        self.result.quiet = _within(seen, [quiet])
        self.result.meanwhile = _within(seen, waves)
        self.result.entries.sort()
        self.result.errors = dict(self.errors + Counter(seen.errors))
        return self.result

    async def _timed(self, doing: Coroutine[Any, Any, None]) -> tuple[float, float]:
        begun = time.monotonic()
        await doing
        return begun, time.monotonic()

    # --- The crowd -------------------------------------------------------------------------------

    async def _wave(self, paths: list[str]) -> None:
        await asyncio.gather(*(self._enter(path) for path in paths))

    async def _enter(self, path: str) -> None:
        connection = Connection(self.plan.port)
        answer, seconds = await self._ask(connection, path)
        await connection.close()
        if answer is None:
            return
        is_member = "hcsid=" in answer.headers.get("set-cookie", "") and "token" not in answer.headers["location"]
        if answer.status == 302 and is_member:
            self.result.entries.append(seconds)
        else:
            self.errors[f"entry: status {answer.status}, member: {is_member}"] += 1

    # --- The company -----------------------------------------------------------------------------

    async def _verify(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        usercode = parse_qs(urlsplit(head.split(" ", 2)[1]).query)["usercode"][0]
        self.waiting += 1
        self.result.peak = max(self.result.peak, self.waiting)
        await asyncio.sleep(self.plan.verification_seconds)
        self.waiting -= 1
        body = json.dumps({"login": True, "usercode": usercode}).encode()
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + length.encode() + body)
        await writer.drain()
        writer.close()


def _within(seen: _Seen, times: list[tuple[float, float]]) -> list[float]:
    return sorted(seconds for asked, seconds in seen.pages if any(begun <= asked <= ended for begun, ended in times))


def main() -> None:
    plan = CrowdPlan(**json.loads(sys.stdin.readline()))
    result = asdict(asyncio.run(_Visitors(plan)()) if VISITORS in sys.argv else asyncio.run(_Crowd(plan)()))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
