"""How many visitors may wait for one company at once (docs/adr/0007), by the real client against a real server."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from daedap.members.tokens import Reason
from daedap.members.verification import CALLS_AT_ONCE, WAIT_SECONDS, Question, Verifier


class SlowCompany:
    """A verification server that answers nobody before `awaited` are waiting (or it is told to), and then everybody."""

    def __init__(self, awaited):
        self.awaited, self.waiting, self.peak = awaited, 0, 0
        self.everybody_is_here = asyncio.Event()

    async def answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        query = parse_qs(urlsplit(head.split(" ")[1]).query)
        self.waiting += 1
        self.peak = max(self.peak, self.waiting)
        if self.waiting == self.awaited:
            self.everybody_is_here.set()
        await self.everybody_is_here.wait()
        self.waiting -= 1
        body = json.dumps({"login": "true", "usercode": query["usercode"][0]}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


async def ask_for(visitors, *, company):
    server = await asyncio.start_server(company.answer, "127.0.0.1", 0, backlog=1024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/verify"
    verifier = Verifier()
    async with server:
        return await asyncio.gather(*(verifier.ask(Question(1, url, f"u{n}", "token")) for n in range(visitors)))


@pytest.fixture(autouse=True)
def private_addresses(settings):
    settings.ALLOW_PRIVATE_CALLBACKS = True


def test_given_300_visitors_of_one_service_when_the_company_is_slow_then_all_wait_at_once():
    async def run():
        company = SlowCompany(awaited=300)
        return company, await ask_for(300, company=company)

    company, refusals = asyncio.run(run())
    assert refusals == [None] * 300
    assert company.peak == CALLS_AT_ONCE == 300


def test_given_one_visitor_too_many_when_no_place_gets_free_then_only_that_one_is_refused(monkeypatch):
    monkeypatch.setattr("daedap.members.verification.CALLS_AT_ONCE", 3)

    async def run():
        company = SlowCompany(awaited=None)  # the clock lets them go, later than a fourth may wait
        asyncio.get_running_loop().call_later(WAIT_SECONDS + 0.3, company.everybody_is_here.set)
        return company, await ask_for(4, company=company)

    company, refusals = asyncio.run(run())
    assert sorted(refusals, key=str) == [None, None, None, Reason.VERIFY_BUSY]
    assert company.peak == 3


@pytest.mark.parametrize(("limit", "told"), [(5.0, 0), (0.05, 1)])
def test_given_a_company_that_is_slow_when_asked_then_the_log_says_so_without_its_address(
    monkeypatch, caplog, limit, told
):
    monkeypatch.setattr("daedap.members.verification.SLOW_SECONDS", limit)
    caplog.set_level("INFO")

    async def run():
        company = SlowCompany(awaited=None)
        asyncio.get_running_loop().call_later(0.1, company.everybody_is_here.set)
        return await ask_for(1, company=company)

    assert asyncio.run(run()) == [None]
    slow = [record for record in caplog.records if record.message == "member.verify.slow"]
    assert len(slow) == told
    for record in slow:
        assert record.service_pk == 1
        assert record.milliseconds >= 100
        assert "token" not in str(vars(record))
        assert "127.0.0.1" not in str(vars(record))
