"""What is measured: a durable embedded database and a real server. Who ends them is `benchmarks.watch`."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load import Plan, Result

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60


class BenchError(Exception):
    """The run cannot go on, or its figures would mean nothing; the text says why."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`daedap serve` as a process of its own."""

    def __init__(self, home: Path) -> None:
        self.port = int(os.environ["DAEDAP_PORT"])
        self.log = home / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when it says that it is ready."""
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "daedap.config.cli", "serve"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise BenchError(f"The server does not start:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.1)

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """Freeze it for the block, so that its job worker takes nothing from what is measured meanwhile."""
        assert self._process is not None
        processes = self.processes()
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                process.resume()

    def processes(self) -> list[psutil.Process]:
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        return [server, *server.children(recursive=True)]

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def run_load(plan: Plan) -> Result:
    """Have the load generator carry out a plan in its own process; raise BenchError if anything failed."""
    patience = plan.seconds + 60
    done = run_module("benchmarks.load", json.dumps(asdict(plan)), patience)
    result = Result(**json.loads(done))
    if result.errors or not result.measured:
        raise BenchError(f"{plan.path}: {result.errors or 'no request was answered'}")
    return result


def run_module(name: str, given: str, patience: float) -> str:
    """Run a module of ours as a process of its own, and return what it prints."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", name], input=given, stdout=subprocess.PIPE, timeout=patience, cwd=ROOT, text=True
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"{name} does not end.") from None
    if done.returncode:
        raise BenchError(f"{name} failed with code {done.returncode}.")
    return done.stdout


# --- The machine ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Memory:
    """Proportional memory of the stack in MB: shared pages are counted once."""

    server: float
    database: float
    is_proportional: bool

    @property
    def total(self) -> float:
        return self.server + self.database


def measure_memory(server: Server, home: Path) -> Memory:
    """Return what the server and the embedded database occupy now."""
    postgres = [process for process in psutil.process_iter() if _works_in(process, home / "pg")]
    sizes: dict[str, float] = {"server": 0.0, "database": 0.0}
    is_proportional = True
    for kind, processes in (("server", server.processes()), ("database", postgres)):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                info = process.memory_full_info()
                is_proportional &= hasattr(info, "pss")
                sizes[kind] += getattr(info, "pss", info.rss) / 1024 / 1024
    return Memory(sizes["server"], sizes["database"], is_proportional)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.name() == "postgres" and Path(process.cwd()) == folder
    except psutil.Error:
        return False


def fsync_milliseconds(folder: Path, times: int = 25) -> float:
    """Return how long the disk takes to make 8 KB durable: the floor under every COMMIT."""
    taken = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(times):
            file.seek(0)
            file.write(os.urandom(8192))
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno()) if hasattr(os, "fdatasync") else os.fsync(file.fileno())
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def machine(folder: Path) -> dict[str, Any]:
    """Return what a reader needs to know of the machine to compare runs."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "python": sys.version.split()[0],
        "fsync_ms": round(fsync_milliseconds(folder), 2),
        "load_before": round(psutil.getloadavg()[0], 2),
    }
