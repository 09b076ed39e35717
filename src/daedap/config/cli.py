"""The `daedap` command: serve, worker, migrate, demo, doctor, check-integration, manage.

Whatever needs the embedded database starts it if it is not running; the last command that uses it stops it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from daedap.config.embedded import EmbeddedPostgres, EmbeddedPostgresError
from daedap.members.conformance import command as conformance

if TYPE_CHECKING:
    from daedap.config.edge_process import EdgeProcess

T = TypeVar("T")

MIGRATION_LOCK = 7_233_268_201  # any number, the same for all who migrate one database
CONNECTIONS = 4096
"""Visitors connected at once; more of them wait to be let in, and so would their pages."""

MAX_HEADER_BYTES = 400 * 1024
"""Of a request by HTTP/2; about what the server takes by HTTP/1."""

SERVER_LOG = {"incremental": True, "handlers": {}, "loggers": {"_granian": {"propagate": True}}}
"""What the server itself says of an accident goes where ours goes: JSON lines without secrets."""

INTEGRATOR = Path(__file__).resolve().parents[3] / "examples" / "integrator" / "run.py"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(argv)
    _prepare_environment(options)
    try:
        return int(options.run(options))
    except (EmbeddedPostgresError, ImproperlyConfigured, _Refused) as error:
        sys.stderr.write(f"daedap: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


class _Refused(Exception):
    """The command cannot be carried out; the text says why."""


# --- Commands ------------------------------------------------------------------------------------


def serve(options: argparse.Namespace) -> int:
    """Serve pages and run jobs until Ctrl-C or SIGTERM."""
    with database():
        if settings.EMBEDDED:
            migrate_database()
        code = run_server(options, _addresses())
    leave(code)


def worker(options: argparse.Namespace) -> int:
    """Run jobs until Ctrl-C or SIGTERM."""
    with database():
        from daedap.config.worker import STOP_SECONDS, run_worker

        async def run() -> None:
            stop = asyncio.Event()
            _on_signal(stop.set)
            task = asyncio.create_task(run_worker(stop))
            await stop.wait()
            await asyncio.wait({task}, timeout=STOP_SECONDS + 1)

        _run(run())
    leave(0)


def migrate(options: argparse.Namespace) -> int:
    """Bring the tables of the database up to date."""
    with database():
        migrate_database()
    return 0


def demo(options: argparse.Namespace) -> int:
    """Fill the demo tenant (again without harm); with --serve run it and the example integrator."""
    code = 0
    with database():
        migrate_database()
        from daedap.portal.demo import fill_demo

        facts: dict[str, Any] = fill_demo()
        _close_connections()
        if options.json:
            say(json.dumps(facts, ensure_ascii=False))
        rows = [] if options.json else _demo_rows(facts)
        if options.serve:
            with integrator(facts):
                code = run_server(options, [*_addresses(), *rows])
        elif rows:
            say(_table(rows))
    return leave(code) if options.serve else 0


def doctor(options: argparse.Namespace) -> int:
    """Check the configuration and say what to mend."""
    from daedap.config import doctor as checks

    with contextlib.ExitStack() as stack:
        findings = checks.run(lambda: stack.enter_context(database()))
    for finding in findings:
        say(f"{'ok  ' if finding.ok else 'MEND'}  {finding.what}")
        if not finding.ok:
            say(f"      {finding.advice}")
    return 0 if all(finding.ok for finding in findings) else 1


def manage(options: argparse.Namespace) -> int:
    """Run a management command of Django."""
    from django.core.management import execute_from_command_line

    from daedap.core.database import unhurried

    with database(), unhurried(locks=True):
        execute_from_command_line(["daedap manage", *options.arguments])
    return 0


# --- Parts ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def database() -> Iterator[None]:
    """Set Django up; have the embedded database run for the block unless DATABASE_URL names another."""
    django.setup()
    if not settings.EMBEDDED:
        yield
        return
    with EmbeddedPostgres(settings.HOME).in_use():
        try:
            yield
        finally:
            _close_connections()


def migrate_database() -> None:
    """Apply what is missing. Of two that start together one waits for the other."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from daedap.core.database import unhurried

    with unhurried(locks=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
    _close_connections()


def run_server(options: argparse.Namespace, rows: list[tuple[str, str]]) -> int:
    """Serve until a signal comes; print `rows` once the port answers."""
    from granian.constants import Interfaces
    from granian.http import HTTP2Settings
    from granian.log import LogLevels
    from granian.server.embed import Server

    from daedap.config.asgi import Split
    from daedap.config.ending import serve_until_signal

    logging.captureWarnings(capture=True)  # as JSON lines, like the rest of the log
    host, port = settings.HOST, settings.PORT
    _refuse_taken_port(host, port)
    edge, connections = _edge_process(), _make_room()

    async def run() -> int:
        application = Split(worker=not options.no_worker, edge_process=edge)
        server = Server(
            application,
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            websockets=False,
            backlog=1024,
            backpressure=connections,
            http2_settings=HTTP2Settings(max_headers_size=MAX_HEADER_BYTES),
            log_level=LogLevels.error,
            log_dictconfig=SERVER_LOG,
            log_access=False,  # query strings carry tokens
        )
        announce = asyncio.create_task(_announce(host, port, rows))
        await serve_until_signal(server, application)
        announce.cancel()
        return 1 if server.interrupt_children else 0

    return _run(run())


@contextlib.contextmanager
def integrator(facts: dict[str, Any]) -> Iterator[None]:
    """Run the example shop beside the server. It ends with us, even if we are killed."""
    address = urlsplit(facts["integrator"]["url"])
    environment = os.environ | {
        "SHOP_HOST": "127.0.0.1",  # of this machine only; "localhost" is no address to bind
        "SHOP_PORT": str(address.port or 80),
        "OC_BASE_URL": facts["organization"]["url"],
        "SHOP_POST_URL": facts["integrator"]["post_url"].rstrip("/"),
        "OC_SERVICE": facts["service"]["id"],
        "OC_POST_SERVICE": facts["post_service"]["id"],
        "OC_KEY": facts["organization"]["key"],
    }
    command = [sys.executable, "-m", "daedap.config.tether", str(INTEGRATOR)]
    shop = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
    try:
        yield
    finally:
        shop.terminate()
        try:
            shop.wait(3)
        except subprocess.TimeoutExpired:
            shop.kill()


def leave(code: int) -> NoReturn:
    """End the process now. A thread that still waits for somebody must not hold it up: its work is safe to repeat."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# --- Details -------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="daedap", description="Daedap, a contact centre.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__, allow_abbrev=False)
        command.set_defaults(run=run)
        return command

    def add_server_options(command: argparse.ArgumentParser) -> None:
        command.add_argument("--host", help="address to listen on (DAEDAP_HOST)")
        command.add_argument("--port", type=int, help="port to listen on (DAEDAP_PORT)")
        command.add_argument("--no-worker", action="store_true", help="leave jobs to `daedap worker`")

    add_server_options(add("serve", serve))
    add("worker", worker)
    add("migrate", migrate)
    demo_command = add("demo", demo)
    demo_command.add_argument("--json", action="store_true", help="print one JSON object")
    demo_command.add_argument("--serve", action="store_true", help="then run the server and the example integrator")
    add_server_options(demo_command)
    add("doctor", doctor)
    conformance.add_options(add("check-integration", conformance.run))
    add("manage", manage).add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def _prepare_environment(options: argparse.Namespace) -> None:
    """Let options speak through the environment, which the settings read when they are loaded."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "daedap.config.settings")
    if getattr(options, "host", None):
        os.environ["DAEDAP_HOST"] = options.host
    if getattr(options, "port", None):
        os.environ["DAEDAP_PORT"] = str(options.port)
    if options.run is demo and options.serve:
        # The example shop lives on this machine, where an installation's calls may not go otherwise.
        os.environ.setdefault("DAEDAP_ALLOW_PRIVATE_CALLBACKS", "true")


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    # Not asyncio.run(): it would wait for every thread at the end, also for one that never comes back.
    return asyncio.new_event_loop().run_until_complete(coroutine)


def _on_signal(act: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, act)


def _refuse_taken_port(host: str, port: int) -> None:
    """Look before we listen: the server shares a port on purpose, so a second one would not notice the first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise _Refused(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port.") from None


def _edge_process() -> EdgeProcess:
    from daedap.config.edge_process import EdgeProcess

    try:
        return EdgeProcess()
    except OSError as error:
        reason = error.strerror or error
        raise _Refused(f"Cannot make a socket in the folder for temporary files: {reason}. Set TMPDIR.") from None


def _make_room() -> int:
    """Take as many descriptors as the system gives; return how many visitors may be connected at once.

    A visitor at the edge takes two here, and an entry two there, which inherits the limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(64, min(CONNECTIONS, soft // 4))


async def _announce(host: str, port: int, rows: list[tuple[str, str]]) -> None:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    while True:
        try:
            _, writer = await asyncio.open_connection(reachable, port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            say(_table([*rows, ("Stop", "Ctrl-C")]))
            return


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


def _addresses() -> list[tuple[str, str]]:
    url = settings.PUBLIC_URL
    database_row = str(settings.HOME / "pg") if settings.EMBEDDED else "your own (DATABASE_URL)"
    mail = "sent by your mail server"
    if settings.MAIL_IS_KEPT:
        viewer = f"{url}/-/mail/ " if settings.DEVELOPMENT_PAGES else ""
        mail = f"{viewer}(kept in {settings.MAIL_FOLDER})"
    return [
        ("Platform site", f"{url}/"),
        ("Operator site", f"{url}/operator/"),
        ("Mail", mail),
        ("Database", database_row),
    ]


def _demo_rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    def account(name: str, key: str = "id") -> str:
        return f"{facts[name][key]}  /  {facts[name]['password']}"

    return [
        ("Organization site", facts["organization"]["url"]),
        ("Help centre (GET)", facts["service"]["helpcenter_url"]),
        ("Help centre (POST)", facts["post_service"]["helpcenter_url"]),
        ("Example shop", facts["integrator"]["url"]),
        ("Platform member", account("platform_member", "email")),
        ("Owner", account("owner")),
        ("Administrator", account("administrator")),
        ("Agent", account("agent")),
    ]


def _table(rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows) + 2
    return "\n".join(["", *(f"  {name:<{width}}{value}" for name, value in rows), ""])


if __name__ == "__main__":
    sys.exit(main())
