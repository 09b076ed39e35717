import pytest

from daedap.core.errors import NotFound
from daedap.core.scoping import ScopeMissing, current_scope, no_scope, organization_scope, service_scope
from daedap.members.models import IntegrationSettings
from daedap.members.selectors import get_integration
from daedap.organizations.models import IamMember
from daedap.services.selectors import get_service
from daedap.tickets.models import Ticket
from tests import factories


def test_given_no_scope_when_tenant_rows_are_read_then_refused(shop):
    with pytest.raises(ScopeMissing):
        Ticket.objects.count()
    with pytest.raises(ScopeMissing):
        IamMember.objects.first()


def test_given_organization_scope_when_service_rows_are_read_then_refused(shop):
    with organization_scope(shop.organization_id), pytest.raises(ScopeMissing):
        Ticket.objects.count()


def test_given_two_tenants_when_one_is_open_then_only_its_rows_show(shop, beta_shop, owner, stranger):
    # given
    mine, theirs = factories.make_ticket(shop), factories.make_ticket(beta_shop)
    # when, then
    with service_scope(shop.organization_id, shop.pk):
        assert list(Ticket.objects.all()) == [mine]
        assert not Ticket.objects.filter(pk=theirs.pk).exists()
        assert list(IamMember.objects.all()) == [owner]


def test_given_nested_scopes_when_left_then_the_outer_one_is_back():
    with organization_scope(1):
        with service_scope(2, 3):
            with no_scope():
                assert current_scope() is None
            assert current_scope().service_id == 3
        assert current_scope().organization_id == 1
        assert current_scope().service_id is None
    assert current_scope() is None


def test_given_an_exception_when_the_block_is_left_then_the_scope_is_closed():
    with pytest.raises(ZeroDivisionError), organization_scope(1):
        raise ZeroDivisionError
    assert current_scope() is None


# --- Reads whose SQL is written by hand, which no manager narrows --------------------------------


def test_given_two_tenants_with_one_service_id_when_read_in_any_case_then_each_gets_its_own(shop, beta):
    theirs = factories.make_service(beta, shop.service_id)
    for service in (shop, theirs):
        with organization_scope(service.organization_id):
            assert get_service(service.service_id.upper()) == service
    with pytest.raises(ScopeMissing):
        get_service(shop.service_id)


def test_given_a_service_of_another_tenant_when_read_then_not_found(shop, beta):
    factories.make_service(beta, "elsewhere")
    with organization_scope(shop.organization_id), pytest.raises(NotFound):
        get_service("elsewhere")


def test_given_settings_of_two_services_when_one_is_open_then_only_its_own_are_read(shop, beta_shop):
    for service, url in ((shop, "https://a.example/"), (beta_shop, "https://b.example/")):
        with service_scope(service.organization_id, service.pk):
            IntegrationSettings.objects.create(organization_id=service.organization_id, service=service, login_url=url)
    with service_scope(shop.organization_id, shop.pk):
        assert get_integration(shop).login_url == "https://a.example/"
        assert get_integration(beta_shop).login_url == "https://a.example/"
    with organization_scope(shop.organization_id), pytest.raises(ScopeMissing):
        get_integration(shop)
