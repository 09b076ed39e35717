"""What a customer sees when the database cannot do what was asked."""

from contextlib import closing

import pytest
from django.db import connection, connections

from daedap.files.tests.samples import upload
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


def test_given_no_room_for_uploads_when_an_enquiry_is_sent_then_it_is_not_lost_and_can_go_without(
    guest, filled, tickets, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path / "no folder"
    settings.MEDIA_ROOT.write_bytes(b"")
    guest.get("/shop/hc/ticket/")
    answer = guest.post("/shop/hc/ticket/", filled(files=[upload("사진.png")]))
    assert answer.status_code == 422
    assert "사진.png: 지금은 파일을 저장할 수 없습니다." in answer.content.decode()
    assert "언제 오나요?" in answer.content.decode()
    assert not tickets()
    assert guest.post("/shop/hc/ticket/", filled()).status_code == 302
    assert len(tickets()) == 1
