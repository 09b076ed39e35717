"""Database work of asynchronous code: run in a few threads of its own, with the connection given back afterwards."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 2
"""At most so many database connections are held by asynchronous code; see the pool's size in the settings."""

TURN_SECONDS = 20.0
"""How long somebody may wait for a turn; the parent process gives up ten seconds later (config/edge_process.py)."""

_executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="edge-database")
_doors: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function`, which may use the database, in a thread; waiters queue and hold no connection meanwhile.

    Scopes, language and request id of the caller hold in the thread. Never wait for the network in `function`.
    """
    call = partial(contextvars.copy_context().run, _with_connection, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_executor, call)


async def in_turn(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what `in_thread` does for something that begins: one after the other, and after all that has begun already.

    So of a crowd the first are done while the last still wait. Raise TimeoutError if no turn comes in TURN_SECONDS.
    """
    door = _doors.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(THREADS))
    async with asyncio.timeout(TURN_SECONDS):
        await door.acquire()
    try:
        return await in_thread(function, *args, **kwargs)
    finally:
        door.release()


def _with_connection(function: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return function()
    finally:
        close_old_connections()
