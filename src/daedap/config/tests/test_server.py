"""`daedap serve` as a process: start, signals, kills, outages."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time

import psutil
import pytest

from tests.installation import DAEDAP, copy_of, free_port, until

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def installation(migrated_home):
    """One for all tests here, left stopped by each."""
    with copy_of(migrated_home) as installation:
        yield installation


@pytest.fixture
def daedap(installation):
    installation.port = free_port()
    yield installation
    installation.remove()


def run_a_job(daedap):
    """Queue a job behind the application's back; return how many seconds it took until it was done."""
    begun = time.monotonic()
    daedap.ask(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args)"
        " VALUES ('mail', 'core.deliver_mail', 0, '{\"mail_id\": 0}')"
    )
    waiting = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'core.deliver_mail'"
    assert until(lambda: daedap.ask(waiting) == [(0,)])
    return time.monotonic() - begun


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_given_a_running_server_when_asked_to_end_then_all_of_it_ends_with_0(daedap, how):
    daedap.serve()
    children = psutil.Process(daedap.process.pid).children(recursive=True)
    assert daedap.stop(how) == 0
    assert not daedap.database.is_running()
    assert not [child for child in children if child.is_running()]
    assert daedap.get("/healthz") is None


def test_given_half_an_upload_when_asked_to_end_twice_then_all_of_it_ends_with_0(daedap):
    daedap.start()
    assert until(daedap.is_ready), daedap.log.read_text()
    with socket.create_connection(("127.0.0.1", daedap.port)) as visitor:
        visitor.sendall(b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf")
        assert until(lambda: daedap.status("/healthz") == 200)  # it has been let in before
        daedap.process.send_signal(signal.SIGTERM)
        assert until(lambda: daedap.get("/healthz") is None)
        assert daedap.process.poll() is None  # the upload may still come
        assert daedap.stop() == 0
    assert not daedap.database.is_running()
    assert '"the server ends while requests are not answered yet"' in daedap.log.read_text()


def test_given_a_killed_server_when_started_again_on_the_same_port_then_rows_and_jobs_are_kept(daedap):
    daedap.serve()
    daedap.ask("INSERT INTO core_limitcounter (key, window_started_at, count) VALUES ('kept', now(), 7)")
    daedap.kill()
    # what a worker that was killed in the middle of a job leaves behind
    daedap.ask("DELETE FROM procrastinate_workers")
    daedap.ask(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, status, attempts, args)"
        " VALUES ('mail', 'core.deliver_mail', 0, 'doing', 1, '{\"mail_id\": 0}')"
    )
    daedap.serve()
    assert daedap.ask("SELECT count FROM core_limitcounter WHERE key = 'kept'") == [(7,)]
    assert until(lambda: daedap.ask("SELECT count(*) FROM procrastinate_jobs") == [(0,)])
    assert daedap.stop() == 0


def test_given_a_database_outage_when_it_is_back_then_the_server_recovers_by_itself(daedap):
    daedap.serve()
    host = {"Host": f"nobody.oc.localhost:{daedap.port}"}
    assert daedap.status("/", headers=host) == 404
    assert until(lambda: daedap.ask("SELECT count(*) FROM procrastinate_periodic_defers") != [(0,)])
    daedap.database.stop()
    assert daedap.status() == 503
    assert daedap.get("/readyz").json() == {"status": "failing", "failing": ["database"], "impaired": []}
    assert daedap.status("/", headers=host) == 503
    assert daedap.status("/healthz") == 200
    daedap.database.start()
    back = daedap.ask("SELECT now()")[0][0]
    assert until(daedap.is_ready)
    assert daedap.status("/", headers=host) == 404
    workers = "SELECT id FROM procrastinate_workers WHERE last_heartbeat > %s"
    assert until(lambda: daedap.ask(workers, back))
    listening = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND backend_start > %s"
    assert until(lambda: daedap.ask(listening, back))
    new_worker = daedap.ask(workers, back)
    run_a_job(daedap)
    # It polls five seconds after a job: a job that is done earlier has woken it. On a busy machine the third, perhaps.
    assert min(run_a_job(daedap) for _ in range(3)) < 4
    time.sleep(3)
    assert daedap.ask(workers, back) == new_worker  # it stays, periodic jobs and all


def test_given_the_edge_when_it_is_killed_then_it_comes_back_and_it_ends_with_the_server(daedap):
    def edges():
        children = psutil.Process(daedap.process.pid).children()
        return [child for child in children if "daedap.config.edge_process" in child.cmdline()]

    def enter():
        host = {"Host": f"nobody.oc.localhost:{daedap.port}"}
        return daedap.status("/shop/hc/?token=x", headers=host)

    daedap.serve()
    assert enter() == 404
    (first,) = until(edges)
    first.kill()
    assert enter() == 404  # it waits for the new one
    (second,) = until(edges)
    assert second.pid != first.pid
    assert '"the edge ended and is started again"' in daedap.log.read_text()
    assert 'route="<service>/hc/?token",status="404"' in daedap.get("/metrics").text
    daedap.stop(signal.SIGKILL)
    assert until(lambda: not second.is_running(), seconds=10)


def test_given_no_worker_when_asked_then_readyz_names_it_until_one_runs(daedap):
    daedap.run("migrate")
    daedap.serve("--no-worker")
    daedap.ask("DELETE FROM procrastinate_workers")
    assert daedap.get("/readyz").json() == {"status": "failing", "failing": ["worker"], "impaired": []}
    worker = subprocess.Popen([DAEDAP, "worker"], env=daedap.environment, cwd=daedap.home)
    assert until(daedap.is_ready), daedap.log.read_text()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(12) == 0
    assert daedap.database.is_running()  # the server still uses it
    assert daedap.stop() == 0
    assert not daedap.database.is_running()


def test_given_health_when_asked_by_an_address_then_it_answers_and_metrics_stay_on_the_machine(daedap):
    daedap.serve()
    assert daedap.status("/healthz", headers={"Host": "10.0.0.7"}) == 200
    assert daedap.status("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}) == 403
    figures = daedap.get("/metrics", headers={"Host": "10.0.0.7"}).text
    assert 'daedap_request_seconds_count{route="healthz"}' in figures


def test_given_a_taken_port_when_started_then_refused_with_a_sentence(daedap):
    with socket.socket() as other:
        other.bind(("127.0.0.1", daedap.port))
        other.listen()
        done = daedap.run("serve", "--port", str(daedap.port), check=False)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{daedap.port}" in done.stderr
    assert not daedap.database.is_running()


def test_given_no_place_for_the_edges_socket_when_started_then_refused_with_a_sentence(daedap, tmp_path):
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    done = daedap.run("serve", "--port", str(daedap.port), check=False, TMPDIR=str(folder))
    assert done.returncode == 1
    assert "Cannot make a socket in the folder for temporary files" in done.stderr
    assert "Traceback" not in done.stderr
    assert not daedap.database.is_running()
    assert not list(folder.iterdir())


def test_given_a_fresh_home_when_the_doctor_looks_then_it_names_what_to_mend(daedap):
    environment = {"DAEDAP_PUBLIC_URL": "http://203.0.113.9", "DAEDAP_SECRET_KEY": "short"}
    done = daedap.run("doctor", check=False, **environment)
    assert done.returncode == 1
    mended = [line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("MEND")]
    assert "Secret key" in mended
    assert "Public address http://203.0.113.9" in mended
    assert "Migrations" not in mended


def test_given_the_log_of_a_server_when_read_then_every_line_after_the_table_is_json(daedap):
    daedap.log.write_text("")
    daedap.serve()
    daedap.get("/nowhere/?token=verysecret")
    daedap.stop()
    lines = [line for line in daedap.log.read_text().splitlines() if line and not line.startswith("  ")]
    assert lines
    assert all(json.loads(line)["level"] for line in lines)
    assert "verysecret" not in daedap.log.read_text()
