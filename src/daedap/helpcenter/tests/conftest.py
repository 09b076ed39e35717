"""The help centre's visitors, and what they send."""

import functools

import pytest
from django.utils import timezone

from daedap.core.scoping import service_scope
from daedap.members.models import LoginType
from daedap.members.sessions import cookie_name, open_session
from daedap.tickets.models import Category, Ticket
from tests import factories


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


@pytest.fixture
def integrate(shop):
    """Switch member integration on, with the facts given."""
    return functools.partial(factories.integrate, shop)


@pytest.fixture
def guest(acme, shop, client_of):
    return client_of(acme)


@pytest.fixture
def member(shop):
    return factories.make_member(shop, "hong1", username="홍길동", email="gildong@example.com", phone="01012345678")


@pytest.fixture
def sign_in(acme, shop, client_of):
    """Return a browser in which the member is signed in."""

    def make(member, login_type=LoginType.GET):
        client = client_of(acme)
        with service_scope(shop.organization_id, shop.pk):
            client.cookies[cookie_name()] = open_session(service=shop, member=member, login_type=login_type)
        return client

    return make


@pytest.fixture
def offered(shop):
    with service_scope(shop.organization_id, shop.pk):
        return Category.objects.get()


@pytest.fixture
def filled(offered):
    """A form filled in well by a guest; facts win, None leaves a field out."""

    def fill(**facts):
        values = {
            "form_id": "0123456789abcdef" * 2,
            "category": str(offered.pk),
            "name": "김손님",
            "email": "guest@example.com",
            "phone": "010-9876-5432",
            "subject": "배송이 안 왔어요",
            "content": "어제 주문했습니다.\r\n언제 오나요?",
            "personal_agree": "on",
        } | facts
        return {name: value for name, value in values.items() if value is not None}

    return fill


@pytest.fixture
def tickets(shop):
    """Return the service's tickets."""

    def read():
        with service_scope(shop.organization_id, shop.pk):
            return list(Ticket.objects.select_related("member", "category").order_by("pk"))

    return read


@pytest.fixture
def ticket_of(shop):
    """Return a ticket of a member as if it came from the help centre."""

    def make(member, **facts):
        return factories.make_ticket(shop, member=member, **({"updated_at": timezone.now()} | facts))

    return make
