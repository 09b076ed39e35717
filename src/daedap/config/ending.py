"""How the server ends: who is being answered may be answered, but nobody can keep it from ending.

Granian waits for every connection, also for one whose visitor sends no more.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING

from granian.server.embed import Server

if TYPE_CHECKING:
    from daedap.config.asgi import Split

REQUEST_SECONDS = 20.0
"""How long requests may take that have begun when the end is asked for; jobs have theirs meanwhile (worker.py)."""

logger = logging.getLogger(__name__)


async def serve_until_signal(server: Server, application: Split) -> None:
    """Serve until SIGINT or SIGTERM, then end; at the second signal at once, but for running jobs."""
    first, second = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, lambda: (second if first.is_set() else first).set())
    serving = asyncio.create_task(server.serve())
    await _either(serving, first)
    if not serving.done():
        application.lifespan.take_no_jobs()
        server.stop()  # type: ignore[no-untyped-call]  # Granian's
        await _either(serving, second, seconds=REQUEST_SECONDS)
    if serving.done():
        serving.result()  # raises what ended it
        return
    logger.warning("the server ends while requests are not answered yet", extra={"count": application.in_flight})
    await application.lifespan.end()


async def _either(task: asyncio.Task[None], event: asyncio.Event, *, seconds: float | None = None) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({task, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
