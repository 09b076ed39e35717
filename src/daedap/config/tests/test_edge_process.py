"""The edge beside the server: what goes over the line between the two processes, and what happens when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from pathlib import Path

import pytest

from daedap.config import asgi, edge_process
from daedap.config.edge_process import EdgeFailed, EdgeProcess, serve

SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "https",
    "path": "/shop/hc/한\udcff",
    "root_path": "",
    "query_string": bytes(range(256)),
    "headers": [(b"host", b"acme.oc.localhost"), (b"cookie", "hcsid=\xff\n".encode("latin-1"))],
    "client": ("2001:db8::1", 4711),
    "server": ("acme.oc.localhost", 443),
    "state": object(),  # of the server, of no use elsewhere
}


def start(status=200, headers=()):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(octets, *, more=False):
    return {"type": "http.response.body", "body": octets, "more_body": more}


async def nothing():
    raise AssertionError


@contextlib.asynccontextmanager
async def running(app):
    """Run the edge's side in this very loop, behind the queue of the parent's side."""
    process = EdgeProcess()
    edge = asyncio.create_task(serve(app, process._socket.dup()))
    try:
        yield process
    finally:
        edge.cancel()
        process._socket.close()
        process._folder.cleanup()


async def ask(process, scope=SCOPE):
    sent = []

    async def send(message):
        sent.append(message)

    await process(scope, nothing, send)
    return sent


def test_given_a_request_when_carried_over_then_scope_and_answer_are_the_same_on_both_sides():
    seen = []
    answer = [start(302, [(b"location", b"/\xff")]), body(bytes(range(256)))]

    async def app(scope, receive, send):
        seen.append(scope)
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        for message in answer:
            await send(message)

    async def scene():
        async with running(app) as process:
            return await ask(process)

    assert asyncio.run(scene()) == answer
    carried = {name: value for name, value in SCOPE.items() if name != "state"}
    assert seen == [carried | {"client": list(SCOPE["client"]), "server": list(SCOPE["server"])}]


def test_given_an_answer_in_parts_when_carried_over_then_each_part_arrives_at_once():
    async def scene():
        first_is_here = asyncio.Event()

        async def app(scope, receive, send):
            await send(start())
            await send(body(b"one", more=True))
            await first_is_here.wait()
            await send(body(b"two"))

        sent = []

        async def send(message):
            sent.append(message.get("body"))
            if message.get("body") == b"one":
                first_is_here.set()

        async with running(app) as process, asyncio.timeout(5):
            await process(SCOPE, nothing, send)
        return sent

    assert asyncio.run(scene()) == [None, b"one", b"two"]


def test_given_a_crowd_when_it_comes_before_the_edge_is_up_then_everybody_is_answered():
    async def app(scope, receive, send):
        await send(start())
        await send(body(scope["query_string"]))

    async def scene():
        process = EdgeProcess()
        crowd = [asyncio.create_task(ask(process, SCOPE | {"query_string": b"%d" % who})) for who in range(300)]
        await asyncio.sleep(0.2)
        assert not any(visitor.done() for visitor in crowd)
        edge = asyncio.create_task(serve(app, process._socket.dup()))
        answers = await asyncio.gather(*crowd)
        edge.cancel()
        process._socket.close()
        process._folder.cleanup()
        return answers

    assert [sent[-1]["body"] for sent in asyncio.run(scene())] == [b"%d" % who for who in range(300)]


def test_given_an_app_that_fails_when_nothing_was_sent_then_the_next_request_is_answered():
    calls = []

    async def app(scope, receive, send):
        calls.append(scope)
        if len(calls) == 1:
            raise RuntimeError
        await send(start())

    async def scene():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        async with running(app) as process:
            with pytest.raises(EdgeFailed):
                await ask(process)
            return await ask(process)

    assert asyncio.run(scene()) == [start()]


def test_given_no_edge_when_patience_ends_then_it_has_failed(monkeypatch):
    monkeypatch.setattr(edge_process, "ANSWER_SECONDS", 0.1)

    async def scene():
        with pytest.raises(EdgeFailed):
            await ask(EdgeProcess())

    asyncio.run(scene())


def test_given_a_visitor_who_leaves_when_the_app_listens_then_it_hears_of_it():
    async def scene():
        left = asyncio.Event()

        async def app(scope, receive, send):
            await receive()
            await send(start())
            assert await receive() == {"type": "http.disconnect"}
            left.set()

        async def send(message):
            raise ConnectionResetError

        async with running(app) as process, asyncio.timeout(5):
            await process(SCOPE, nothing, send)
            await left.wait()

    asyncio.run(scene())


def test_given_the_queue_when_made_then_nobody_else_can_open_it():
    process = EdgeProcess()
    folder = Path(process._address).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    process._socket.close()
    process._folder.cleanup()


@pytest.mark.parametrize(
    ("path", "status"), [("/shop/hc/ticket/", 303), ("/shop/settings/member-integration/test/ask/", 503)]
)
def test_given_an_edge_that_fails_when_a_visitor_comes_then_they_are_a_guest_and_the_token_is_gone(path, status):
    class Broken:
        run = None

        async def __call__(self, scope, receive, send):
            raise EdgeFailed

    async def scene():
        split = asgi.Split(worker=False, edge_process=Broken())
        sent = []

        async def send(message):
            sent.append(message)

        headers = [(b"host", b"acme.oc.localhost:8000")]
        await split(SCOPE | {"path": path, "query_string": b"token=x", "headers": headers}, nothing, send)
        return sent[0]["status"], dict(sent[0]["headers"])

    answered, headers = asyncio.run(scene())
    assert answered == status
    assert headers.get(b"location") == (path.encode() if status == 303 else None)
    if status == 303:
        assert b"hcsid=" in headers[b"set-cookie"]
        assert b"Max-Age=0; Path=/shop/" in headers[b"set-cookie"]
        assert headers[b"referrer-policy"] == b"no-referrer"
