"""Waves of token entries while the company's verification URL takes its time: a process of its own.

It is the crowd, the company's verification URL, and one ordinary visitor whose pages are timed. Standard library only.
`python -m benchmarks.crowd < plan.json > result.json`
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.load import Answer, Connection

ANSWER_SECONDS = 30
PAUSE = 0.5
READERS = 2


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
    peak: int = 0
    """How many calls waited at the verification URL at once, at most."""
    errors: dict[str, int] = field(default_factory=dict)


class _Crowd:
    def __init__(self, plan: CrowdPlan) -> None:
        self.plan = plan
        self.result = CrowdResult()
        self.errors: Counter[str] = Counter()
        self.waiting = 0

    async def __call__(self) -> CrowdResult:
        company = await asyncio.start_server(self._verify, "127.0.0.1", self.plan.verification_port, backlog=1024)
        async with company:
            await self._read_until(asyncio.create_task(asyncio.sleep(1)))  # warm-up
            self.result.quiet = await self._read_until(asyncio.create_task(asyncio.sleep(self.plan.quiet_seconds)))
            for wave in self.plan.waves:
                self.result.meanwhile += await self._read_until(asyncio.create_task(self._wave(wave)))
                await asyncio.sleep(PAUSE)
        for latencies in (self.result.quiet, self.result.meanwhile, self.result.entries):
            latencies.sort()
        self.result.errors = dict(self.errors)
        return self.result

    # --- The ordinary visitors -------------------------------------------------------------------

    async def _read_until(self, other: asyncio.Task[None]) -> list[float]:
        """Ask for the page again and again until `other` is done; return how long each answer took."""
        parts = await asyncio.gather(*(self._read(other) for _ in range(READERS)))
        await other
        return [latency for part in parts for latency in part]

    async def _read(self, other: asyncio.Task[None]) -> list[float]:
        latencies: list[float] = []
        connection = Connection(self.plan.port)
        while not other.done() and not self.errors:
            answer, seconds = await self._ask(connection, self.plan.page)
            if answer is not None and (answer.status != 200 or self.plan.page_text.encode() not in answer.body):
                self.errors[f"page: status {answer.status}"] += 1
            latencies.append(seconds)
            await asyncio.sleep(0.02)  # people read; without a pause this would measure a full load instead
        await connection.close()
        return latencies

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


def main() -> None:
    plan = CrowdPlan(**json.load(sys.stdin))
    result: dict[str, Any] = asdict(asyncio.run(_Crowd(plan)()))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
