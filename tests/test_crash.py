"""What a `kill -9` may not lose, and what two people at once may not both get: real processes, real HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from daedap.config.tests.test_server import Daedap, free_port, until
from tests.factories import PASSWORD

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[1]
MAILS = "SELECT status, recipient, content, tries FROM core_outgoingmail"


class Installation(Daedap):
    """A home, a port and a server, with settings of its own, and people in front of it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.settings: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | self.settings

    def kill(self) -> None:
        """End the server as a power cut would; the database goes on."""
        self.process.kill()
        self.process.wait()

    def serve(self, *arguments: str) -> None:
        """Start the server and wait for its pages (without a worker it never calls itself ready)."""
        self.start(*arguments)
        answers = (lambda: self.status("/healthz") == 200) if "--no-worker" in arguments else self.is_ready
        assert until(answers), self.log.read_text()

    def kept_mails(self) -> list[Path]:
        return sorted((self.home / "mail").glob("*.eml"))

    def python(self, code: str) -> list[str]:
        """Run `code` inside the application, beside the server; return the words it printed."""
        done = subprocess.run(
            self.command("manage", "shell", "--verbosity", "0", "-c", code),
            env=self.environment | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
            cwd=self.home, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.split()

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://localhost:{self.port}", trust_env=False, timeout=20)


@pytest.fixture
def installation() -> Iterator[Installation]:
    home = Path(tempfile.mkdtemp(prefix="daedap-crash-"))
    made = Installation(home)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()
    made.database.stop()
    shutil.rmtree(home)


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
    with installation.browser() as browser:
        ask_for_verification_mail(browser, "kim@example.com")
    [(status, recipient, content, tries)] = installation.ask(MAILS)
    assert (status, tries) == ("queued", 0)
    assert "kim@example.com" not in recipient + content  # waits encrypted
    assert installation.kept_mails() == []
    installation.kill()
    # when
    installation.serve()
    # then
    assert until(installation.kept_mails), installation.log.read_text()
    assert until(lambda: installation.ask(MAILS) == [("sent", "", "", 1)])
    assert until(lambda: installation.ask("SELECT count(*) FROM procrastinate_jobs") == [(0,)])
    [mail] = installation.kept_mails()
    letter = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert letter["To"] == "kim@example.com"
    [path] = re.findall(
        rf"http://localhost:{installation.port}(/signup/verify/\S+)", letter.get_body(["plain"]).get_content()
    )
    with installation.browser() as browser:
        assert browser.get(path).status_code == 200  # the link that was mailed works
    assert installation.stop() == 0
    assert len(installation.kept_mails()) == 1


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
        with installation.browser() as browser:
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
    browsers = [installation.browser() for _ in names]
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
