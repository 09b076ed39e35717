import pytest

from daedap.core.scoping import ScopeMissing, current_scope, no_scope, organization_scope, service_scope
from daedap.organizations.models import IamMember
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
