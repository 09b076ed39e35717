"""Members who enter at the same moment, and what is changed while they wait: a whole server with its edge."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.installation import CODE, DAEDAP, PRIVATE_CALLBACKS, Installation, copy_of
from tests.test_bad_companies import Company, Town, client, running

pytestmark = [pytest.mark.server, pytest.mark.alone]

WAITING = 50
NEEDED = "from daedap.core.actors import SYSTEM; from daedap.organizations.models import Organization;"
NEEDED += " demo = lambda: Organization.objects.get(domain='demo');"


class Patient(Company):
    """Says yes once the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.asked = 0

    async def wait(self, writer: asyncio.StreamWriter, usercode: str) -> None:
        self.asked += 1
        await self.gate.wait()
        await self.good(writer, usercode)


class Office:
    """Somebody at the company's desk: runs code inside the application, beside the server, without delay."""

    def __init__(self, installation: Installation) -> None:
        loop = "import sys\nfor line in sys.stdin:\n  exec(line)\n  print(demo().key, flush=True)"
        self.process = subprocess.Popen(
            [DAEDAP, "manage", "shell", "--verbosity", "0", "-c", loop],
            env=installation.environment | {"PYTHONPATH": CODE}, cwd=installation.home,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def do(self, code: str) -> str:
        """Return the organization Key, as it is then."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{NEEDED} {code}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)


@pytest.fixture(scope="module")
def town(demo: tuple[Path, dict[str, Any]]) -> Iterator[Town]:
    home, facts = demo
    with copy_of(home, **PRIVATE_CALLBACKS) as installation:
        installation.serve()
        yield Town(installation, facts)


def reasons(town: Town) -> Counter[str]:
    """Return how the entries ended that are on record, and begin a new record."""
    found = town.reasons()
    town.installation.ask("DELETE FROM members_loginevent")
    return found


async def come(town: Town, link: str) -> httpx.Response:
    async with client(town) as visitor:
        return await visitor.get(link)


def is_member(response: httpx.Response) -> bool:
    assert response.status_code == 302
    return bool(response.cookies.get("hcsid", "").strip('"'))


def test_given_one_token_or_one_member_when_many_come_at_once_then_as_if_one_after_the_other_example_34(town):
    async def run() -> None:
        async with running(Patient()) as company:
            company.gate.set()
            town.integrate(company.port)
            town.installation.ask("UPDATE members_integrationsettings SET single_use_token = true")
            link = town.link(town.bad, "wait-one")
            entered = await asyncio.gather(*(come(town, link) for _ in range(10)))
            assert sum(map(is_member, entered)) == 1
            assert reasons(town) == {"": 1, "replayed": 9}

            links = []
            for _ in range(5):
                links.append(town.link(town.bad, "wait-two"))
                await asyncio.sleep(0.002)  # links of one millisecond are one token
            entered = await asyncio.gather(*(come(town, link) for link in links))
            assert sum(map(is_member, entered)) == 5
            assert town.installation.ask("SELECT count(*) FROM members_member WHERE usercode = 'wait-two'") == [(1,)]
            sessions = "SELECT count(*) FROM members_membersession JOIN members_member m ON m.id = member_id"
            assert town.installation.ask(f"{sessions} WHERE usercode = 'wait-two'") == [(5,)]
            reasons(town)

    asyncio.run(run())


def test_given_50_who_wait_when_key_switch_or_service_changes_meanwhile_then_nobody_slips_in_example_37(town):
    """And nothing of it is an accident: the log has no traceback, no token and no name."""
    changes = {
        "hmac_mismatch": "from daedap.organizations.keys import change_key;"
        " change_key(organization_id=demo().pk, actor=SYSTEM)",
        "not_configured": "from daedap.members.models import IntegrationSettings;"
        " IntegrationSettings._base_manager.update(enabled=False)",
        "not_configured ": "from daedap.services.models import Service;"
        " from daedap.services.contracts import pause_service, terminate_service;"
        " from daedap.core.scoping import organization_scope; scope = organization_scope(demo().pk); scope.__enter__();"
        f" shop = Service._base_manager.get(service_id='{town.bad}'); pause_service(service_pk=shop.pk, actor=SYSTEM);"
        " terminate_service(service_pk=shop.pk, actor=SYSTEM); scope.__exit__(None, None, None)",
    }
    town.installation.ask("DELETE FROM members_membersession")
    office = Office(town.installation)
    town.key = office.do("pass")

    async def run() -> None:
        async with running(Patient()) as company:
            town.integrate(company.port)
            for number, (reason, change) in enumerate(changes.items()):
                company.gate.clear()
                company.asked = 0
                town.installation.ask("UPDATE members_integrationsettings SET enabled = true")
                links = [town.link(town.bad, f"wait-{number}-{who}") for who in range(WAITING)]
                visitors = [asyncio.create_task(come(town, link)) for link in links]
                async with asyncio.timeout(4):
                    while company.asked < WAITING:
                        await asyncio.sleep(0.02)
                town.key = await asyncio.to_thread(office.do, change)
                company.gate.set()
                entered = await asyncio.gather(*visitors)
                assert not any(map(is_member, entered)), reason
                assert reasons(town) == {reason.strip(): WAITING}
                assert town.installation.ask("SELECT count(*) FROM members_membersession") == [(0,)]

    try:
        asyncio.run(run())
    finally:
        office.close()
    log = town.installation.log.read_text()
    assert "Traceback" not in log
    assert not re.search(r"wait-\d|member(@|%40)example\.com|token=", log)
    assert all(json.loads(line) for line in log.splitlines() if line.startswith("{"))
