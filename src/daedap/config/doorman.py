"""Log-ins wait outside, holding no thread, while enough of their host are inside.

Checking a password takes long on purpose. Without this, a crowd at one organization's log-in page would sit in all
threads. `daedap.accounts.hashing` bounds the work itself, also where pages are served without this door.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LOG_IN = "/login/"
INSIDE = 2
"""Log-ins of one host that hold a thread: one is hashed while the other reads or writes."""

OUTSIDE = 100
"""Log-ins of one host that wait; more are sent away at once."""

PATIENCE = 10.0
"""Seconds after which who waits is sent away."""


class SentAway(Exception):
    """There is no room, or it took too long; nothing was done."""


@dataclass
class _Door:
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(INSIDE))
    here: int = 0


class Doorman:
    """Lets the log-ins of each host in, in the order they came. For one event loop."""

    def __init__(self) -> None:
        self._doors: dict[str, _Door] = {}

    def watches(self, *, method: str, path: str) -> bool:
        """Whether a request has to pass here."""
        return method == "POST" and path == LOG_IN

    @asynccontextmanager
    async def let_in(self, host: str) -> AsyncIterator[None]:
        """Wait for the host's turn and hold its place inside the block; raise SentAway."""
        host = host.lower().partition(":")[0].rstrip(".")
        door = self._doors.setdefault(host, _Door())
        if door.here >= INSIDE + OUTSIDE:
            raise SentAway
        door.here += 1
        try:
            try:
                async with asyncio.timeout(PATIENCE):
                    await door.places.acquire()
            except TimeoutError as error:
                raise SentAway from error
            try:
                yield
            finally:
                door.places.release()
        finally:
            door.here -= 1
            if not door.here:
                self._doors.pop(host, None)
