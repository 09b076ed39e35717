"""The statements of one request, and `pgbench` running the same ones."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.load import percentile
from benchmarks.stack import BenchError
from daedap.config.embedded import bin_folder

_TRANSACTION_WORDS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@dataclass(frozen=True)
class Statements:
    """What one request sent to the database, parameters in place, in order."""

    all: tuple[str, ...]

    @property
    def queries(self) -> int:
        """Statements that read or write."""
        return sum(not _is_transaction_word(statement) for statement in self.all)

    @property
    def others(self) -> int:
        """BEGIN, COMMIT and the like: a round trip each, but no query."""
        return len(self.all) - self.queries


@dataclass(frozen=True)
class Rule:
    """What must differ from run to run: in statements that match `where`, `pattern` becomes `replacement`.

    pgbench puts the values of its variables (`:name`) into the text, also inside quotes.
    """

    pattern: str
    replacement: str
    where: str = ""


@dataclass(frozen=True)
class PgbenchResult:
    """What pgbench reached. Latencies are those of one run of the whole script, in seconds, sorted."""

    transactions: int
    rate: float
    latencies: list[float]

    def percentile(self, percent: float) -> float:
        return percentile(self.latencies, percent)

    @classmethod
    def merged(cls, parts: list[Self]) -> Self:
        """Return several runs of equal length as one."""
        latencies = sorted(latency for part in parts for latency in part.latencies)
        return cls(sum(part.transactions for part in parts), statistics.mean(part.rate for part in parts), latencies)


def capture(act: Callable[[], object]) -> Statements:
    """Return what `act` sends through this process's own connection."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return Statements(tuple(str(query["sql"]) for query in captured.captured_queries))


def script_of(statements: Statements, rules: Sequence[Rule] = (), variables: Sequence[str] = ()) -> str:
    """Return a pgbench script of `statements`; raise BenchError if a rule finds nothing to replace."""
    parts = [statement.strip().rstrip(";") for statement in statements.all]
    for rule in rules:
        changed = [
            re.sub(rule.pattern, rule.replacement, part) if re.search(rule.where, part) else part for part in parts
        ]
        if changed == parts:
            raise BenchError(f"The captured statements hold no {rule.pattern!r}; the benchmark must follow the code.")
        parts = changed
    lines = [part if "\\gset" in part else f"{part};" for part in parts]
    return "\n".join([*variables, *lines]) + "\n"


def run_pgbench(script: str, *, url: str, folder: Path, clients: int, seconds: float) -> PgbenchResult:
    """Run the script for some seconds with as many connections as the application had clients."""
    file = folder / "pgbench.sql"
    file.write_text(script, encoding="utf-8")
    for old in folder.glob("pgbench_log.*"):
        old.unlink()
    threads = min(clients, psutil.cpu_count() or 1)
    command = [
        str(bin_folder() / "pgbench"), "--no-vacuum", "--protocol=simple", f"--client={clients}", f"--jobs={threads}",
        f"--time={max(1, round(seconds))}", f"--file={file}", "--log", f"--log-prefix={folder}/pgbench_log", url,
    ]  # fmt: skip
    told = _run(command, patience=seconds + 60)
    failed = re.search(r"number of failed transactions: (\d+)", told)
    rate = re.search(r"tps = ([\d.]+) \(without initial connection time\)", told)
    if rate is None or (failed is not None and failed[1] != "0"):
        raise BenchError(f"pgbench failed:\n{told[-2000:]}")
    taken = [
        int(line.split()[2]) / 1e6 for log in folder.glob("pgbench_log.*") for line in log.read_text().splitlines()
    ]
    return PgbenchResult(len(taken), float(rate[1]), sorted(taken))


def _run(command: list[str], patience: float) -> str:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PGCLIENTENCODING": "UTF8"}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True,
        timeout=patience,
    )  # fmt: skip
    if done.returncode:
        raise BenchError(f"pgbench failed with code {done.returncode}:\n{done.stdout[-2000:]}")
    return done.stdout


def _is_transaction_word(statement: str) -> bool:
    return statement.lstrip().upper().startswith(_TRANSACTION_WORDS)
