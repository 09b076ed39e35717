from __future__ import annotations

import asyncio

import pytest

from daedap.config import asgi, doorman
from daedap.config.doorman import INSIDE, OUTSIDE, Doorman, SentAway


def test_given_a_crowd_at_one_host_when_another_host_is_asked_then_in_at_once_and_order_is_kept():
    async def run():
        door, leave, inside, served = Doorman(), asyncio.Event(), [], []

        async def come(host, name):
            async with door.let_in(host):
                inside.append(name)
                served.append(name)
                await leave.wait()

        crowd = [asyncio.create_task(come("acme.oc.localhost:8000", number)) for number in range(10)]
        await asyncio.sleep(0)
        other = asyncio.create_task(come("beta.oc.localhost", "b"))
        spelled = asyncio.create_task(come("ACME.oc.localhost.", "again"))
        await asyncio.sleep(0.01)
        seen = list(inside)
        leave.set()
        await asyncio.gather(*crowd, other, spelled)
        return seen, served, door._doors

    seen, served, left = asyncio.run(run())
    assert seen == [*range(INSIDE), "b"]
    assert [each for each in served if each != "b"] == [*range(10), "again"]
    assert left == {}


def test_given_no_room_outside_when_one_more_comes_then_sent_away_at_once(monkeypatch):
    monkeypatch.setattr(doorman, "OUTSIDE", 2)

    async def run():
        door, leave = Doorman(), asyncio.Event()

        async def come():
            async with door.let_in("acme"):
                await leave.wait()

        crowd = [asyncio.create_task(come()) for _ in range(INSIDE + 2)]
        await asyncio.sleep(0)
        with pytest.raises(SentAway):
            await come()
        leave.set()
        await asyncio.gather(*crowd)
        await come()

    asyncio.run(run())


def test_given_nobody_leaves_when_patience_is_over_then_sent_away_and_later_ones_get_in(monkeypatch):
    monkeypatch.setattr(doorman, "PATIENCE", 0.02)

    async def run():
        door, leave = Doorman(), asyncio.Event()

        async def come():
            async with door.let_in("acme"):
                await leave.wait()

        crowd = [asyncio.create_task(come()) for _ in range(INSIDE)]
        await asyncio.sleep(0)
        with pytest.raises(SentAway):
            await come()
        leave.set()
        await asyncio.gather(*crowd)
        await come()
        assert door._doors == {}

    asyncio.run(run())


def test_given_more_log_ins_than_threads_when_sent_then_other_pages_and_other_hosts_are_answered_meanwhile():
    """Through the real application: log-ins of one host hold two threads, however many there are."""
    import threading

    free, held = threading.Event(), []

    def wsgi(environ, start_response):
        if environ["PATH_INFO"] == "/login/" and environ["HTTP_HOST"] == "acme":
            held.append(1)
            free.wait(10)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"fine"]

    async def ask(split, method, path, host):
        sent, body = [], [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive():
            return body.pop(0) if body else await asyncio.Event().wait()

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "method": method, "path": path, "query_string": b"", "http_version": "1.1",
            "headers": [(b"host", host.encode())], "scheme": "http", "server": ("x", 80), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        await split(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)

    async def run():
        split = asgi.Split(worker=False)
        split.django = asgi.WSGIMiddleware(wsgi, workers=asgi.THREADS)
        crowd = [asyncio.create_task(ask(split, "POST", "/login/", "acme")) for _ in range(INSIDE + OUTSIDE)]
        async with asyncio.timeout(5):
            while len(held) < INSIDE:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)  # and no more than these
        held_meanwhile = len(held)
        async with asyncio.timeout(5):
            others = [
                await ask(split, "GET", "/login/", "beta"),
                await ask(split, "GET", "/shop/tickets/", "acme"),
                await ask(split, "POST", "/login/", "beta"),
            ]
            away = await ask(split, "POST", "/login/", "acme")
        free.set()
        return held_meanwhile, others, away, await asyncio.gather(*crowd)

    held_meanwhile, others, away, crowd = asyncio.run(run())
    assert held_meanwhile == INSIDE
    assert {status for status, _ in others} == {200}
    assert away[0] == 503
    assert "잠시 후 다시 시도해 주세요" in away[1].decode()
    assert {status for status, _ in crowd} == {200}
