"""Who sees and may do what: the table of spec 20, section 9, cell by cell, submit and upload included."""

from __future__ import annotations

import pytest

from daedap.core.scoping import service_scope
from daedap.files.models import StoredFile
from daedap.files.tests.samples import upload
from daedap.tickets.models import Entry, Ticket

FORM = "/shop/hc/ticket/"
LIST = "/shop/hc/ticket/list/"
LOGIN = "https://shop.example/login"

OWN, TO_FORM, TO_LOGIN = "own", "to the form", "to the login page"
A_FORM, PREFILLED, NOTICE = "form", "form, prefilled", "notice"

OFF = {"enabled": False}
GET = {"login_type": "get"}
POST = {"login_type": "post", "login_url": LOGIN, "login_status_url": "https://shop.example/status"}
MEMBERS_ONLY = {"guest_enquiries": False}

TABLE = {
    # state: settings, a member?, then what the form is, what list and detail are, and whether anything may be sent
    "integration disabled": (OFF, False, A_FORM, TO_FORM, True),
    "integration disabled, old session": (OFF, True, A_FORM, TO_FORM, True),
    "integration disabled, guests disabled": (OFF | MEMBERS_ONLY, False, A_FORM, TO_FORM, True),
    "GET member": (GET, True, PREFILLED, OWN, True),
    "GET member, guests disabled": (GET | MEMBERS_ONLY, True, PREFILLED, OWN, True),
    "POST member": (POST, True, PREFILLED, OWN, True),
    "POST member, guests disabled": (POST | MEMBERS_ONLY, True, PREFILLED, OWN, True),
    "GET guest": (GET, False, A_FORM, TO_FORM, True),
    "GET guest, guests disabled": (GET | MEMBERS_ONLY, False, NOTICE, TO_FORM, False),
    "POST guest": (POST, False, A_FORM, TO_LOGIN, True),
    "POST guest, guests disabled": (POST | MEMBERS_ONLY, False, TO_LOGIN, TO_LOGIN, False),
}


@pytest.fixture(params=TABLE.values(), ids=TABLE)
def state(request, integrate, guest, sign_in, member, ticket_of):
    """A visitor in one of the states, with what the table says of it and a ticket of the member."""
    settings, is_member, form, own, may_send = request.param
    login_type = settings.get("login_type", "get")
    integrate(**({"enabled": True, "login_type": "get", "guest_enquiries": True} | settings))
    ticket = ticket_of(member, subject="내 문의")
    browser = sign_in(member, login_type) if is_member else guest
    return browser, ticket, form, own, may_send


def kind_of(response):
    """Return what a page is, in the words of the table."""
    if response.status_code == 302:
        address = response["Location"]
        return TO_LOGIN if address.startswith(f"{LOGIN}?returnUrl=") else TO_FORM if address == FORM else address
    page = response.content.decode()
    assert response.status_code == 200
    if "내 문의" in page:
        return OWN
    if 'name="content"' in page:
        return PREFILLED if 'value="gi***@example.com"' in page else A_FORM
    assert "로그인한 회원만 문의할 수 있습니다." in page
    return NOTICE


def stored(shop, model):
    with service_scope(shop.organization_id, shop.pk):
        return model.objects.count()


def test_given_state_when_main_form_list_and_detail_are_opened_then_as_the_table_says_examples_29_47_48(state):
    browser, ticket, form, own, _may_send = state
    assert browser.get("/shop/hc/").status_code == 200
    assert kind_of(browser.get(FORM)) == form
    for path in (LIST, f"{LIST}{ticket.ticket_id}/"):
        if form == TO_LOGIN:
            browser.cookies.clear()  # or a third trip within a minute would end on a page with a button
        assert kind_of(browser.get(f"{path}?checked=1")) == own


def test_given_state_when_pages_carry_member_data_then_never_stored_nor_indexed(state):
    browser, ticket, form, own, _may_send = state
    pages = ([FORM] if form == PREFILLED else []) + ([LIST, f"{LIST}{ticket.ticket_id}/"] if own == OWN else [])
    for path in pages:
        response = browser.get(f"{path}?checked=1")
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"
        assert response["Referrer-Policy"] == "same-origin"


def test_given_state_when_sent_and_uploaded_directly_then_403_where_no_form_is_offered_example_29(shop, state, filled):
    # given
    browser, _ticket, _form, _own, may_send = state
    browser.get(FORM)
    # when
    sent, uploaded = browser.post(FORM, filled()), browser.post(f"{FORM}files/", {"file": upload("사진.png")})
    # then
    if may_send:
        assert sent["Location"].startswith("/shop/hc/ticket/done/")
        assert uploaded.status_code == 201
    else:
        assert (sent.status_code, uploaded.status_code) == (403, 403)
        by_script = browser.post(f"{FORM}files/", {"file": upload("사진.png")}, headers={"accept": "application/json"})
        assert (by_script.status_code, by_script.json()) == (403, {"message": "로그인한 회원만 문의할 수 있습니다."})
    assert (stored(shop, Ticket), stored(shop, StoredFile)) == ((2, 1) if may_send else (1, 0))


def test_given_state_when_asked_again_directly_then_only_for_members_and_what_was_written_is_shown(shop, state):
    # given
    browser, ticket, _form, own, _may_send = state
    # when
    response = browser.post(f"{LIST}{ticket.ticket_id}/", {"content": "아직 <b>안</b> 왔어요"})
    # then
    assert response.status_code == (302 if own == OWN else 403)
    assert stored(shop, Entry) == (1 if own == OWN else 0)
    if own != OWN:
        assert "\n아직 &lt;b&gt;안&lt;/b&gt; 왔어요</textarea>" in response.content.decode()
        assert response["Cache-Control"] == "no-store"


def test_given_a_session_that_ended_meanwhile_when_the_form_is_sent_then_what_was_written_is_shown(
    integrate, guest, filled
):
    integrate(guest_enquiries=False)
    response = guest.post(FORM, filled(content="길게 쓴 글"))
    assert response.status_code == 403
    assert "\n길게 쓴 글</textarea>" in response.content.decode()


def test_given_get_guest_who_wanted_the_list_when_sent_to_the_form_then_told_why_once(integrate, guest, offered):
    integrate()
    sentence = "문의내역은 로그인한 회원만 볼 수 있습니다. 앱에서 다시 접속해 주세요."
    assert guest.get(LIST)["Location"] == FORM
    assert sentence in guest.get(FORM).content.decode()
    assert sentence not in guest.get(FORM).content.decode()
    integrate(enabled=False)
    assert guest.get(LIST)["Location"] == FORM
    assert sentence not in guest.get(FORM).content.decode()  # there are no members to speak of


def test_given_member_logged_out_meanwhile_when_a_question_is_sent_then_said_so_and_the_text_is_kept(
    integrate, guest, member, ticket_of
):
    integrate()
    ticket = ticket_of(member)
    response = guest.post(f"{LIST}{ticket.ticket_id}/", {"content": "쓰던 글"})
    page = response.content.decode()
    assert response.status_code == 403
    assert "로그아웃되어 재문의를 보내지 못했습니다." in page
    assert "로그인한 회원만 문의할 수" not in page  # guests may, so that would be wrong
    assert "쓰던 글</textarea>" in page
