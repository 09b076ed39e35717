"""How many calls run at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable

from daedap.core.outbound.outcomes import Kind, OutboundError


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
