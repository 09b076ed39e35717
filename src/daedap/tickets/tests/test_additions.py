"""Additional data of the company about a customer (spec 30, 8.6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from daedap.core.errors import DaedapError
from daedap.core.scoping import service_scope
from daedap.tickets import actions
from daedap.tickets.models import Addition, Ticket
from daedap.tickets.selectors import find_waiting_addition, get_ticket
from tests import factories
from tests.together import together

from .test_enquiries import send


def store(service, content="등급: VIP", is_visible=True):
    return actions.store_addition(service=service, content=content, is_visible=is_visible)


def data_of(ticket):
    found = get_ticket(ticket.ticket_id).additional_data
    return found.content if found else None


def test_given_data_when_stored_then_neither_text_nor_id_can_be_read_in_the_database(open_shop):
    # when
    addition_id = store(open_shop)
    # then
    assert len(addition_id) == 32
    with connection.cursor() as cursor:
        cursor.execute("SELECT content, id_hash FROM tickets_addition")
        content, id_hash = cursor.fetchone()
    assert "VIP" not in content
    assert addition_id not in id_hash


@pytest.mark.parametrize("content", ["", " \n ", "\0", "가" * 10_001])
def test_given_nothing_or_too_much_when_stored_then_refused(open_shop, content):
    with pytest.raises(DaedapError) as refusal:
        store(open_shop, content)
    assert refusal.value.field == "content"
    assert not Addition.objects.exists()


def test_given_id_when_two_enquiries_come_with_it_then_the_first_gets_it_example_35(open_shop):
    addition_id = store(open_shop)
    assert find_waiting_addition(addition_id).content == "등급: VIP"
    first, second = send(open_shop, addition_id=addition_id), send(open_shop, addition_id=addition_id)
    assert (data_of(first), data_of(second)) == ("등급: VIP", None)
    assert find_waiting_addition(addition_id) is None


@pytest.mark.parametrize("addition_id", ["", "0" * 32, "x", "<script>", "\0"])
def test_given_unknown_id_when_sent_then_ignored(open_shop, addition_id):
    store(open_shop)
    assert data_of(send(open_shop, addition_id=addition_id)) is None


def test_given_24_hours_when_over_then_ignored_and_tidied(open_shop):
    addition_id = store(open_shop)
    kept = store(open_shop)
    used = send(open_shop, addition_id=kept)
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        assert find_waiting_addition(addition_id) is None
        assert data_of(send(open_shop, addition_id=addition_id)) is None
        assert actions.tidy_additions() == 1
        assert data_of(used) == "등급: VIP"


def test_given_id_of_another_service_when_sent_then_ignored_and_still_there(acme, open_shop, beta_shop):
    theirs = factories.make_service(acme, "market")
    for service in (theirs, beta_shop):
        with service_scope(service.organization_id, service.pk):
            addition_id = store(service)
        assert find_waiting_addition(addition_id) is None
        assert data_of(send(open_shop, addition_id=addition_id)) is None
        with service_scope(service.organization_id, service.pk):
            assert find_waiting_addition(addition_id) is not None


def test_given_refused_enquiry_when_sent_again_then_the_data_are_still_there(open_shop):
    addition_id = store(open_shop)
    with pytest.raises(DaedapError):
        send(open_shop, addition_id=addition_id, file_ids=["0" * 32], uploader="u" * 64)
    assert data_of(send(open_shop, addition_id=addition_id)) == "등급: VIP"


@pytest.mark.django_db(transaction=True)
def test_given_two_enquiries_at_once_when_sent_with_one_id_then_both_tickets_and_one_has_the_data(shop):
    with service_scope(shop.organization_id, shop.pk):
        addition_id = store(shop)

    def call():
        with service_scope(shop.organization_id, shop.pk):
            return send(shop, addition_id=addition_id)

    sent = together(call, call, call)
    assert all(isinstance(ticket, Ticket) for ticket in sent), sent
    with service_scope(shop.organization_id, shop.pk):
        assert sorted(filter(None, map(data_of, sent))) == ["등급: VIP"]
