"""The cast and the clients of all tests.

Acme is the tenant most stories happen in; Beta is the other tenant, whose people and objects must never show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadScopeScheduling

from daedap.accounts.models import User
from daedap.core.scoping import organization_scope, service_scope
from daedap.organizations.models import IamMember, Organization
from daedap.services.models import Agent, Role, Service
from tests import factories
from tests.installation import PRIVATE_CALLBACKS, Installation, short_folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests with a browser come last: Playwright keeps an event loop running in their thread."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


class LoadFileScheduling(LoadScopeScheduling):
    """Gives each worker of `--dist loadfile` whole files; those with a browser are one, as they share a server."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/browser" if nodeid.startswith("tests/browser/") else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return LoadFileScheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="module")
def rows_for_all(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let fixtures of a module make rows once for all its tests. What a test itself changes is undone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def migrated_home() -> Iterator[Path]:
    """A home with an empty database, at rest; for `tests.installation.copy_of`, because making one takes long."""
    with short_folder() as home:
        Installation(home).run("migrate")
        yield home


@pytest.fixture(scope="session")
def demo() -> Iterator[tuple[Path, dict[str, Any]]]:
    """A home that `daedap demo` has filled, at rest, and the demo's facts; for copies, likewise."""
    with short_folder() as home:
        yield home, Installation(home, **PRIVATE_CALLBACKS).fill_demo()


@pytest.fixture
def founder(db: None) -> User:
    """The platform member who created Acme."""
    return factories.make_platform_member(email="founder@example.com")


@pytest.fixture
def acme(founder: User) -> Organization:
    """The tenant: activated, domain `acme`."""
    return factories.make_organization(name="Acme", domain="acme", creator=founder)


@pytest.fixture
def owner(acme: Organization) -> IamMember:
    return factories.make_iam_member(acme, "owner", is_owner=True)


@pytest.fixture
def shop(acme: Organization) -> Service:
    """Acme's service `shop`."""
    return factories.make_service(acme, "shop", name="쇼핑몰")


@pytest.fixture
def administrator(shop: Service) -> Agent:
    """A service administrator (관리자) of `shop`."""
    return factories.make_agent(shop, "admin", role=Role.ADMINISTRATOR)


@pytest.fixture
def agent(shop: Service) -> Agent:
    """An agent (상담원) of `shop`."""
    return factories.make_agent(shop, "agent")


@pytest.fixture
def beta(db: None) -> Organization:
    """The other tenant."""
    return factories.make_organization(name="Beta", domain="beta")


@pytest.fixture
def beta_shop(beta: Organization) -> Service:
    """Beta's service, with the same ID as Acme's."""
    return factories.make_service(beta, "shop", name="베타 쇼핑몰")


@pytest.fixture
def stranger(beta_shop: Service) -> Agent:
    """An agent of the other tenant."""
    return factories.make_agent(beta_shop, "stranger", role=Role.ADMINISTRATOR)


@pytest.fixture
def open_acme(acme: Organization) -> Iterator[Organization]:
    """Acme's scope, open for the test."""
    with organization_scope(acme.pk):
        yield acme


@pytest.fixture
def open_shop(shop: Service) -> Iterator[Service]:
    """The scope of Acme's `shop`, open for the test."""
    with service_scope(shop.organization_id, shop.pk):
        yield shop


@pytest.fixture
def platform_client(db: None) -> Client:
    """A browser on the platform site, signed in as nobody."""
    return Client(headers={"host": settings.BASE_HOST})


@pytest.fixture
def client_of() -> Callable[..., Client]:
    """Return a browser on an organization's site, signed in as the given IAM member or agent, or as nobody."""

    def make(organization: Organization, who: IamMember | Agent | None = None, **options: Any) -> Client:
        client = Client(headers={"host": f"{organization.domain}{settings.ORGANIZATION_SUFFIX}"}, **options)
        if who is not None:
            factories.sign_in(client, who.member.user if isinstance(who, Agent) else who.user)
        return client

    return make
