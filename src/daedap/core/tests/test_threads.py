"""Turns: pages first, then the work of asynchronous code, one after the other."""

from __future__ import annotations

import asyncio
import threading
import time

from daedap.core import threads


def test_given_a_page_being_made_when_work_is_ready_then_it_begins_after_the_page():
    done: list[str] = []

    async def scene() -> None:
        with threads.page():
            work = asyncio.create_task(threads.in_thread(done.append, "work"))
            await asyncio.sleep(threads.LETS_PAGES_GO_FIRST / 5)
            done.append("page")
        await work

    asyncio.run(scene())
    assert done == ["page", "work"]


def test_given_pages_without_end_when_work_is_ready_then_it_waits_its_patience_only():
    async def scene() -> float:
        with threads.page():
            begun = time.monotonic()
            await threads.in_thread(int)
            return time.monotonic() - begun

    assert threads.LETS_PAGES_GO_FIRST <= asyncio.run(scene()) < 5


def test_given_much_work_when_each_computes_shortly_then_never_two_at_once_and_in_order():
    running, most, order = 0, 0, []

    def work(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        order.append(number)
        running -= 1

    async def scene() -> None:
        await asyncio.gather(*(threads.in_thread(work, number) for number in range(20)))

    asyncio.run(scene())
    assert (most, order) == (1, list(range(20)))


def test_given_work_that_waits_long_when_more_comes_then_the_next_begins():
    release = threading.Event()

    async def scene() -> bool:
        stuck = asyncio.create_task(threads.in_thread(release.wait, 10))
        await threads.in_thread(release.set)  # would never run if the first kept its turn
        return await stuck

    assert asyncio.run(scene()) is True


def test_given_work_that_fails_when_awaited_then_its_error_arrives_and_the_next_runs():
    async def scene() -> str:
        try:
            await threads.in_thread(int, "x")
        except ValueError:
            return await threads.in_thread(str, 1)
        return ""

    assert asyncio.run(scene()) == "1"
