"""The load generator: a process of its own that knows only HTTP. `python -m benchmarks.load < plan.json > result.json`.

Every connection sends its next request as soon as the last answer is read whole (a closed loop, as pgbench does).
Only the standard library is imported: what this process computes is taken from the cores that are being measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self
from urllib.parse import urlencode

ANSWER_SECONDS = 30
REQUESTS_PER_VISITOR = 10
SAMPLES_OF_ERRORS = 3
UNIQUE = "{unique}"
"""Stands for 32 fresh hexadecimal digits, in a path, a header or a form's value."""


@dataclass(frozen=True)
class Plan:
    """What is asked, how often, and what counts as success."""

    port: int
    path: str
    headers: dict[str, str]
    expect_status: int
    expect_text: str
    """Must stand in the body, or in the Location header of a redirect."""
    form: dict[str, str] | None = None
    """Posted if given; a GET otherwise."""
    clients: int = 8
    seconds: float = 10.0
    warm_up: int = 0
    """Requests per connection before the clock starts; they are checked and counted in `sent` too."""
    requests: int = 0
    """Stop after so many measured requests; 0 for no limit."""
    visitors: int = 0
    """1 to 99: reconnect after every few requests from a fresh loopback address of this block; 0 for never."""


@dataclass(frozen=True)
class Result:
    """What came back. `succeeded` counts the warm-up too, so that rows in the database can be compared with it."""

    measured: int
    succeeded: int
    seconds: float
    latencies: list[float]
    """Seconds, sorted, of the measured requests that succeeded."""
    errors: dict[str, int]

    @property
    def rate(self) -> float:
        return self.measured / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """Return the nearest-rank percentile in seconds."""
        return percentile(self.latencies, percent)

    @classmethod
    def merged(cls, parts: list[Self]) -> Self:
        """Return several runs as one."""
        errors: Counter[str] = Counter()
        for part in parts:
            errors.update(part.errors)
        return cls(
            measured=sum(part.measured for part in parts),
            succeeded=sum(part.succeeded for part in parts),
            seconds=sum(part.seconds for part in parts),
            latencies=sorted(latency for part in parts for latency in part.latencies),
            errors=dict(errors),
        )


def percentile(ordered: list[float], percent: float) -> float:
    """Return the nearest-rank percentile of sorted numbers; 0 for none."""
    if not ordered:
        return 0.0
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One kept-alive connection; reopened when the server closes it, or when the visitor is to be another one."""

    def __init__(self, port: int, addresses: Iterator[str] | None = None) -> None:
        self.port = port
        self.addresses = addresses
        self._left = REQUESTS_PER_VISITOR
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect if needed. Not part of a request's time: a browser is connected by the time a form is sent."""
        if self.addresses is not None and not self._left:
            await self.close()
        if self._writer is None or self._writer.is_closing():
            source = (next(self.addresses), 0) if self.addresses is not None else None
            self._left = REQUESTS_PER_VISITOR
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=source)

    async def ask(self, request: bytes) -> Answer:
        assert self._reader is not None
        assert self._writer is not None
        self._left -= 1
        self._writer.write(request)
        answer = await _read_answer(self._reader)
        if answer.headers.get("connection", "").lower() == "close":
            await self.close()
        return answer

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        self._reader = self._writer = None


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers: dict[str, str] = {}
    for name, _, value in (line.partition(":") for line in lines):
        known = headers.get(name.lower())
        headers[name.lower()] = f"{known}, {value.strip()}" if known else value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(first.split(" ", 2)[1]), headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return b"".join(parts)


def visitors_of(block: int) -> Iterator[str]:
    """Yield the loopback addresses of a block. Linux answers on all of 127.0.0.0/8."""
    return (f"127.{block}.{high}.{low}" for high in range(256) for low in range(1, 255))


def request_bytes(plan: Plan) -> bytes:
    """Return the next request; every UNIQUE in it is the same fresh value."""
    fresh = uuid.uuid4().hex
    body = b""
    headers = dict(plan.headers)
    if plan.form is not None:
        values = {name: value.replace(UNIQUE, fresh) for name, value in plan.form.items()}
        body = urlencode(values).encode("ascii")
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    method = "GET" if plan.form is None else "POST"
    lines = [f"{method} {plan.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").replace(UNIQUE, fresh).encode("latin-1") + body


def fault_of(plan: Plan, answer: Answer) -> str:
    """Return "" if the answer is the expected one, else what is wrong with it."""
    if answer.status != plan.expect_status:
        return f"status {answer.status} instead of {plan.expect_status}"
    where = answer.headers.get("location", "").encode() if 300 <= answer.status < 400 else answer.body
    return "" if plan.expect_text.encode() in where else f"{plan.expect_text!r} is missing"


class _Run:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.latencies: list[float] = []
        self.succeeded = self.started = 0
        self.errors: Counter[str] = Counter()
        self.until = 0.0

    async def __call__(self) -> Result:
        addresses = visitors_of(self.plan.visitors) if self.plan.visitors else None
        connections = [Connection(self.plan.port, addresses) for _ in range(self.plan.clients)]
        await asyncio.gather(*(self._warm_up(connection) for connection in connections))
        begun = time.perf_counter()
        self.until = begun + self.plan.seconds
        await asyncio.gather(*(self._work(connection) for connection in connections))
        seconds = time.perf_counter() - begun
        for connection in connections:
            await connection.close()
        return Result(len(self.latencies), self.succeeded, seconds, sorted(self.latencies), dict(self.errors))

    async def _warm_up(self, connection: Connection) -> None:
        for _ in range(self.plan.warm_up):
            await self._one(connection)

    async def _work(self, connection: Connection) -> None:
        while time.perf_counter() < self.until and self._may_start():
            seconds = await self._one(connection)
            if seconds is not None:
                self.latencies.append(seconds)

    def _may_start(self) -> bool:
        if len(self.errors) >= SAMPLES_OF_ERRORS or sum(self.errors.values()) > 100:
            return False
        self.started += 1
        return not self.plan.requests or self.started <= self.plan.requests

    async def _one(self, connection: Connection) -> float | None:
        """Send one request; return its seconds, or None if it failed."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                request = request_bytes(self.plan)
                await connection.open()
                begun = time.perf_counter()
                answer = await connection.ask(request)
                seconds = time.perf_counter() - begun
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            self.errors[type(error).__name__] += 1
            await connection.close()
            return None
        if fault := fault_of(self.plan, answer):
            self.errors[fault] += 1
            return None
        self.succeeded += 1
        return seconds


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    result: dict[str, Any] = asdict(asyncio.run(_Run(plan)()))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
