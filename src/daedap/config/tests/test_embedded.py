"""The embedded PostgreSQL: start, reuse, kill, stop."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from daedap.config.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    _open_parents,
    database_url,
    socket_folder,
)


@pytest.fixture
def server():
    folder = Path(tempfile.mkdtemp(prefix="daedap-embedded-"))  # short: pytest's own are too long for a socket
    server = EmbeddedPostgres(folder / "home")
    yield server
    server.stop()
    shutil.rmtree(folder)


def ask(server, query, *values):
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(query, values)
        return cursor.fetchall() if cursor.description else None


def pid_of(server):
    return int((server.data / "postmaster.pid").read_text().split()[0])


def test_given_an_empty_folder_when_started_then_an_unprivileged_role_owns_a_utf8_database(server):
    assert server.start() is True
    assert server.is_running()
    role = ask(server, "SELECT current_user, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user")
    assert role == [("daedap", False, True)]
    assert ask(server, "SELECT current_setting('server_encoding'), '가' < '나', '나' < '다'") == [("UTF8", True, True)]
    assert ask(server, "SHOW fsync") == [("on",)]
    assert ask(server, "SHOW listen_addresses") == [("",)]
    assert server.sockets.stat().st_mode & 0o777 == 0o700


def test_given_a_running_server_when_started_again_then_it_is_the_same_process(server):
    server.start()
    first = pid_of(server)
    assert EmbeddedPostgres(server.home).start() is False
    assert pid_of(server) == first


def test_given_a_killed_server_when_started_then_committed_rows_are_there(server):
    server.start()
    ask(server, "CREATE TABLE kept (word text)")
    ask(server, "INSERT INTO kept VALUES ('대답')")
    killed = pid_of(server)
    os.kill(killed, signal.SIGKILL)
    assert server.start() is True
    assert pid_of(server) != killed
    assert ask(server, "SELECT word FROM kept") == [("대답",)]


def test_given_a_process_file_that_names_a_stranger_when_started_then_it_starts(server):
    server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n1\n5432\n{server.sockets}\n\n\nready\n")
    assert not server.is_running()
    assert server.start() is True


def test_given_remains_of_a_broken_initialization_when_started_then_they_are_swept_and_it_starts(server):
    server.home.mkdir()
    half = server.home / "pg.new-broken"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    server.start()
    assert not half.exists()
    assert ask(server, "SELECT 1") == [(1,)]


def test_given_foreign_files_in_the_data_folder_when_started_then_refused_and_kept(server):
    server.data.mkdir(parents=True)
    (server.data / "diary.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="not a PostgreSQL data folder"):
        server.start()
    assert (server.data / "diary.txt").read_text() == "mine"


def test_given_two_users_when_the_first_leaves_then_it_runs_until_the_last_leaves(server):
    with server.in_use():
        with EmbeddedPostgres(server.home).in_use():
            pass
        assert ask(server, "SELECT 1") == [(1,)]
    assert not server.is_running()


def test_given_a_user_that_was_killed_when_the_next_leaves_then_it_is_stopped(server):
    program = (
        "import pathlib, sys, time; from daedap.config.embedded import EmbeddedPostgres\n"
        f"with EmbeddedPostgres(pathlib.Path({str(server.home)!r})).in_use(): print('in', flush=True); time.sleep(60)"
    )
    user = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert user.stdout.readline() == "in\n"
    user.kill()
    user.wait()
    user.stdout.close()
    assert server.is_running()
    with server.in_use():
        pass
    assert not server.is_running()


def test_given_two_starts_at_once_when_both_end_then_one_server_runs(server):
    program = (
        "import pathlib; from daedap.config.embedded import EmbeddedPostgres\n"
        f"print(EmbeddedPostgres(pathlib.Path({str(server.home)!r})).start())"
    )
    both = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(process.communicate()[0] for process in both) == ["False\n", "True\n"]


def test_given_a_long_home_when_asked_then_the_socket_path_stays_short_and_is_its_own():
    homes = [Path("/srv") / ("x" * 90) / name for name in ("a", "b")]
    folders = [socket_folder(home) for home in homes]
    assert all(len(str(folder / ".s.PGSQL.5432")) < 100 for folder in folders)
    assert folders[0] != folders[1]


def test_given_a_home_with_a_space_when_asked_then_the_address_is_quoted(tmp_path):
    assert database_url(Path("/srv/my data")) == "postgresql://daedap@/daedap?host=/srv/my%20data/run"


def test_given_a_closed_parent_when_opened_then_others_may_pass_and_nothing_else(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    _open_parents(closed / "pg")
    assert closed.stat().st_mode & 0o777 == 0o701


def test_given_a_running_server_when_stopped_then_it_ends_soon_though_clients_are_connected(server):
    server.start()
    client = psycopg.connect(server.url)
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 5
    assert not server.is_running()
    client.close()
