"""Visitors of a service with the POST method: login page, login status, who sees what (spec 20, 7.1 to 7.3 and 9)."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from daedap.core.scoping import service_scope
from daedap.members.models import LoginEvent, LoginType, MemberSession
from daedap.members.remote import trips
from daedap.members.sessions import cookie_name, open_session

pytestmark = pytest.mark.django_db

MAIN, FORM, LIST = "/shop/hc/", "/shop/hc/ticket/", "/shop/hc/ticket/list/"
LOGIN, STATUS = "https://shop.example/login", "https://shop.example/status"
OWN = "http://acme.oc.localhost:8000"
END = "/shop/hc/login-status/"


@pytest.fixture
def by_post(integrate):
    def switch(**facts):
        integrate(**({"login_type": LoginType.POST, "login_url": LOGIN, "login_status_url": STATUS} | facts))

    switch()
    return switch


@pytest.fixture
def in_post(by_post, shop, guest, member):
    """A browser with a session of the POST method."""
    with service_scope(shop.organization_id, shop.pk):
        guest.cookies[cookie_name()] = open_session(service=shop, member=member, login_type=LoginType.POST)
    return guest


@pytest.fixture
def sign_in_again(shop, guest, member):
    """Do what a remote login leaves in the browser."""

    def sign_in() -> None:
        with service_scope(shop.organization_id, shop.pk):
            guest.cookies[cookie_name()] = open_session(service=shop, member=member, login_type=LoginType.POST)
        guest.cookies.pop(trips.COOKIE, None)

    return sign_in


def question_on(response) -> dict[str, str] | None:
    """What the page's script is told, or None if the page does not ask."""
    found = re.search(r"<script [^>]*data-login-status [^>]*>", response.text)
    if found is None:
        return None
    return {name: unescape(value) for name, value in re.findall(r'data-([a-z-]+)="([^"]*)"', found[0])}


def sessions_of(shop) -> int:
    with service_scope(shop.organization_id, shop.pk):
        return MemberSession.objects.count()


def events_of(shop) -> list[tuple[bool, str]]:
    with service_scope(shop.organization_id, shop.pk):
        return list(LoginEvent.objects.order_by("pk").values_list("ok", "reason"))


def return_url(response) -> str:
    assert response.status_code == 302
    address = urlsplit(response["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == LOGIN
    (wanted,) = parse_qs(address.query)["returnUrl"]
    return wanted.partition("hcstate=")[0].rstrip("?&")


# --- to the login page -------------------------------------------------------------------------------------------


def test_given_no_session_and_guests_disabled_when_form_is_opened_then_login_url_example_47(by_post, guest):
    by_post(guest_enquiries=False)
    response = guest.get(f"{FORM}?from=app&language=ko")
    assert return_url(response) == f"{OWN}{FORM}?from=app&language=ko"
    assert (
        "returnUrl=http%3A%2F%2Facme.oc.localhost%3A8000%2Fshop%2Fhc%2Fticket%2F%3Ffrom%3Dapp" in response["Location"]
    )
    assert response["Cache-Control"] == "no-store"
    assert guest.post(FORM, {}).status_code == 403


def test_given_no_session_and_guests_enabled_when_opened_then_form_with_button_and_list_to_login_example_48(
    by_post, guest
):
    page = guest.get(FORM)
    assert "<textarea" in page.text
    assert 'href="/shop/hc/login/?next=%2Fshop%2Fhc%2Fticket%2F&amp;anew=1"' in page.text
    assert return_url(guest.get("/shop/hc/login/?next=%2Fshop%2Fhc%2Fticket%2F&anew=1")) == f"{OWN}{FORM}"
    for path in (LIST, f"{LIST}T1600000000000abcde/"):
        guest.cookies.clear()
        assert return_url(guest.get(path)) == f"{OWN}{path}"


def test_given_two_trips_in_a_minute_when_a_third_begins_then_the_error_page_and_a_button_example_51(by_post, guest):
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        for _ in range(2):
            assert guest.get(LIST).status_code == 302
        page = guest.get(LIST)
        assert page.status_code == 200
        assert "회원 인증에 실패했습니다." in page.text
        again = "/shop/hc/login/?next=%2Fshop%2Fhc%2Fticket%2Flist%2F&amp;anew=1"
        assert again in page.text
        assert guest.get(unescape(again)).status_code == 302  # a person asked for it
        guest.get(LIST)
        assert guest.get(LIST).status_code == 200
        clock.shift(61)
        assert guest.get(LIST).status_code == 302


@pytest.mark.parametrize(("status", "told"), [("logged_out", "logged_out"), ("other", "other_user")])
def test_given_a_status_that_takes_back_each_log_in_when_it_goes_on_then_the_error_page_and_no_circle(
    by_post, guest, member, shop, sign_in_again, status, told
):
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        for _ in range(2):
            assert guest.get(LIST).status_code == 302
            sign_in_again()
            guest.post(END, {"usercode": member.usercode, "status": status})
        page = guest.get(LIST)
        assert (page.status_code, "회원 인증에 실패했습니다." in page.text) == (200, True)
        assert events_of(shop) == [(False, f"status_{told}")] * 2
        assert guest.get("/shop/hc/login/?next=%2Fshop%2Fhc%2Fticket%2F&anew=1").status_code == 302
        assert guest.get(LIST).status_code == 302
        clock.shift(61)
        assert guest.get(LIST).status_code == 302


def test_given_a_session_of_some_minutes_when_the_company_ends_it_then_trips_count_from_zero(
    by_post, guest, member, shop, sign_in_again
):
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        for _ in range(3):
            sign_in_again()
            clock.shift(61)
            guest.post(END, {"usercode": member.usercode, "status": "logged_out"})
            assert guest.get(LIST).status_code == 302
        assert events_of(shop) == []


@pytest.mark.parametrize(
    "wanted", ["", "https://evil.example/", "//evil.example", "/shop/tickets/", "/other/hc/", "/shop/hc/../../login/"]
)
def test_given_a_foreign_page_as_next_when_logging_in_then_the_main_page(by_post, guest, wanted):
    assert return_url(guest.get("/shop/hc/login/", {"next": wanted})) == f"{OWN}{MAIN}"


def test_given_a_member_or_no_login_page_when_logging_in_then_straight_on(in_post, guest, integrate):
    assert in_post.get("/shop/hc/login/", {"next": LIST})["Location"] == LIST
    integrate(login_type=LoginType.GET)
    assert guest.get("/shop/hc/login/", {"next": FORM})["Location"] == FORM


# --- the question ------------------------------------------------------------------------------------------------


def test_given_a_member_when_any_page_is_shown_then_it_asks_and_may_connect_there_only(in_post):
    for path, enquiry in ((MAIN, "no"), (FORM, "yes"), (LIST, "yes")):
        response = in_post.get(path)
        asked = question_on(response)
        assert (asked["url"], asked["usercode"], asked["enquiry-page"], asked["end"]) == (STATUS, "hong1", enquiry, END)
        assert json.loads(asked["headers"]) == {}
        assert "connect-src 'self' https://shop.example" in response["Content-Security-Policy"]
        assert response["Cache-Control"] == "no-store"
        assert "로그아웃" not in response.text


def test_given_a_guest_when_pages_are_shown_then_only_the_form_asks(by_post, guest):
    assert question_on(guest.get(FORM))["usercode"] == ""
    main = guest.get(MAIN)
    assert question_on(main) is None
    assert "connect-src 'self'" in main["Content-Security-Policy"].split("; ")


def test_given_get_type_or_integration_off_when_shown_then_nothing_asks(in_post, integrate):
    for facts in ({"login_type": LoginType.GET}, {"enabled": False, "login_type": LoginType.POST}):
        integrate(**facts)
        for path in (MAIN, FORM):
            response = in_post.get(path)
            assert question_on(response) is None
            assert "shop.example" not in response["Content-Security-Policy"]


def test_given_parameter_rows_when_there_is_a_session_then_they_are_sent_example_52(by_post, in_post, member, shop):
    rows = [["header", "memberno"], ["header", "username"], ["query", "usercode"], ["query", "phone"]]
    by_post(parameter_rows=rows, login_status_url=f"{STATUS}?a=1")
    with service_scope(shop.organization_id, shop.pk):
        member.memberno, member.username, member.phone = 'M-1"<b>', "홍길동", "　"
        member.save()
    asked = question_on(in_post.get(MAIN))
    assert asked["url"] == f"{STATUS}?a=1&usercode=hong1"
    assert json.loads(asked["headers"]) == {
        "memberno": "M-1%22%3Cb%3E",
        "username": "%ED%99%8D%EA%B8%B8%EB%8F%99",
    }
    in_post.cookies.clear()
    asked = question_on(in_post.get(FORM))
    assert (asked["url"], json.loads(asked["headers"])) == (f"{STATUS}?a=1", {})


# --- the answer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({"usercode": "hong1", "status": "logged_out"}, 0),
        ({"usercode": "hong1", "status": "other"}, 0),
        ({"usercode": "kim", "status": "logged_out"}, 1),
        ({"usercode": "hong1", "status": "same"}, 1),
        ({"usercode": "hong1", "status": "unknown"}, 1),
        ({}, 1),
    ],
)
def test_given_an_answer_when_told_then_only_this_members_session_may_end_examples_49_and_50(in_post, shop, told, left):
    assert in_post.post(END, told).status_code == 204
    assert sessions_of(shop) == left


def test_given_no_anti_forgery_value_when_told_then_403_and_the_session_stays(in_post, shop, acme):
    from django.test import Client

    strict = Client(headers={"host": "acme.oc.localhost"}, enforce_csrf_checks=True)
    strict.cookies = in_post.cookies
    assert strict.post(END, {"usercode": "hong1", "status": "logged_out"}).status_code == 403
    assert sessions_of(shop) == 1


def test_given_a_session_of_the_get_method_when_told_then_it_stays(integrate, sign_in, member, shop):
    integrate()
    client = sign_in(member)
    client.post(END, {"usercode": member.usercode, "status": "logged_out"})
    assert sessions_of(shop) == 1


def test_given_a_member_when_the_list_is_opened_then_enquiries_come_only_after_the_answer(in_post, member, shop):
    from tests.factories import make_ticket

    ticket = make_ticket(shop, member=member, subject="배송 문의")
    for path in (LIST, f"{LIST}{ticket.ticket_id}/"):
        first = in_post.get(path)
        assert (first.status_code, "배송 문의" in first.text) == (200, False)
        place = re.search(r'data-after-status="([^"]*)"', first.text)
        assert unescape(place[1]) == f"{path}?checked=1"
        assert f'href="{place[1]}"' in first.text.partition("<noscript>")[2]
        assert "배송 문의" in in_post.get(unescape(place[1])).text
    in_post.cookies.clear()
    assert return_url(in_post.get(f"{LIST}?checked=1")) == f"{OWN}{LIST}"
