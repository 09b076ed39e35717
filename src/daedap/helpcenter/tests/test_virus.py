"""What customers see of the virus scanner, and staff and founders too: files/tests/test_scanner.py has the rest."""

import pytest

from daedap.core.scoping import service_scope
from daedap.files.models import StoredFile
from daedap.files.tests import clamd
from daedap.files.tests.samples import upload

FORM, UPLOAD = "/shop/hc/ticket/", "/shop/hc/ticket/files/"
INFECTED = "바이러스가 발견되어 첨부할 수 없는 파일입니다."
UNSCANNED = "지금은 바이러스 검사를 할 수 없어 파일을 첨부할 수 없습니다. 잠시 후 다시 시도해 주세요."


@pytest.fixture
def stand_in(settings):
    with clamd.running() as found:
        settings.VIRUS_SCANNER = found.address
        yield found


@pytest.fixture
def files(shop):
    def read():
        with service_scope(shop.organization_id, shop.pk):
            return list(StoredFile.objects.order_by("pk"))

    return read


def infected(name="주문서.txt"):
    return upload(name, clamd.EICAR)


def test_given_a_virus_when_attached_in_the_page_then_said_and_not_stored(guest, stand_in, files):
    guest.get(FORM)
    response = guest.post(UPLOAD, {"file": infected()})
    assert (response.status_code, response.json()) == (422, {"message": INFECTED})
    assert files() == []
    assert guest.post(UPLOAD, {"file": upload("사진.png")}).status_code == 201


def test_given_no_answer_when_attached_then_come_back_later_and_without_files_the_enquiry_goes(
    guest, stand_in, files, filled, tickets
):
    stand_in.habit = "nothing"
    guest.get(FORM)
    response = guest.post(UPLOAD, {"file": upload("사진.png")})
    assert (response.status_code, response.json()) == (503, {"message": UNSCANNED})
    assert files() == []
    assert guest.post(FORM, filled()).status_code == 302
    assert len(tickets()) == 1


def test_given_a_virus_beside_a_good_file_when_the_form_is_sent_then_no_ticket_and_the_good_one_stays_attached(
    guest, stand_in, files, filled, tickets
):
    guest.get(FORM)
    response = guest.post(FORM, filled(files=[upload("사진.png"), infected()]))
    assert response.status_code == 422
    assert f"주문서.txt: {INFECTED}" in response.text
    assert "김손님" in response.text
    (kept,) = files()
    assert f'value="{kept.public_id}" checked' in response.text
    assert tickets() == []
    # when sent again without it
    assert guest.post(FORM, filled(file_ids=[kept.public_id])).status_code == 302
    assert len(tickets()) == 1


def test_given_no_answer_when_five_files_are_sent_then_the_visitor_waits_for_one_only(
    guest, stand_in, files, filled, tickets
):
    stand_in.habit = "error"
    guest.get(FORM)
    response = guest.post(FORM, filled(files=[upload(f"{number}.png") for number in range(5)]))
    assert response.status_code == 422
    assert response.text.count(UNSCANNED) == 1
    assert len(stand_in.received) == 1
    assert files() == []
    assert tickets() == []
