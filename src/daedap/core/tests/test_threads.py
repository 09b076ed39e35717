"""Turns: of a crowd, who has begun is done first; beside a crowd, nobody waits for all of it."""

from __future__ import annotations

import asyncio
import threading
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
        await in_turn("crowd", step, "begin", who)
        await asyncio.sleep(0)  # somebody else is asked
        await in_thread("crowd", step, "end", who)

    async def scene():
        await asyncio.gather(*(visit(who) for who in range(40)))

    asyncio.run(scene())
    begun = {who: at for at, (name, who) in enumerate(steps) if name == "begin"}
    ended = {who: at for at, (name, who) in enumerate(steps) if name == "end"}
    assert max(ended[who] - begun[who] for who in range(40)) <= 4 * THREADS
    assert ended[0] < 4 * THREADS < begun[39]


def test_given_no_turn_in_time_when_waiting_then_refused_and_nothing_is_done_and_the_next_goes_on(monkeypatch):
    monkeypatch.setattr(threads, "TURN_SECONDS", 0.05)
    done, free = [], threading.Event()

    async def scene():
        long = [asyncio.create_task(in_turn("crowd", free.wait, 10)) for _ in range(THREADS)]
        await asyncio.sleep(0.01)
        with pytest.raises(TimeoutError):
            await in_turn("crowd", done.append, "late")
        free.set()
        await asyncio.gather(*long)
        await in_turn("crowd", done.append, "next")

    asyncio.run(scene())
    assert done == ["next"]


def test_given_a_crowd_of_one_party_when_another_comes_then_it_waits_for_a_few_and_not_for_all():
    done = []

    def step(who):
        time.sleep(0.002)
        done.append(who)

    async def visit(party, who):
        await in_turn(party, step, who)
        await in_thread(party, step, who)

    async def scene():
        crowd = [asyncio.create_task(visit("crowd", "one of many")) for _ in range(60)]
        await asyncio.sleep(0.01)  # all of them wait
        before = len(done)
        await asyncio.gather(visit("calm", "calm"), visit("quiet", "quiet"))
        assert len(done) - before <= 8 * THREADS
        await asyncio.gather(*crowd)

    asyncio.run(scene())
    assert len(done) == 2 * 62


def test_given_waiters_who_leave_when_turns_go_on_then_none_is_lost():
    done = []

    async def scene():
        for _round in range(20):
            waiting = [asyncio.create_task(in_turn(number % 3, time.sleep, 0.001)) for number in range(12)]
            await asyncio.sleep(0.001)
            for task in waiting[::2]:
                task.cancel()
                await asyncio.sleep(0)
            await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(*(in_turn(number, done.append, number) for number in range(2 * THREADS)))
        assert threads._turns()._free == THREADS
        assert not threads._turns()._queues

    asyncio.run(scene())
    assert len(done) == 2 * THREADS


def test_given_a_turn_that_comes_as_its_waiter_is_cancelled_when_passed_on_then_the_next_has_it():
    async def scene():
        turns, held, done = threads._Turns(), asyncio.Event(), []

        async def hold(party):
            async with turns.turn(party, begins=True):
                done.append(party)
                await held.wait()
            if party == 0:  # its turn is given to the one who leaves, who has not noticed yet
                leaving.cancel()

        holding = [asyncio.create_task(hold(number)) for number in range(THREADS)]
        await asyncio.sleep(0)
        leaving, staying = (asyncio.create_task(hold(party)) for party in ("leaving", "staying"))
        await asyncio.sleep(0)
        held.set()
        async with asyncio.timeout(5):
            await asyncio.gather(staying, *holding)
        assert leaving.cancelled()
        assert done == [*range(THREADS), "staying"]
        assert turns._free == THREADS

    asyncio.run(scene())
