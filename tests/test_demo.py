"""`daedap demo` as a command: what it prints, and that a second one finds everything as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from psycopg import sql

from tests.installation import PRIVATE_CALLBACKS, Installation, copy_of

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


def contents(installation: Installation) -> dict[str, tuple[int, str]]:
    """Return of each table how many rows it has, and a fingerprint of all that stands in them."""
    installation.database.start()
    try:
        tables = [name for (name,) in installation.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        look = "SELECT count(*), coalesce(md5(string_agg(row::text, '|' ORDER BY row::text)), '') FROM {} AS row"
        return {name: installation.ask(sql.SQL(look).format(sql.Identifier(name)))[0] for name in tables}
    finally:
        installation.database.stop()


def test_given_the_demo_when_filled_again_then_the_same_facts_and_not_a_row_differs(
    demo: tuple[Path, dict[str, Any]],
) -> None:
    # given
    home, first = demo
    assert set(first) == {"base_url", *CONTRACT}
    assert {name: set(first[name]) for name in CONTRACT} == CONTRACT
    assert first["service"]["helpcenter_url"] == f"{first['organization']['url']}{first['service']['id']}/hc/"
    with copy_of(home, **PRIVATE_CALLBACKS) as installation:
        installation.port = urlsplit(first["base_url"]).port
        before = contents(installation)
        for table, rows in ROWS.items():
            assert before[table][0] == rows
        # when
        second = installation.fill_demo()
        # then
        assert second == first
        after = contents(installation)
    assert {table: rows for table, rows in after.items() if rows != before.get(table)} == {}
