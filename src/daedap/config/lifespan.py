"""What begins and ends with the server: the job worker and the edge; the end waits for requests being answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from daedap.config.edge_process import EdgeProcess
from daedap.config.worker import STOP_SECONDS, run_worker
from daedap.core import health

logger = logging.getLogger(__name__)
DRAIN_SECONDS = 3.0
Message = MutableMapping[str, Any]


class Lifespan:
    """Answers the server's lifespan messages."""

    def __init__(self, *, worker: bool, edge: EdgeProcess | None, is_idle: Callable[[], bool]) -> None:
        self.with_worker = worker
        self.edge = edge
        self.is_idle = is_idle
        self._stop = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._edging: asyncio.Task[None] | None = None

    async def __call__(
        self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await receive()  # lifespan.startup
        self._working = asyncio.create_task(run_worker(self._stop)) if self.with_worker else None
        self._edging = self._begin_edge()
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        self.take_no_jobs()
        await self._drain()
        await self.end()
        await send({"type": "lifespan.shutdown.complete"})

    def take_no_jobs(self) -> None:
        """Begin no job any more; those that run may finish."""
        self._stop.set()

    async def end(self) -> None:
        """End the worker, giving its jobs time, then the edge. Requests are not waited for."""
        self.take_no_jobs()
        if self._working is not None:
            _, late = await asyncio.wait({self._working}, timeout=STOP_SECONDS + 1)
            if late:
                logger.warning("the job worker did not end in time; its jobs will be taken up again")
        if self._edging is not None:
            health.unwatch("edge")
            self._edging.cancel()
            await asyncio.wait({self._edging})

    def _begin_edge(self) -> asyncio.Task[None] | None:
        if self.edge is None:
            return None
        process = self.edge
        health.watch("edge", lambda: not process.is_down)
        return asyncio.create_task(process.run())

    async def _drain(self) -> None:
        until = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while not self.is_idle() and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.05)
