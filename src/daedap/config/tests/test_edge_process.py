"""The edge beside the server: what goes over the line between the two processes, and what happens when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import stat
import sys
import tempfile
import time
from pathlib import Path

import pytest
from granian.log import LogLevels, configure_logging

from daedap.config import asgi, edge_process
from daedap.config.cli import SERVER_LOG
from daedap.config.edge_process import EdgeFailed, EdgeProcess, serve
from daedap.config.lifespan import Lifespan

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


def close(process):
    process._socket.close()
    process._folder.cleanup()


async def echo(scope, receive, send):
    await send(start())
    await send(body(scope["query_string"]))


def test_given_a_full_queue_when_more_visitors_come_then_they_wait_and_nobody_is_turned_away(monkeypatch):
    monkeypatch.setattr(edge_process, "QUEUE", 2)

    async def scene():
        process = EdgeProcess()
        crowd = [asyncio.create_task(ask(process, SCOPE | {"query_string": b"%d" % who})) for who in range(30)]
        await asyncio.sleep(0.2)
        assert not any(visitor.done() for visitor in crowd)
        edge = asyncio.create_task(serve(echo, process._socket.dup()))
        answers = await asyncio.gather(*crowd)
        edge.cancel()
        close(process)
        return answers

    assert [sent[-1]["body"] for sent in asyncio.run(scene())] == [b"%d" % who for who in range(30)]


def test_given_visitors_who_gave_up_when_the_edge_comes_back_then_it_works_for_those_who_wait(monkeypatch):
    monkeypatch.setattr(edge_process, "ANSWER_SECONDS", 0.1)
    served = []

    async def app(scope, receive, send):
        served.append(scope["query_string"])
        await echo(scope, receive, send)

    async def scene():
        process = EdgeProcess()
        for who in range(5):
            with pytest.raises(EdgeFailed):
                await ask(process, SCOPE | {"query_string": b"%d" % who})
        monkeypatch.setattr(edge_process, "ANSWER_SECONDS", 10)
        edge = asyncio.create_task(serve(app, process._socket.dup()))
        await ask(process, SCOPE | {"query_string": b"now"})
        edge.cancel()
        close(process)

    asyncio.run(scene())
    assert served == [b"now"]


def test_given_a_request_longer_than_the_line_when_carried_over_then_only_this_one_fails(monkeypatch, caplog):
    monkeypatch.setattr(edge_process, "LINE_BYTES", 10_000)

    async def scene():
        async with running(echo) as process:
            with pytest.raises(EdgeFailed):
                await ask(process, SCOPE | {"query_string": b"token=verysecret&" + b"x" * 30_000})
            return await ask(process)

    assert asyncio.run(scene()) == [start(), body(SCOPE["query_string"])]
    assert "too long" in caplog.text
    assert "Traceback" not in caplog.text
    assert "verysecret" not in caplog.text


@pytest.mark.parametrize("heard_before", [0, 60])
def test_given_an_edge_that_answers_nobody_when_somebody_lost_patience_then_it_is_ended(monkeypatch, heard_before):
    monkeypatch.setattr(edge_process, "ANSWER_SECONDS", 0.2)
    ended = []

    class Process:
        def kill(self):
            ended.append(self)

    async def scene():
        process = EdgeProcess()
        process._process = Process()
        process._heard_at = asyncio.get_running_loop().time() - heard_before
        await asyncio.gather(*(ask(process) for _ in range(5)), return_exceptions=True)
        close(process)

    asyncio.run(scene())
    assert len(ended) == 1  # not once more for each who waited


def test_given_an_edge_that_answers_others_when_somebody_lost_patience_then_it_goes_on(monkeypatch):
    monkeypatch.setattr(edge_process, "ANSWER_SECONDS", 1)

    async def app(scope, receive, send):
        if scope["query_string"] == b"slow":
            await asyncio.sleep(60)
        await echo(scope, receive, send)

    class Process:
        def kill(self):
            raise AssertionError

    async def scene():
        async with running(app) as process:
            process._process = Process()
            slow = asyncio.create_task(ask(process, SCOPE | {"query_string": b"slow"}))
            while not slow.done():
                await asyncio.sleep(0.05)
                await ask(process)
            with pytest.raises(EdgeFailed):
                await slow

    asyncio.run(scene())


def test_given_processes_that_end_at_once_when_started_then_down_and_nobody_waits_until_one_stays(
    monkeypatch, tmp_path, caplog
):
    monkeypatch.setattr(edge_process, "RESTART_SECONDS", 0.01)
    monkeypatch.setattr(edge_process, "LONGEST_RESTART_SECONDS", 0.05)
    monkeypatch.setattr(edge_process, "STEADY_SECONDS", 0.3)
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))

    async def until(question):
        async with asyncio.timeout(20):
            while not question():
                await asyncio.sleep(0.02)

    async def scene():
        process = EdgeProcess()
        assert not process.is_down
        running = asyncio.create_task(process.run())
        await until(lambda: process.is_down)
        async with asyncio.timeout(1):
            with pytest.raises(EdgeFailed):
                await ask(process)
        (tmp_path / "new").write_text("#!/bin/sh\nexec sleep 60\n")
        (tmp_path / "new").chmod(0o700)
        (tmp_path / "new").rename(program)
        await until(lambda: not process.is_down)
        child = process._process
        running.cancel()
        await asyncio.wait({running})
        return child.returncode

    assert asyncio.run(scene()) == -9
    assert {record.code for record in caplog.records if "is started again" in record.message} == {3}


@pytest.mark.django_db
def test_given_an_edge_that_is_down_when_asked_then_readyz_names_it_until_the_server_ends(client):
    class Down:
        is_down = False

        async def run(self):
            await asyncio.sleep(60)

    down = Down()

    def ask():
        return client.get("/readyz", HTTP_HOST="localhost:8000").json()["failing"]

    async def scene():
        steps = iter(["startup", "down", "up", "shutdown"])
        named = []

        async def receive():
            step = next(steps)
            while step in ("down", "up"):
                down.is_down = step == "down"
                named.append("edge" in await asyncio.to_thread(ask))
                step = next(steps)
            return {"type": f"lifespan.{step}"}

        async def send(message):
            pass

        await Lifespan(worker=False, edge=down, is_idle=lambda: True)(receive, send)
        down.is_down = True
        return [*named, "edge" in await asyncio.to_thread(ask)]

    assert asyncio.run(scene()) == [True, False, False]


def test_given_a_program_that_is_not_there_when_started_then_down_and_no_accident(monkeypatch, caplog):
    monkeypatch.setattr(edge_process, "RESTART_SECONDS", 0.01)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    async def scene():
        process = EdgeProcess()
        running = asyncio.create_task(process.run())
        async with asyncio.timeout(10):
            while not process.is_down:
                await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(scene())
    assert "the edge cannot be started" in caplog.text


def test_given_folders_of_killed_servers_when_another_starts_then_only_those_of_the_dead_go(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead, living, young = EdgeProcess(), EdgeProcess(), EdgeProcess()
    for process in (dead, young):
        process._socket.close()
    for process in (dead, living):
        long_ago = time.time() - 3600
        os.utime(process._folder.name, (long_ago, long_ago))
    (tmp_path / "daedap-edge-something").touch()
    newest = EdgeProcess()
    assert not Path(dead._folder.name).exists()
    assert all(Path(each._folder.name).exists() for each in (living, young, newest))
    for process in (dead, living, young, newest):
        close(process)


def test_given_an_accident_of_the_server_itself_when_told_then_it_goes_into_our_log(caplog, capsys):
    server = logging.getLogger("_granian")
    before = server.level, server.propagate, list(server.handlers)
    try:
        configure_logging(LogLevels.error, SERVER_LOG)
        server.error("Application callable raised an exception")
    finally:
        server.setLevel(before[0])
        server.propagate, server.handlers = before[1:]
    assert "Application callable" in caplog.text
    assert capsys.readouterr().out == ""


class Broken:
    """An edge that never answers."""

    run = None

    async def __call__(self, scope, receive, send):
        raise EdgeFailed


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/shop/hc/ticket/", b"from=app&token=x&additionId=y&usercode=1", b"/shop/hc/ticket/?from=app&additionId=y"),
        ("/shop/hc/ticket/list/", b"token=x", b"/shop/hc/ticket/"),
        ("/shop/hc", b"accessToken=x", b"/shop/hc"),
        ("/shop/settings/member-integration/test/ask/", b"ticket=x", None),
    ],
)
def test_given_an_edge_that_fails_when_a_visitor_comes_then_as_after_any_failed_entry(path, query, location, caplog):
    caplog.set_level(logging.INFO)

    async def scene():
        split = asgi.Split(worker=False, edge_process=Broken())
        sent = []

        async def send(message):
            sent.append(message)

        headers = [(b"host", b"acme.oc.localhost:8000"), (b"cookie", b"hcsid=abc")]
        await split(SCOPE | {"path": path, "query_string": query, "headers": headers}, nothing, send)
        return sent[0]["status"], sent[0]["headers"]

    status, headers = asyncio.run(scene())
    assert status == (302 if location else 503)
    assert dict(headers).get(b"location") == location
    assert dict(headers)[b"referrer-policy"] == b"no-referrer"
    assert dict(headers)[b"cache-control"] == b"no-store"
    assert dict(headers)[b"x-request-id"]
    if location:
        cookies = b" ".join(value for name, value in headers if name == b"set-cookie")
        assert b'hcsid=""; HttpOnly; Max-Age=0; Path=/shop/' in cookies
        assert b"hcnotice=login_failed" in cookies
    (told,) = (record for record in caplog.records if record.message == "request")
    assert (told.status, told.site) == (status, "organization")
