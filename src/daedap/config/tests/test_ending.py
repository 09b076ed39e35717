"""The end of the server, with Granian's part played: it ends when asked, or waits for a visitor for ever."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from daedap.config import asgi, ending


class Server:
    """Serves until asked to stop, and then until its last visitor is gone."""

    def __init__(self, *, visitor_stays):
        self.asked, self.gone = asyncio.Event(), asyncio.Event()
        if not visitor_stays:
            self.gone.set()

    async def serve(self):
        await self.asked.wait()
        await self.gone.wait()

    def stop(self):
        self.asked.set()


@pytest.fixture
def patience(monkeypatch):
    monkeypatch.setattr(ending, "REQUEST_SECONDS", 0.2)


def serve(server, *signals):
    """Run the server and send it `signals`; return how long it took to end, and whether the worker was told to."""

    async def run():
        application = asgi.Split(worker=False)
        ended = []
        application.lifespan.take_no_jobs = lambda: ended.append("jobs")

        async def end():
            ended.append("worker and edge")

        application.lifespan.end = end
        loop, begun = asyncio.get_running_loop(), time.monotonic()
        for place, number in enumerate(signals):
            loop.call_later(0.05 * (place + 1), os.kill, os.getpid(), number)
        await ending.serve_until_signal(server, application)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        return time.monotonic() - begun, ended

    return asyncio.run(run())


def test_given_nobody_who_is_answered_when_asked_to_end_then_at_once_and_granian_ends_the_rest():
    took, ended = serve(Server(visitor_stays=False), signal.SIGTERM)
    assert took < 5
    assert ended == ["jobs"]


def test_given_a_visitor_who_stays_when_asked_to_end_then_not_for_ever_and_the_rest_is_ended_by_us(patience, caplog):
    took, ended = serve(Server(visitor_stays=True), signal.SIGTERM)
    assert 0.2 < took < 5
    assert ended == ["jobs", "worker and edge"]
    assert "the server ends while requests are not answered yet" in caplog.text


def test_given_a_visitor_who_stays_when_asked_twice_then_he_is_waited_for_no_longer():
    took, ended = serve(Server(visitor_stays=True), signal.SIGINT, signal.SIGTERM)
    assert took < ending.REQUEST_SECONDS / 2
    assert ended == ["jobs", "worker and edge"]


def test_given_a_server_that_fails_when_it_ends_then_its_error_is_told():
    class Failing(Server):
        async def serve(self):
            raise RuntimeError("no port")

    with pytest.raises(RuntimeError, match="no port"):
        serve(Failing(visitor_stays=False))
