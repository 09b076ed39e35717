"""What a `kill -9` may not lose, and what two people at once may not both get: real processes, real HTTP."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.factories import PASSWORD
from tests.installation import Installation, copy_of, free_port, text_of, until

pytestmark = pytest.mark.server

MAILS = "SELECT status, recipient, content, tries FROM core_outgoingmail"


@pytest.fixture
def installation(migrated_home: Path) -> Iterator[Installation]:
    with copy_of(migrated_home) as installation:
        yield installation


def browser_at(installation: Installation) -> httpx.Client:
    return httpx.Client(base_url=installation.base_url, trust_env=False, timeout=20)


def submit(
    browser: httpx.Client, path: str, start: threading.Barrier | None = None, /, **fields: Any
) -> httpx.Response:
    """Open the page, fill its form in and send it (when `start` says so), with the CSRF token that the page carries."""
    page = browser.get(path)
    assert page.status_code == 200, page
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None, page.text
    if start is not None:
        start.wait(20)
    return browser.post(path, data={"csrfmiddlewaretoken": token[1], **fields})


def ask_for_verification_mail(browser: httpx.Client, address: str) -> None:
    """Walk through sign-up until its first mail."""
    for path, fields in (
        ("/signup/", {"country": "KR"}),
        ("/signup/type/", {"membership_type": "individual"}),
        ("/signup/terms/", {"service": "on", "privacy": "on", "age": "on"}),
        ("/signup/email/", {"email": address}),
    ):
        assert submit(browser, path, **fields).status_code == 302, path


# --- Mail ----------------------------------------------------------------------------------------


def test_given_a_crash_between_commit_and_mail_when_started_again_then_the_mail_leaves_once(installation):
    # given: the change is committed, nobody has sent its mail, and the process dies
    installation.serve("--no-worker")
    with browser_at(installation) as browser:
        ask_for_verification_mail(browser, "kim@example.com")
    [(status, recipient, content, tries)] = installation.ask(MAILS)
    assert (status, tries) == ("queued", 0)
    assert "kim@example.com" not in recipient + content  # waits encrypted
    assert installation.mails() == []
    installation.kill()
    # when
    installation.serve()
    # then
    assert until(installation.mails), installation.log.read_text()
    assert until(lambda: installation.ask(MAILS) == [("sent", "", "", 1)])
    assert until(lambda: installation.ask("SELECT count(*) FROM procrastinate_jobs") == [(0,)])
    [mail] = installation.mails()
    assert mail["To"] == "kim@example.com"
    [path] = re.findall(rf"{installation.base_url}(/signup/verify/\S+)", text_of(mail))
    with browser_at(installation) as browser:
        assert browser.get(path).status_code == 200  # the link that was mailed works
    assert installation.stop() == 0
    assert len(installation.mails()) == 1


class MailServer:
    """A mail server on loopback: takes mail, or stands still after DATA and never says yes."""

    def __init__(self) -> None:
        self.hangs = True
        self.asked = threading.Event()
        self.taken: list[Any] = []

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.asked.set()
        if self.hangs:
            await asyncio.Event().wait()
        self.taken.append(envelope)
        return "250 OK"


def test_given_a_crash_while_mail_is_handed_over_when_the_claim_is_over_then_it_is_sent_again(installation):
    mail_server = MailServer()
    controller = Controller(mail_server, hostname="127.0.0.1", port=free_port())
    controller.start()
    installation.settings = {"DAEDAP_EMAIL_URL": f"smtp://127.0.0.1:{controller.port}"}
    try:
        # given: killed while the mail server had all of the mail and had not said yes
        installation.serve()
        with browser_at(installation) as browser:
            ask_for_verification_mail(browser, "kim@example.com")
        assert mail_server.asked.wait(20), installation.log.read_text()
        assert [(row[0], row[3]) for row in installation.ask(MAILS)] == [("sending", 1)]
        installation.kill()
        mail_server.hangs = False
        # when: the machine was off for three minutes: whatever was written, was written so much earlier
        installation.ask("UPDATE core_outgoingmail SET claimed_at = claimed_at - interval '3 minutes'")
        installation.ask("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '3 minutes'")
        installation.serve()
        # then
        assert until(lambda: installation.ask(MAILS) == [("sent", "", "", 2)]), installation.log.read_text()
        [taken] = mail_server.taken
        assert taken.rcpt_tos == ["kim@example.com"]
        assert installation.stop() == 0
    finally:
        controller.stop()
    assert len(mail_server.taken) == 1


# --- Two at once ---------------------------------------------------------------------------------

TWO_FOUNDERS = """
from tests.factories import make_organization, make_platform_member
for name in ("first", "second"):
    creator = make_platform_member(email=f"{name}@example.com")
    organization = make_organization(name=name, creator=creator, domain=None, key="", activated_at=None)
    print(organization.public_id)
"""


def save_domain_at_once(browsers: list[httpx.Client], ids: list[str], domain: str) -> list[int]:
    """Have each founder open their wizard, then all press Save in the same moment; return what they were answered."""
    start = threading.Barrier(len(browsers))
    statuses = [0] * len(browsers)

    def save(who: int) -> None:
        statuses[who] = submit(
            browsers[who], f"/console/{ids[who]}/online-contact/domain/", start, name=f"조직 {who}", domain=domain
        ).status_code

    threads = [threading.Thread(target=save, args=(who,)) for who in range(len(browsers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_given_two_founders_when_both_save_one_domain_at_once_then_exactly_one_has_it(installation):
    # given
    installation.serve()
    names = ["first", "second"]
    ids = installation.python(TWO_FOUNDERS)
    browsers = [browser_at(installation) for _ in names]
    for name, browser in zip(names, browsers, strict=True):
        answer = submit(browser, "/login/", email=f"{name}@example.com", password=PASSWORD)
        assert answer.status_code == 302
    for domain in ("one-shop", "two-shop", "three-shop", "four-shop", "five-shop"):
        # when
        statuses = save_domain_at_once(browsers, ids, domain)
        # then
        assert sorted(statuses) == [302, 422]
        rows = installation.ask("SELECT public_id FROM organizations_organization WHERE domain = %s", domain)
        assert rows == [(ids[statuses.index(302)],)]
    for browser in browsers:
        browser.close()
    assert installation.stop() == 0
