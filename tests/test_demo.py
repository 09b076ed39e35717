"""`daedap demo` as a command: what it prints, and that a second one finds everything as it was."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from daedap.config.tests.test_server import Daedap

pytestmark = pytest.mark.server

PERSON = {"id", "password"}
SERVICE = {"id", "key", "url", "helpcenter_url"}
CONTRACT = {
    "platform_member": {"email", "password"},
    "organization": {"id", "name", "domain", "key", "url"},
    "owner": PERSON,
    "administrator": PERSON,
    "agent": PERSON,
    "service": SERVICE,
    "post_service": SERVICE,
    "integrator": {"url", "token_verification_url", "post_url", "login_url", "login_status_url"},
}

ROWS = {
    "tickets_ticket": 21,
    "organizations_iammember": 3,
    "services_service": 2,
    "services_agent": 4,
    "services_contractitem": 2,
    "services_itemuse": 2,
}
"""What a second run must not add to. Both services have a contract, and each item is billed from one day on."""


@pytest.fixture(scope="module")
def installation() -> Iterator[Daedap]:
    home = Path(tempfile.mkdtemp(prefix="daedap-demo-"))
    made = Daedap(home)
    yield made
    made.database.stop()
    shutil.rmtree(home)


def demo(installation: Daedap) -> dict[str, Any]:
    """Run the command as `make run` does, but for the serving, and read what it prints."""
    done = subprocess.run(
        installation.command("demo", "--json"),
        env=installation.environment | {"DAEDAP_ALLOW_PRIVATE_CALLBACKS": "true"},
        cwd=installation.home, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 1
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def contents(installation: Daedap) -> dict[str, tuple[int, str]]:
    """Return of each table how many rows it has, and a fingerprint of all that stands in them."""
    installation.database.start()
    try:
        tables = [name for (name,) in installation.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        look = "SELECT count(*), coalesce(md5(string_agg(row::text, '|' ORDER BY row::text)), '') FROM {} AS row"
        return {name: installation.ask(sql.SQL(look).format(sql.Identifier(name)))[0] for name in tables}
    finally:
        installation.database.stop()


def test_given_the_demo_when_filled_again_then_the_same_facts_and_not_a_row_differs(installation):
    # given
    first = demo(installation)
    assert set(first) == {"base_url", *CONTRACT}
    assert {name: set(first[name]) for name in CONTRACT} == CONTRACT
    assert first["service"]["helpcenter_url"] == f"{first['organization']['url']}{first['service']['id']}/hc/"
    before = contents(installation)
    for table, rows in ROWS.items():
        assert before[table][0] == rows
    # when
    second = demo(installation)
    # then
    assert second == first
    after = contents(installation)
    assert {table: rows for table, rows in after.items() if rows != before.get(table)} == {}
