"""A whole installation for the browser tests: `daedap serve` with its embedded database and worker, and its mail."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
DAEDAP = Path(sys.executable).with_name("daedap")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """One running Daedap on free ports of this machine, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.base_url = f"http://localhost:{self.port}"
        self.log = home / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DAEDAP_", "_DAEDAP"))}
        kept.pop("DATABASE_URL", None)
        return kept | {
            "DAEDAP_HOME": str(self.home),
            "DAEDAP_PUBLIC_URL": self.base_url,
            "DAEDAP_ALLOW_PRIVATE_CALLBACKS": "true",
        }

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [DAEDAP, "serve"], env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        wait_for(self.is_ready, seconds=60, what=lambda: f"the server: {self.log.read_text()[-2000:]}")

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.base_url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(20)

    def fill_demo(self, shop_port: int) -> dict[str, Any]:
        """Fill the demo tenant beside the running server and return its facts."""
        environment = self.environment | {"SHOP_PORT": str(shop_port)}
        done = subprocess.run(
            [DAEDAP, "demo", "--json"], env=environment, cwd=ROOT, capture_output=True, timeout=120, check=True
        )
        facts: dict[str, Any] = json.loads(done.stdout)
        return facts

    def organization_url(self, domain: str, path: str = "/") -> str:
        return f"http://{domain}.oc.localhost:{self.port}{path}"

    def mails(self) -> list[EmailMessage]:
        """Return every mail that left so far, oldest first."""
        files = sorted((self.home / "mail").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]  # type: ignore[misc]

    def wait_for_mail(self, to: str, containing: str = "", *, seconds: float = 15) -> EmailMessage:
        """Return the newest mail to `to` whose subject contains `containing`, once it has left."""
        found: list[EmailMessage] = []

        def arrived() -> bool:
            found[:] = [mail for mail in self.mails() if mail["To"] == to and containing in mail["Subject"].strip()]
            return bool(found)

        wait_for(arrived, seconds=seconds, what=lambda: f"mail to {to}; {[m['Subject'] for m in self.mails()]}")
        return found[-1]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(mail: EmailMessage) -> str:
    """Return the address of the mail's button: the longest one in its text."""
    return max((word for word in text_of(mail).split() if word.startswith("http")), key=len, default="")


def wait_for(condition: Any, *, seconds: float, what: Any) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"Waited {seconds} s for {what()}")
        time.sleep(0.1)


class Shop:
    """The example integrator beside the installation."""

    def __init__(
        self, *, oc_base_url: str, service: str, key: str, log: Path, port: int = 0, post_service: str = ""
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = log
        self._environment = os.environ | {
            "SHOP_HOST": "127.0.0.1",
            "SHOP_PORT": str(self.port),
            "OC_BASE_URL": oc_base_url,
            "OC_SERVICE": service,
            "OC_POST_SERVICE": post_service or service,
            "OC_KEY": key,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, ROOT / "examples" / "integrator" / "run.py"],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, seconds=15, what=lambda: f"the shop: {self.log.read_text()[-2000:]}")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/", timeout=2).status_code < 500
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
