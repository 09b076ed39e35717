"""A whole installation of its own for a test: `daedap serve` with its embedded database, worker, edge and mail."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg

from daedap.config.embedded import EmbeddedPostgres

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
DAEDAP = Path(sys.executable).with_name("daedap")
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("DAEDAP_", "_DAEDAP")) and name != "DATABASE_URL"
}
CODE = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
"""What Python needs to find, for code that makes its rows as the tests do."""

PRIVATE_CALLBACKS = {"DAEDAP_ALLOW_PRIVATE_CALLBACKS": "true"}
"""What an installation needs whose integrator runs on this machine, too."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(question: Callable[[], T], *, seconds: float = 90) -> T:
    """Ask until the answer is true; return it, or the last answer when time is up."""
    end = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.1)
    return answer


def get(address: str, **options: Any) -> httpx.Response | None:
    """Return the answer from there, or None if nobody gives one. Without certificates: reading them takes long."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(address, timeout=10, trust_env=False, verify=False, **options)
    return None


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Return a folder for a home, with a short name because of the database's socket."""
    with tempfile.TemporaryDirectory(prefix="daedap-home-") as name:
        yield Path(name).resolve()


class Installation:
    """One Daedap: a home, a port, settings, and the process that serves it."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.settings = settings
        self.port = free_port()
        self.log = home / "server.log"
        self.database = EmbeddedPostgres(home)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return ENVIRONMENT | {"DAEDAP_HOME": str(self.home)} | self.settings

    @property
    def base_url(self) -> str:
        return f"http://localhost:{self.port}"

    def organization_url(self, domain: str, path: str = "/") -> str:
        return f"http://{domain}.oc.localhost:{self.port}{path}"

    # --- Its life --------------------------------------------------------------------------------

    def start(self, *arguments: str) -> None:
        """Begin to serve; nobody knows yet whether it works."""
        command = [DAEDAP, "serve", "--port", str(self.port), *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=self.home, stdout=log, stderr=log, start_new_session=True
            )

    def serve(self, *arguments: str) -> None:
        """Start it and wait for its pages (without a worker it never calls itself ready)."""
        self.start(*arguments)
        answers = (lambda: self.status("/healthz") == 200) if "--no-worker" in arguments else self.is_ready
        assert until(answers), self.log.read_text()

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Ask it to end; return its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(12)

    def kill(self) -> None:
        """End the server as a power cut would; the database goes on."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def remove(self) -> None:
        """End whatever of it still runs. What it kept goes with its folder."""
        self.kill()
        self.database.stop()

    def run(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `daedap` to its end, beside the server or without it."""
        return subprocess.run(
            [DAEDAP, *arguments], env=self.environment | environment, cwd=self.home,
            capture_output=True, text=True, timeout=120, check=check,
        )  # fmt: skip

    def python(self, code: str) -> list[str]:
        """Run `code` inside the application, with what the tests have to make rows; return the words it printed."""
        return self.run("manage", "shell", "--verbosity", "0", "-c", code, PYTHONPATH=CODE).stdout.split()

    def fill_demo(self, shop_port: int = 9) -> dict[str, Any]:
        """Fill the demo tenant, whose shop will answer at `shop_port`; return its facts."""
        done = self.run("demo", "--json", "--port", str(self.port), SHOP_PORT=str(shop_port))
        (line,) = done.stdout.splitlines()
        facts: dict[str, Any] = json.loads(line)
        return facts

    # --- Looking at it ---------------------------------------------------------------------------

    def get(self, path: str, **options: Any) -> httpx.Response | None:
        """Return the answer of this machine's server, or None if there is none."""
        return get(f"http://127.0.0.1:{self.port}{path}", **options)

    def status(self, path: str = "/readyz", **options: Any) -> int | None:
        answer = self.get(path, **options)
        return answer.status_code if answer is not None else None

    def is_ready(self) -> bool:
        return self.status() == 200

    def ask(self, query: Any, *values: object) -> Any:
        """Ask the database, or change something behind the application's back."""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else None

    def mails(self) -> list[EmailMessage]:
        """Return every mail that left so far, oldest first."""
        files = sorted((self.home / "mail").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]  # type: ignore[misc]

    def wait_for_mail(self, to: str, containing: str = "") -> EmailMessage:
        """Return the newest mail to `to` whose subject contains `containing`, once it has left."""

        def arrived() -> list[EmailMessage]:
            return [mail for mail in self.mails() if mail["To"] == to and containing in mail["Subject"].strip()]

        found = until(arrived, seconds=15)
        assert found, f"no mail to {to}; {[mail['Subject'] for mail in self.mails()]}"
        return found[-1]


@contextlib.contextmanager
def copy_of(home: Path, **settings: str) -> Iterator[Installation]:
    """Return an installation that has what a prepared `home` at rest has. It is ended and removed afterwards."""
    with short_folder() as folder:
        # `cp`, because the database's folder may belong to somebody else, and has to stay theirs
        subprocess.run(["cp", "-pR", f"{home}/.", folder], check=True)
        installation = Installation(folder, **settings)
        try:
            yield installation
        finally:
            installation.remove()


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(mail: EmailMessage) -> str:
    """Return the address of the mail's button: the longest one in its text."""
    return max((word for word in text_of(mail).split() if word.startswith("http")), key=len, default="")


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
        assert until(self._answers), self.log.read_text()

    def _answers(self) -> bool:
        answer = get(f"http://127.0.0.1:{self.port}/")
        return answer is not None and answer.status_code < 500

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
