"""What the settings make of the address that people type."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

ASK = """
import json
from daedap.config import settings
wanted = ("NAME", "SECURE", "HTTPONLY", "PATH", "DOMAIN")
print(json.dumps({n: [getattr(settings, f"{n}_{w}", None) for w in wanted] for n in ("SESSION_COOKIE", "CSRF_COOKIE")}))
"""


TRANSPORT = """
import json
from daedap.config import settings
print(json.dumps([settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, settings.SECURE]))
"""


def fresh(tmp_path, public_url, code):
    """Run `code` in a process that has no settings yet and return what it prints."""
    given = {"DAEDAP_HOME": str(tmp_path), "DAEDAP_PUBLIC_URL": public_url, "DAEDAP_SECRET_KEY": "s"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | given, capture_output=True, check=True, text=True
    )
    return json.loads(done.stdout)


def cookies(tmp_path, public_url):
    """Return name, secure, httponly, path and domain of both cookies."""
    return fresh(tmp_path, public_url, ASK)


def test_given_https_when_pages_are_answered_then_browsers_come_by_https_for_a_year(tmp_path):
    assert fresh(tmp_path, "https://daedap.example", TRANSPORT) == [365 * 86400, True, True]
    assert fresh(tmp_path, "http://localhost:8000", TRANSPORT) == [0, False, False]


def test_given_https_when_cookies_are_named_then_browsers_take_them_from_the_host_itself_only(tmp_path):
    assert cookies(tmp_path, "https://daedap.example") == {
        "SESSION_COOKIE": ["__Host-session", True, True, None, None],
        "CSRF_COOKIE": ["__Host-csrf", True, True, None, None],
    }  # no path but "/" and no domain, or browsers would not take them


def test_given_http_on_the_own_machine_when_cookies_are_named_then_plain_names(tmp_path):
    assert cookies(tmp_path, "http://localhost:8000") == {
        "SESSION_COOKIE": ["sessionid", False, True, None, None],
        "CSRF_COOKIE": ["csrftoken", False, True, None, None],
    }


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, True),
        ({"DAEDAP_HOST": "::1"}, True),
        ({"DAEDAP_HOST": "0.0.0.0"}, False),
        ({"DAEDAP_PUBLIC_URL": "https://daedap.example"}, False),
        ({"DAEDAP_HOST": "0.0.0.0", "DAEDAP_DEVELOPMENT_PAGES": "true"}, True),
    ],
)
def test_given_who_is_listened_to_when_nobody_says_otherwise_then_kept_mail_is_shown_on_the_own_machine_only(
    tmp_path, given, shown
):
    ask = "from daedap.config import settings; print(settings.DEVELOPMENT_PAGES)"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DAEDAP_")}
    environment = plain | {"DAEDAP_HOME": str(tmp_path), "DAEDAP_SECRET_KEY": "s"} | given
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == str(shown)


NETWORKS = "from daedap.config import settings; print(*settings.ALLOWED_CALLBACK_NETWORKS)"


def networks(tmp_path, given):
    environment = {"DAEDAP_HOME": str(tmp_path), "DAEDAP_SECRET_KEY": "s", "DAEDAP_ALLOWED_CALLBACK_NETWORKS": given}
    command = [sys.executable, "-c", NETWORKS]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, check=False, text=True)


def test_given_networks_when_read_then_ranges_and_a_wrong_one_stops_the_start(tmp_path):
    assert networks(tmp_path, "").stdout == "\n"
    assert networks(tmp_path, "10.20.0.0/16,fd12:3456::/32").stdout == "10.20.0.0/16 fd12:3456::/32\n"
    for wrong in ("10.20.0.7/16", "intranet", "10.20.0.0/33"):
        refused = networks(tmp_path, wrong)
        assert refused.returncode != 0
        assert wrong in refused.stderr


OPTIONS = """
import json
from daedap.config import settings
print(json.dumps({**settings.DATABASES["default"]["OPTIONS"], "pool": None}))
"""


def test_given_an_address_with_options_when_read_then_they_win_over_ours(tmp_path, monkeypatch):
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql://d@db.example/d?connect_timeout=9&sslmode=require&options=-c%20lock_timeout%3D9s"
    )
    found = fresh(tmp_path, "http://localhost:8000", OPTIONS)
    assert (found["connect_timeout"], found["sslmode"], found["tcp_user_timeout"]) == (9, "require", 20_000)
    assert found["options"].startswith("-c lock_timeout=4s -c statement_timeout=30s ")
    assert found["options"].endswith(" -c lock_timeout=9s")  # PostgreSQL takes the last


def test_given_a_home_that_cannot_be_written_when_started_then_a_sentence_says_so(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    plain = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DAEDAP_SECRET_KEY"}}
    done = subprocess.run(
        [sys.executable, "-m", "daedap.config.cli", "doctor"], env=plain | {"DAEDAP_HOME": str(tmp_path / "file/home")},
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"Cannot write into {tmp_path}/file/home: Not a directory." in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
