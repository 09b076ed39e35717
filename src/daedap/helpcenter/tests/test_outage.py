"""What a customer sees when the database cannot do what was asked."""

from contextlib import closing

import pytest
from django.db import connection, connections

from daedap.services.models import Service

pytestmark = pytest.mark.django_db(transaction=True)

HURRY = "SET lock_timeout = '50ms'"


@pytest.fixture
def somebody():
    """Another connection, in a transaction of its own."""
    with closing(connections.create_connection("default")) as other:
        other.set_autocommit(False)
        yield other
        other.rollback()


def test_given_a_row_that_somebody_holds_when_an_enquiry_is_sent_then_a_calm_page_and_the_next_try_is_kept(
    guest, shop, filled, tickets, somebody, caplog
):
    guest.get("/shop/hc/ticket/")
    with somebody.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {Service._meta.db_table} WHERE id = %s FOR UPDATE", [shop.pk])
    with connection.cursor() as cursor:
        cursor.execute(HURRY)
    answer = guest.post("/shop/hc/ticket/", filled())
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "잠시 후 다시" in answer.content.decode()
    assert not tickets()
    [told] = [record for record in caplog.records if record.name == "daedap.request" and record.levelname == "ERROR"]
    assert (told.msg, told.cause) == ("a row that somebody holds was waited for too long", "LockNotAvailable")
    somebody.rollback()
    assert guest.post("/shop/hc/ticket/", filled()).status_code == 302
    assert len(tickets()) == 1
