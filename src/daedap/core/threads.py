"""Database work of asynchronous code: run in a few threads of its own, with the connection given back afterwards.

While the threads are busy, parties take turns: the entries of one help centre are a party, and however many come there,
those of another wait for one of them and not for all. Within a party whoever has begun goes before whoever begins, so
that of a crowd the first are done while the last still wait.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
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


async def in_thread(party: Hashable, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function`, which may use the database, in a thread; waiters queue and hold no connection meanwhile.

    Scopes, language and request id of the caller hold in the thread. Never wait for the network in `function`.
    """
    async with _turns().turn(party, begins=False):
        return await _run(partial(function, *args, **kwargs))


async def in_turn(party: Hashable, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what `in_thread` does for something that begins: after all of the party that has begun already.

    Raise TimeoutError if no turn comes in TURN_SECONDS.
    """
    async with _turns().turn(party, begins=True, seconds=TURN_SECONDS):
        return await _run(partial(function, *args, **kwargs))


class _Queue:
    """The places of one party."""

    def __init__(self) -> None:
        self.begun: deque[asyncio.Future[None]] = deque()
        self.beginning: deque[asyncio.Future[None]] = deque()

    def pop(self) -> asyncio.Future[None]:
        return (self.begun or self.beginning).popleft()

    def __len__(self) -> int:
        return len(self.begun) + len(self.beginning)


class _Turns:
    """Lets THREADS in at once. Parties nobody waits for take no memory. For one event loop."""

    def __init__(self) -> None:
        self._free = THREADS
        self._queues: dict[Hashable, _Queue] = {}  # whose turn is next comes first

    @asynccontextmanager
    async def turn(self, party: Hashable, *, begins: bool, seconds: float | None = None) -> AsyncIterator[None]:
        """Hold one of the threads for the length of the block; raise TimeoutError if none gets free in `seconds`."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(party, begins, seconds)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, party: Hashable, begins: bool, seconds: float | None) -> None:
        queue = self._queues.setdefault(party, _Queue())
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (queue.beginning if begins else queue.begun).append(place)
        try:
            async with asyncio.timeout(seconds):
                await place
        except BaseException:
            if not place.cancelled():  # the turn came at the very moment of leaving
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give a thread that is free to the next who still waits."""
        while self._queues:
            party, queue = next(iter(self._queues.items()))
            place = queue.pop()
            del self._queues[party]
            if queue:
                self._queues[party] = queue  # behind the others
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


_all_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


def _turns() -> _Turns:
    return _all_turns.setdefault(asyncio.get_running_loop(), _Turns())


async def _run(function: Callable[[], T]) -> T:
    call = partial(contextvars.copy_context().run, _with_connection, function)
    return await asyncio.get_running_loop().run_in_executor(_executor, call)


def _with_connection(function: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return function()
    finally:
        close_old_connections()
