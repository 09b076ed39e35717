"""Database work of asynchronous code: run in a few threads of its own, with the connection given back afterwards."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
"""At most so many database connections are held by asynchronous code; see the pool's size in the settings."""

LETS_PAGES_GO_FIRST = 0.025
"""Seconds that a piece of work does. Without an end a busy server would never let anybody in."""

WAITS_FOR_DATABASE = 0.05
"""Seconds after which a piece of work is taken to wait for the database rather than to compute, so the next begins."""

_executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="edge-database")


class _Turns:
    """Who computes next, in one event loop: pages at once; work of asynchronous code in the gaps, one after the other.

    An interpreter computes one thing at a time, so a crowd at the edge would slow every page. See docs/performance.md.
    """

    def __init__(self) -> None:
        self.pages = 0
        self.place = asyncio.Lock()
        self.quiet = asyncio.Event()
        self.quiet.set()

    async def wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LETS_PAGES_GO_FIRST):
                await self.quiet.wait()


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


def _here() -> _Turns:
    return _turns.setdefault(asyncio.get_running_loop(), _Turns())


@contextmanager
def page() -> Iterator[None]:
    """Say, in the event loop, that a page is being made meanwhile: work of `in_thread` lets it go first."""
    turns = _here()
    turns.pages += 1
    turns.quiet.clear()
    try:
        yield
    finally:
        turns.pages -= 1
        if not turns.pages:
            turns.quiet.set()


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function`, which may use the database, in a thread; waiters queue and hold no connection meanwhile.

    Scopes, language and request id of the caller hold in the thread. Never wait for the network in `function`.
    """
    call = partial(contextvars.copy_context().run, _with_connection, partial(function, *args, **kwargs))
    turns = _here()
    async with turns.place:
        await turns.wait()
        result = asyncio.get_running_loop().run_in_executor(_executor, call)
        await asyncio.wait({result}, timeout=WAITS_FOR_DATABASE)
    return await result


def _with_connection(function: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return function()
    finally:
        close_old_connections()
