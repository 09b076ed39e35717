"""What reaches Django through the ASGI application, and what does not."""

from __future__ import annotations

import asyncio

import pytest

from daedap.config import asgi
from daedap.core.requests import client_ip


def talk(chunks=(b"",), *, method="POST", headers=(), query=b"", seen=None, client="127.0.0.1"):
    """Send one request whose body comes in `chunks` to an application that notes what WSGI makes of it."""
    seen = {} if seen is None else seen

    def wsgi(environ, start_response):
        seen.update(environ, body=environ["wsgi.input"].read())
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"fine"]

    async def run():
        split = asgi.Split(worker=False)
        split.django = asgi.WSGIMiddleware(wsgi)
        waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        waiting.append({"type": "http.request", "body": b"", "more_body": False})
        sent = []

        async def receive():
            message = waiting.pop(0)
            if asyncio.iscoroutine(message["body"]):
                await message["body"]
            return message

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "method": method, "path": "/x", "query_string": query, "http_version": "1.1",
            "headers": [(b"host", b"localhost"), *headers], "scheme": "http", "server": ("localhost", 80),
            "client": (client, 4711),
        }  # fmt: skip
        await split(scope, receive, send)
        return sent, len(waiting)

    sent, unread = asyncio.run(run())
    return sent[0]["status"], seen, unread


def test_given_a_body_in_many_chunks_when_sent_then_django_reads_it_whole_with_its_length():
    chunks = [b"ab" * 200_000, b"c"]
    status, seen, _ = talk(chunks, headers=[(b"transfer-encoding", b"chunked")])
    assert status == 200
    assert seen["body"] == b"".join(chunks)
    assert seen["CONTENT_LENGTH"] == "400001"
    assert "HTTP_TRANSFER_ENCODING" not in seen


def test_given_a_body_of_exactly_the_spools_size_when_sent_then_it_arrives_whole():
    _, seen, _ = talk([b"x" * asgi.SPOOL_BYTES])
    assert len(seen["body"]) == asgi.SPOOL_BYTES


def test_given_a_declared_size_over_the_limit_when_sent_then_413_and_nothing_is_read(settings):
    settings.MAX_REQUEST_BYTES = 1000
    status, seen, unread = talk([b"x"], headers=[(b"content-length", b"1001")])
    assert (status, seen, unread) == (413, {}, 2)


def test_given_more_bytes_than_the_limit_when_they_come_then_413_and_django_never_hears_of_it(settings):
    settings.MAX_REQUEST_BYTES = 1000
    status, seen, _ = talk([b"x" * 600, b"x" * 600])
    assert (status, seen) == (413, {})
    settings.MAX_REQUEST_BYTES = 1200
    assert talk([b"x" * 600, b"x" * 600])[0] == 200


def test_given_half_an_upload_when_nothing_more_comes_then_408_and_django_never_hears_of_it(monkeypatch):
    monkeypatch.setattr(asgi, "SILENCE_SECONDS", 0.02)
    status, seen, _ = talk([b"half", asyncio.Event().wait()], headers=[(b"content-length", b"1000")])
    assert (status, seen) == (408, {})


def test_given_no_folder_for_temporary_files_when_an_upload_comes_then_503_and_the_log_says_why(
    monkeypatch, tmp_path, caplog
):
    monkeypatch.setattr(asgi.tempfile, "tempdir", str(tmp_path / "gone"))
    status, seen, _ = talk([b"x" * (asgi.SPOOL_BYTES + 1)])
    assert (status, seen) == (503, {})
    [told] = caplog.records
    assert (told.levelname, told.folder, told.reason) == ("ERROR", str(tmp_path / "gone"), "No such file or directory")


def test_given_many_uploads_when_they_are_read_then_in_few_threads_and_pages_have_the_others():
    sizes, at_once = [asgi.LARGE_BYTES + 1] * 8 + [1] * 2, []

    async def run():
        split, seen = asgi.Split(worker=False), asyncio.Event()

        async def django(scope, receive, send):
            at_once.append(int(dict(scope["headers"])[b"content-length"]))
            await seen.wait()

        split.django = django
        scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": []}

        def receive_of(size):
            async def receive():
                return {"type": "http.request", "body": b"x" * size}

            return receive

        requests = [asyncio.create_task(split(dict(scope), receive_of(size), None)) for size in sizes]
        for _ in range(20):
            await asyncio.sleep(0)
        reading = sorted(at_once)
        seen.set()
        await asyncio.gather(*requests)
        return reading

    assert asyncio.run(run()) == [1, 1, *[asgi.LARGE_BYTES + 1] * asgi.LARGE_AT_ONCE]
    assert sorted(at_once) == sorted(sizes)  # all in the end


def test_given_a_header_with_an_underscore_when_sent_then_it_cannot_pass_for_the_one_with_a_dash():
    _, seen, _ = talk(method="GET", headers=[(b"x_forwarded_proto", b"https")])
    assert "HTTP_X_FORWARDED_PROTO" not in seen


@pytest.mark.parametrize(
    ("raw", "seen_as"), [("q=한".encode(), "q=%ED%95%9C"), (b"a=%20&b=1+2", "a=%20&b=1+2"), (b"", "")]
)
def test_given_raw_bytes_in_the_query_when_sent_then_they_are_quoted(raw, seen_as):
    status, seen, _ = talk(method="GET", query=raw)
    assert (status, seen["QUERY_STRING"]) == (200, seen_as)


def leave(messages, headers=()):
    """Send what came of one request before its client went away; return what Django and the client got of it."""
    reached, sent = [], []

    def wsgi(environ, start_response):
        reached.append(environ)
        start_response("200 OK", [])
        return [b""]

    async def run():
        split = asgi.Split(worker=False)
        split.django = asgi.WSGIMiddleware(wsgi)

        async def receive():
            return messages.pop(0)

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/x", "query_string": b"", "http_version": "1.1",
            "headers": [(b"host", b"localhost"), *headers], "scheme": "http", "server": ("localhost", 80),
        }  # fmt: skip
        await split(scope, receive, send)
        assert split.in_flight == 0

    asyncio.run(run())
    return reached, sent


def test_given_a_client_that_leaves_in_the_middle_when_half_a_form_came_then_nobody_acts_on_it():
    half = {"type": "http.request", "body": b"csrfmiddlewaretoken=x&content=Please do not", "more_body": True}
    assert leave([half, {"type": "http.disconnect"}]) == ([], [])


def test_given_less_than_was_declared_when_the_body_ends_then_nobody_acts_on_it():
    half = {"type": "http.request", "body": b"content=Please do not", "more_body": False}
    assert leave([half], headers=[(b"content-length", b"100")]) == ([], [])


@pytest.mark.parametrize(
    ("trusted", "client", "told", "address"),
    [
        ([], "127.0.0.1", b"203.0.113.9", "127.0.0.1"),  # nobody is believed
        (["127.0.0.1"], "127.0.0.1", b"203.0.113.9", "203.0.113.9"),
        (["127.0.0.1"], "127.0.0.1", b"10.0.0.1, 203.0.113.9", "203.0.113.9"),  # what a visitor put in front is not
        (["127.0.0.1", "10.0.0.0/8"], "127.0.0.1", b"203.0.113.9, 10.1.2.3", "203.0.113.9"),
        (["127.0.0.1"], "198.51.100.7", b"203.0.113.9", "198.51.100.7"),  # a stranger speaks for nobody
        (["127.0.0.1"], "127.0.0.1", b"2001:db8::1", "2001:db8::1"),
    ],
)
def test_given_a_proxy_when_it_names_the_visitor_then_only_a_trusted_one_is_believed(
    settings, trusted, client, told, address
):
    settings.TRUSTED_PROXIES = trusted
    _, seen, _ = talk(client=client, headers=[(b"x-forwarded-for", told)])
    assert seen["REMOTE_ADDR"] == address


def test_given_nonsense_for_an_address_when_read_then_it_is_unknown(rf):
    assert client_ip(rf.get("/", REMOTE_ADDR="<script>")) == ""
    assert client_ip(rf.get("/", REMOTE_ADDR="203.0.113.9")) == "203.0.113.9"
