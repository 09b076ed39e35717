"""Pages inside a page of the company, and inside its app (spec 20, section 11; spec 30, 8.5 and example 54)."""

import re
from pathlib import Path

import pytest
from django.test import Client

from daedap.core.scoping import service_scope
from daedap.members.frame_cookies import SUFFIX
from daedap.members.models import LoginType
from daedap.members.sessions import cookie_name
from daedap.services.models import ServiceLanguage
from daedap.tickets.models import Ticket
from tests import factories

PACKAGE = Path(__file__).resolve().parents[2]
MAIN, FORM, LIST = "/shop/hc/", "/shop/hc/ticket/", "/shop/hc/ticket/list/"
FRAMED = {"Sec-Fetch-Dest": "iframe"}


def own_addresses(page):
    """Every address of the help centre that a page leads or posts to."""
    return re.findall(r'(?:href|action)="(/shop/hc/[^"]*)"', page)


@pytest.fixture
def listed(shop, member):
    with service_scope(shop.organization_id, shop.pk):
        for _ in range(25):
            factories.make_ticket(shop, member=member)


@pytest.fixture
def two_languages(shop):
    with service_scope(shop.organization_id, shop.pk):
        ServiceLanguage.objects.create(
            organization_id=shop.organization_id, service=shop, code="en", name="English", order=1
        )


@pytest.mark.parametrize(("query", "headers"), [("?iframe=true", {}), ("", FRAMED), ("?iframe=true", FRAMED)])
@pytest.mark.parametrize("path", [MAIN, FORM, LIST, f"{LIST}?status=new", "/shop/hc/ticket/list/nothing/"])
def test_given_a_frame_when_shown_then_no_header_no_footer_and_every_link_keeps_the_mark_example_54(
    integrate, sign_in, member, listed, two_languages, path, query, headers
):
    integrate()
    address = path + (query.replace("?", "&") if "?" in path else query)
    page = sign_in(member).get(address, headers=headers).content.decode()
    assert "hc-header" not in page
    assert "hc-footer" not in page
    assert "홍길동" in page
    found = own_addresses(page)
    assert found
    assert [each for each in found if each.count("iframe=true") != 1] == []


def test_given_no_frame_when_shown_then_header_and_no_mark(integrate, sign_in, member, listed):
    integrate()
    page = sign_in(member).get(LIST, headers={"Sec-Fetch-Dest": "document"}).content.decode()
    assert "hc-header" in page
    assert "iframe=true" not in page


def test_given_a_guest_in_a_frame_when_shown_then_the_page_outside_of_it_is_ready_to_be_offered(integrate, guest):
    integrate()
    page = guest.get(f"{FORM}?category=7&iframe=true&from=app", headers=FRAMED).content.decode()
    offer = f'<a href="{FORM}?category=7&amp;from=app" target="_blank" rel="noopener">새 창에서 열기</a>'
    assert page.count(offer) == 1
    assert '<div class="hc-own-window" data-own-window hidden>' in page
    assert "data-own-window" not in guest.get(FORM, headers={"Sec-Fetch-Dest": "document"}).content.decode()


def test_given_a_frame_when_redirected_then_the_mark_stays(integrate, guest, sign_in, member, filled):
    integrate()
    assert guest.get(LIST, headers=FRAMED)["Location"] == f"{FORM}?iframe=true"
    sent = guest.post(f"{FORM}?iframe=true", filled())
    assert re.fullmatch(r"/shop/hc/ticket/done/[^?]+\?iframe=true", sent["Location"])
    assert sign_in(member).post("/shop/hc/logout/", headers=FRAMED)["Location"] == f"{MAIN}?iframe=true"


# --- logging in ----------------------------------------------------------------------------------------------------


@pytest.fixture
def by_post(integrate):
    integrate(
        login_type=LoginType.POST,
        login_url="https://shop.example/login",
        login_status_url="https://shop.example/status",
        guest_enquiries=False,
    )


@pytest.mark.parametrize(("path", "wanted"), [(LIST, LIST), (FORM, FORM), (f"/shop/hc/login/?next={LIST}", LIST)])
def test_given_a_frame_when_the_login_page_is_wanted_then_a_button_that_takes_the_whole_window(
    by_post, guest, path, wanted
):
    response = guest.get(path, headers=FRAMED)
    page = response.content.decode()
    assert response.status_code == 200
    address = re.search(r'<a class="btn btn-primary" href="([^"]+)" target="_top"', page)[1].replace("&amp;", "&")
    assert "iframe" not in address
    # and out there it goes to the company, which leads back to the page itself
    trip = guest.get(address, headers={"Sec-Fetch-Dest": "document"})
    assert trip["Location"].startswith("https://shop.example/login?returnUrl=")
    assert wanted.replace("/", "%2F") in trip["Location"]


def test_given_a_frame_and_guests_enabled_when_shown_then_every_login_link_leaves_it(integrate, guest):
    integrate(
        login_type=LoginType.POST, login_url="https://shop.example/in", login_status_url="https://shop.example/status"
    )
    page = guest.get(FORM, headers=FRAMED).content.decode()
    links = re.findall(r'<a [^>]*href="/shop/hc/login/[^>]*>', page)
    assert links
    assert "data-login-status" not in page  # an answer could only take the guest away from the form
    assert [link for link in links if 'target="_top"' not in link or "iframe" in link] == []


# --- guests whose browser keeps no cookies in frames ---------------------------------------------------------------


@pytest.fixture
def send(acme, shop, filled):
    """Send an enquiry in a frame without any cookie; facts are headers."""

    def post(path=FORM, cookies=None, **headers):
        browser = Client(headers={"host": f"{acme.domain}.oc.localhost"}, enforce_csrf_checks=True)
        for name, value in (cookies or {}).items():
            browser.cookies[name] = value
        given = FRAMED | {"Origin": f"http://{acme.domain}.oc.localhost"} | headers
        response = browser.post(path, filled(), headers={name: value for name, value in given.items() if value})
        with service_scope(shop.organization_id, shop.pk):
            return response.status_code, Ticket.objects.count()

    return post


def test_given_a_browser_without_cookies_in_frames_when_a_guest_sends_then_the_enquiry_arrives(send):
    assert send() == (302, 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "document"},
    ],
)
def test_given_a_form_from_elsewhere_when_sent_without_cookies_then_403(send, headers):
    assert send(**headers) == (403, 0)


def test_given_a_member_when_sent_without_anti_forgery_value_then_403(send, sign_in, member):
    secret = sign_in(member).cookies[cookie_name()].value
    assert send(cookies={cookie_name(): secret}) == (403, 0)
    assert send(cookies={cookie_name() + SUFFIX: secret}) == (403, 0)
    assert send(path="/shop/hc/logout/") == (403, 0)


# --- the app -------------------------------------------------------------------------------------------------------


def test_given_from_app_when_going_on_then_kept_for_the_session_and_no_log_out(integrate, sign_in, member):
    integrate()
    browser = sign_in(member)
    assert "로그아웃" in browser.get(MAIN).content.decode()
    assert "로그아웃" not in browser.get(f"{MAIN}?from=app").content.decode()
    cookie = browser.cookies["hcapp"]
    assert (cookie["path"], cookie["max-age"], cookie["httponly"]) == ("/shop/", "", True)
    page = browser.get(FORM).content.decode()
    assert "로그아웃" not in page
    assert "helpcenter/app" in page


def test_given_no_app_when_the_form_is_shown_then_no_bridge(guest):
    assert "helpcenter/app" not in guest.get(f"{FORM}?from=web").content.decode()


def test_given_language_in_a_frame_when_chosen_then_kept_there_example_25(guest, two_languages):
    guest.get(f"{MAIN}?iframe=true&language=en", headers=FRAMED)
    lone = guest.cookies["hc_lang-frame"].value
    guest.cookies.clear()
    guest.cookies["hc_lang-frame"] = lone
    assert '<html lang="en"' in guest.get(FORM, headers=FRAMED).content.decode()


# --- heights -------------------------------------------------------------------------------------------------------


def test_given_styles_of_the_help_centre_when_read_then_viewport_units_only_outside_of_frames():
    folders = ("core/static/core/css/helpcenter.css", "helpcenter/static/helpcenter/pages.css")
    sheets = [(PACKAGE / name).read_text(encoding="utf-8") for name in folders]
    rules = [rule for sheet in sheets for rule in re.findall(r"[^{}]+\{[^{}]*\}", sheet)]
    found = [rule for rule in rules if re.search(r"\d[dsl]?v(h|w|min|max|b|i)\b", rule)]
    assert [rule for rule in found if ":not(.hc-in-frame)" not in rule] == []


def test_given_a_frame_when_asked_again_then_the_way_back_keeps_the_mark(integrate, sign_in, member, shop):
    integrate()
    client = sign_in(member)
    ticket = factories.make_ticket(shop, member=member)
    own = f"{LIST}{ticket.ticket_id}/"
    page = client.get(f"{own}?iframe=true").content.decode()
    [action] = re.findall(rf'action="({own}[^"]*)"', page)
    sent = client.post(action, {"content": "아직 안 왔어요"})
    assert (action, sent["Location"]) == (f"{own}?iframe=true", f"{own}?iframe=true&sent=1")
    closed = factories.make_ticket(shop, member=member, status="closed", category=ticket.category)
    assert (
        'href="/shop/hc/ticket/?iframe=true"' in client.get(f"{LIST}{closed.ticket_id}/?iframe=true").content.decode()
    )
