"""The watch over a run: whenever it is interrupted, nothing stays behind.

The run is a process of its own, and ends by being killed with all that it has started. So an interrupt never meets
code that has started something and not noted it yet: the watch itself only notes signals, and looks at them where it
waits.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.stack import free_port

LOOK_SECONDS = 0.05
STOP_SECONDS = 5
PROGRAMS = {"initdb", "pg_ctl", "pgbench", "postgres", "sh"}
"""What we start with an environment of its own; `sh` stands between `pg_ctl` and the server."""


class Watch:
    """From its making on, SIGINT and SIGTERM are noted instead of ending this process."""

    def __init__(self) -> None:
        self.interrupted = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def over(self, command: list[str]) -> int:
        """Run the command in a new folder; return its code, 130 if it was interrupted. Either way all has ended."""
        with own_folder() as home:
            run = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
            try:
                while run.poll() is None and not self.interrupted:
                    time.sleep(LOOK_SECONDS)
            finally:
                end_all(home)
            code = run.wait()
        return 130 if self.interrupted else code

    def _note(self, *_signal: object) -> None:
        self.interrupted = True


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Point the settings of processes started here at a new folder and a free port; delete the folder at the end."""
    home = Path(tempfile.mkdtemp(prefix="daedap-bench-")).resolve()
    for name in [name for name in os.environ if name.startswith("DAEDAP_") and name != "DAEDAP_STATIC_ROOT"]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)
    port = free_port()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "daedap.config.settings",
        "DAEDAP_HOME": str(home),
        "DAEDAP_PORT": str(port),
        "DAEDAP_PUBLIC_URL": f"http://localhost:{port}",
        "DAEDAP_ALLOW_PRIVATE_CALLBACKS": "true",  # the verification URL of the token entries is ours
        "TMPDIR": str(home),
    }
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def end_all(home: Path) -> None:
    """End every process that works for the folder, the database so that it gives back its shared memory."""
    until = time.monotonic() + STOP_SECONDS
    quiet = 0
    while quiet < 2:  # twice: between two programs of one process there is a moment without a name
        found = [process for process in psutil.process_iter() if _works_for(process, home)]
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                is_asked = process.name() == "postgres" and time.monotonic() < until
                process.send_signal(signal.SIGQUIT if is_asked else signal.SIGKILL)
        quiet = 0 if found else quiet + 1
        time.sleep(LOOK_SECONDS)


def _works_for(process: psutil.Process, home: Path) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        if process.name() in PROGRAMS:
            return any(str(home) in word for word in (process.cwd(), *process.cmdline()))
        return bool(process.environ().get("DAEDAP_HOME") == str(home))
    except psutil.Error:
        return False
