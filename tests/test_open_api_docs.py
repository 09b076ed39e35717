"""The examples of docs/open-api.md run as they stand there."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from daedap.services.models import Service
from tests import factories

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "open-api.md").read_text("utf-8")
LOOPBACK = "127.0.0.1"


def example(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    return found


@pytest.fixture
def surroundings(live_server):
    organization = factories.make_organization(domain="acme")
    factories.make_iam_member(organization, "owner", is_owner=True)
    factories.make_service(organization, "shop")
    host = f"acme{settings.ORGANIZATION_SUFFIX}"
    url = f"http://{host}:{live_server.thread.port}"
    return {"OC_URL": url, "OC_ORGANIZATION_ID": organization.public_id, "OC_KEY": organization.key}


@pytest.mark.django_db(transaction=True)
def test_given_the_python_example_when_run_then_services_are_listed_and_one_is_added(surroundings, monkeypatch):
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    ask = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: ask(LOOPBACK, *rest, **more))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(example("python"), "docs/open-api.md", "exec"), {})
    listed, added = said.getvalue().splitlines()
    assert "'serviceId': 'shop'" in listed
    assert "'state': 'create'" in added
    assert Service._base_manager.get(service_id="Desk").name == "고객센터"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_given_the_shell_example_when_run_then_services_are_listed(surroundings):
    host, port = surroundings["OC_URL"].removeprefix("http://").split(":")
    script = example("bash").replace("curl ", f"curl --noproxy '*' --resolve {host}:{port}:{LOOPBACK} ", 1)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=surroundings | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert json.loads(done.stdout)["result"]["contents"][0]["serviceId"] == "shop"


def test_given_the_answer_in_the_page_when_read_then_it_is_json():
    assert set(json.loads(example("json"))) == {"header", "result"}
