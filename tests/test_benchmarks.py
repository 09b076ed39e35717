"""The benchmarks work, on numbers too small to mean anything, and leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.load import Answer, Plan, fault_of, percentile, request_bytes
from benchmarks.stack import BenchError
from benchmarks.statements import Rule, Statements, script_of

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "benchmarks", "--quick"]


@pytest.fixture
def folder():
    """Where the run keeps its things, with a short name because of the database's socket."""
    with tempfile.TemporaryDirectory(prefix="dbt-") as name:
        yield Path(name).resolve()


def _environment(folder):
    return os.environ | {"TMPDIR": str(folder)}


def _processes_in(folder):
    found = []
    for process in psutil.process_iter():
        try:
            works_here = Path(process.cwd()).is_relative_to(folder) or str(folder) in " ".join(process.cmdline())
            if works_here or process.environ().get("TMPDIR", "").startswith(str(folder)):
                found.append(process.name())
        except psutil.Error:
            continue
    return found


@pytest.mark.server
def test_given_tiny_numbers_when_run_then_every_figure_is_there_and_nothing_is_left(folder, tmp_path):
    kept = tmp_path / "figures.json"

    done = subprocess.run(
        [*COMMAND, "--json", str(kept)], cwd=ROOT, env=_environment(folder), capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert "Agent's ticket list" in done.stdout
    figures = json.loads(kept.read_text(encoding="utf-8"))
    assert set(figures["pages"]) == {"list", "form", "enquiry"}
    for page in figures["pages"].values():
        assert page["requests"] > 0
        assert page["p50_ms"] <= page["p99_ms"]
        assert page["queries"] > 0
        assert page["ratio"] == pytest.approx(page["requests_per_second"] / page["pgbench_per_second"], rel=0.05)
    assert figures["pages"]["enquiry"]["transaction_statements"] == 2
    assert figures["growth"]["tickets"] == [20, 200]
    assert figures["entries"]["entered"] == 10
    assert figures["entries"]["instant_entries_per_second"] > 0
    assert 0 < figures["entries"]["token_checks_ratio"] < 1
    assert figures["memory_mb"]["server"] > 10
    assert list(folder.iterdir()) == []
    assert _processes_in(folder) == []


@pytest.mark.server
@pytest.mark.parametrize(
    ("sign", "number"),
    [
        pytest.param("pg.new-*", signal.SIGINT, id="the database is made"),
        pytest.param("serve.log", signal.SIGTERM, id="the server starts"),
        pytest.param("pgbench_log.*", signal.SIGINT, id="pgbench runs"),
    ],
)
def test_given_a_run_when_interrupted_then_it_ends_at_once_with_all_that_it_started(folder, sign, number):
    run = subprocess.Popen(COMMAND, cwd=ROOT, env=_environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 90
    while not list(folder.glob(f"*/{sign}")) and run.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    interrupted = time.monotonic()

    run.send_signal(number)
    _, told = run.communicate(timeout=90)

    assert run.returncode == 130, told[-3000:]
    assert time.monotonic() - interrupted < 20  # two or three, where nobody else computes
    assert list(folder.iterdir()) == []
    assert _processes_in(folder) == []


def test_given_sorted_numbers_when_asked_then_percentiles_are_of_the_nearest_rank():
    numbers = [float(number) for number in range(1, 101)]

    assert [percentile(numbers, 50), percentile(numbers, 99), percentile(numbers, 100)] == [50, 99, 100]
    assert percentile([7.0], 1) == 7.0
    assert percentile([], 50) == 0.0


def test_given_a_form_when_two_requests_are_made_then_their_unique_parts_differ():
    form = {"form_id": "{unique}", "email": "{unique}@example.com"}
    plan = Plan(port=1, path="/", headers={"Host": "x"}, expect_status=302, expect_text="/done/", form=form)

    first, second = (request_bytes(plan).split(b"\r\n\r\n")[1] for _ in range(2))

    assert first != second
    form_id, email = first.split(b"&")
    assert email == b"email=" + form_id.removeprefix(b"form_id=") + b"%40example.com"


@pytest.mark.parametrize(
    ("status", "location", "fault"),
    [
        (302, "/shop/hc/ticket/done/x/", ""),
        (302, "/login/", "'/done/' is missing"),
        (422, "", "status 422 instead of 302"),
    ],
)
def test_given_an_answer_when_judged_then_only_the_expected_one_counts(status, location, fault):
    plan = Plan(port=1, path="/", headers={}, expect_status=302, expect_text="/done/", form={})

    assert fault_of(plan, Answer(status, {"location": location}, b"")) == fault


def test_given_captured_statements_when_scripted_then_grouped_as_sent_with_variables():
    statements = Statements(("BEGIN", "INSERT INTO t VALUES ('T1') RETURNING id", "UPDATE u SET t = 41;", "COMMIT"))
    rules = [
        Rule("T1", "T:drawn"),
        Rule("$", r" \\gset row_", where="^INSERT"),
        Rule(r"\b41\b", ":row_id"),
    ]

    script = script_of(statements, rules, [r"\set drawn random(1, 9)"])

    assert script.splitlines() == [
        r"\set drawn random(1, 9)",
        "BEGIN;",
        r"INSERT INTO t VALUES ('T:drawn') RETURNING id \gset row_",
        "UPDATE u SET t = :row_id;",
        "COMMIT;",
    ]
    assert (statements.queries, statements.others) == (2, 2)


def test_given_a_rule_that_finds_nothing_when_scripted_then_refused():
    with pytest.raises(BenchError, match="must follow the code"):
        script_of(Statements(("SELECT 1",)), [Rule("T1", "T2")])
