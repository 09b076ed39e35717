"""The figures of a run, as a table to read and as JSON to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.entries import EntryFigures
    from benchmarks.load import Result
    from benchmarks.logins import LoginFigures
    from benchmarks.stack import Memory
    from benchmarks.statements import PgbenchResult, Statements

NAMES = {"list": "Agent's ticket list", "form": "Help centre, enquiry form", "enquiry": "Enquiry creation"}
MEMORY_BUDGET = 350
SERVER_TIME_BUDGET = 30
QUERY_BUDGET = 12
GROWTH_BUDGET = 1.5


@dataclass(frozen=True)
class PageFigures:
    """A page under load, the same statements by pgbench, and the page alone."""

    name: str
    app: Result
    database: PgbenchResult
    statements: Statements
    server_time: float
    cpu_time: float

    @property
    def ratio(self) -> float:
        return self.app.rate / self.database.rate

    def as_dict(self) -> dict[str, Any]:
        return {
            "requests": self.app.measured,
            "requests_per_second": round(self.app.rate, 1),
            "p50_ms": _ms(self.app.percentile(50)),
            "p99_ms": _ms(self.app.percentile(99)),
            "server_time_p50_ms": _ms(self.server_time),
            "server_cpu_p50_ms": _ms(self.cpu_time),
            "queries": self.statements.queries,
            "transaction_statements": self.statements.others,
            "pgbench_per_second": round(self.database.rate, 1),
            "pgbench_p50_ms": _ms(self.database.percentile(50)),
            "pgbench_p99_ms": _ms(self.database.percentile(99)),
            "ratio": round(self.ratio, 3),
        }


@dataclass
class Report:
    """What a run has found."""

    facts: dict[str, Any]
    pages: list[PageFigures] = field(default_factory=list)
    memory: Memory | None = None
    growth: tuple[int, float, int, float] | None = None
    """Few tickets and the list's server time with them, many tickets and the same."""
    entries: EntryFigures | None = None
    logins: LoginFigures | None = None

    def as_dict(self) -> dict[str, Any]:
        kept: dict[str, Any] = {"facts": self.facts, "pages": {page.name: page.as_dict() for page in self.pages}}
        if self.memory is not None:
            kept["memory_mb"] = {"server": round(self.memory.server), "database": round(self.memory.database)}
        if self.growth is not None:
            few, at_few, many, at_many = self.growth
            kept["growth"] = {"tickets": [few, many], "p50_ms": [_ms(at_few), _ms(at_many)]}
        if self.entries is not None:
            kept["entries"] = self.entries.as_dict()
        if self.logins is not None:
            kept["logins"] = self.logins.as_dict()
        return kept


def table(report: Report) -> str:
    """Return the figures as plain text."""
    facts = report.facts
    conditions = (
        f"{facts['cores']} cores, {facts['memory_gb']} GB, Python {facts['python']}, "
        f"8 KB made durable in {facts['fsync_ms']} ms, load before {facts['load_before']}; "
        f"{facts['clients']} clients, {facts['seconds_each']:g} s each, whole run {facts['seconds']} s"
    )
    parts = [
        conditions,
        _columns(
            ("", "requests/s", "p50 ms", "p99 ms", "queries", "pgbench/s", "p50 ms", "p99 ms", "ratio"),
            [_row(page) for page in report.pages],
        ),
        _columns(("", "measured", "budget", ""), list(_budgets(report))),
    ]
    return "\n\n".join(["", *parts, ""])


def _row(page: PageFigures) -> tuple[str, ...]:
    of = page.as_dict()
    return (
        NAMES[page.name], f"{of['requests_per_second']}", f"{of['p50_ms']}", f"{of['p99_ms']}",
        f"{of['queries']} + {of['transaction_statements']}", f"{of['pgbench_per_second']}",
        f"{of['pgbench_p50_ms']}", f"{of['pgbench_p99_ms']}", f"1/{1 / page.ratio:.1f} ({page.ratio:.3f})",
    )  # fmt: skip


def _budgets(report: Report) -> list[tuple[str, str, str, str]]:
    rows = []
    for page in report.pages:
        milliseconds = _ms(page.server_time)
        name = f"{NAMES[page.name]}: server time p50, ms (computing {_ms(page.cpu_time)})"
        if page.name == "enquiry":  # waits for the disk; its budget is the ratio
            rows.append((name, f"{milliseconds}", "", ""))
            continue
        rows.append(judged(name, milliseconds, SERVER_TIME_BUDGET))
        rows.append(judged(f"{NAMES[page.name]}: queries", page.statements.queries, QUERY_BUDGET))
    if report.growth is not None:
        few, at_few, many, at_many = report.growth
        name = f"List p50, {few:,} → {many:,} tickets ({_ms(at_few)} → {_ms(at_many)} ms), times"
        rows.append(judged(name, round(at_many / at_few, 2), GROWTH_BUDGET))
    if report.memory is not None:
        kind = "" if report.memory.is_proportional else ", shared pages counted more than once"
        name = f"Idle memory, MB (server {report.memory.server:.0f}, database {report.memory.database:.0f}{kind})"
        rows.append(judged(name, round(report.memory.total), MEMORY_BUDGET))
    if report.entries is not None:
        rows += report.entries.rows()
    if report.logins is not None:
        rows += report.logins.rows()
    return rows


def judged(name: str, value: float, budget: float) -> tuple[str, str, str, str]:
    """Return a figure's row with its budget and whether it keeps it."""
    return name, f"{value}", f"{budget}", "ok" if value <= budget else "OVER"


def _columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = []
    for first, *others in [head, *rows]:
        numbers = (text.rjust(width) for text, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([first.ljust(widths[0]), *numbers]).rstrip())
    return "\n".join(lines)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
