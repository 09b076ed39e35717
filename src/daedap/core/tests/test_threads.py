"""Turns: of a crowd, who has begun is done first."""

from __future__ import annotations

import asyncio
import time

import pytest

from daedap.core import threads
from daedap.core.threads import THREADS, in_thread, in_turn


def test_given_a_crowd_when_each_begins_and_ends_then_the_first_are_done_while_the_last_wait():
    steps = []

    def step(name, who):
        time.sleep(0.002)
        steps.append((name, who))

    async def visit(who):
        await in_turn(step, "begin", who)
        await asyncio.sleep(0)  # somebody else is asked
        await in_thread(step, "end", who)

    async def scene():
        await asyncio.gather(*(visit(who) for who in range(40)))

    asyncio.run(scene())
    begun = {who: at for at, (name, who) in enumerate(steps) if name == "begin"}
    ended = {who: at for at, (name, who) in enumerate(steps) if name == "end"}
    assert max(ended[who] - begun[who] for who in range(40)) <= 4 * THREADS
    assert ended[0] < 4 * THREADS < begun[39]


def test_given_no_turn_in_time_when_waiting_then_refused_and_nothing_is_done_and_the_next_goes_on(monkeypatch):
    monkeypatch.setattr(threads, "TURN_SECONDS", 0.05)
    done = []

    async def scene():
        long = [asyncio.create_task(in_turn(time.sleep, 0.3)) for _ in range(THREADS)]
        await asyncio.sleep(0.01)
        with pytest.raises(TimeoutError):
            await in_turn(done.append, "late")
        await asyncio.gather(*long)
        await in_turn(done.append, "next")

    asyncio.run(scene())
    assert done == ["next"]
