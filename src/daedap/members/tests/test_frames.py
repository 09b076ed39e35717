"""The help centre in a frame: who may hold it, and the cookies it has there (spec 20, section 11)."""

import functools

import pytest
from django.conf import settings as django_settings
from django.test import Client

from daedap.core.crypto import hash_token
from daedap.core.scoping import service_scope
from daedap.members.frame_cookies import SUFFIX, with_twins
from daedap.members.frames import marked
from daedap.members.models import LoginType, MemberSession
from daedap.members.sessions import cookie_name, open_session
from tests import factories

HC = "/shop/hc/"
FRAMED = {"Sec-Fetch-Dest": "iframe"}
TOP = {"Sec-Fetch-Dest": "document"}
SITE = "https://www.shop.example"


@pytest.fixture
def integrate(shop):
    return functools.partial(factories.integrate, shop)


@pytest.fixture
def secret(shop):
    """A live session of a member."""
    member = factories.make_member(shop, "hong1", username="홍길동")
    with service_scope(shop.organization_id, shop.pk):
        return open_session(service=shop, member=member, login_type=LoginType.GET)


def ancestors(response):
    policy = response["Content-Security-Policy"].split("; ")
    return next(each for each in policy if each.startswith("frame-ancestors ")).split(" ")[1:]


def twin(response, name=None):
    return response.cookies.get((name or cookie_name()) + SUFFIX)


# --- frame-ancestors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ["'self'"]),
        ({"frame_origins": [SITE, "http://127.0.0.1:9000"]}, ["'self'", SITE, "http://127.0.0.1:9000"]),
        ({"enabled": False, "frame_origins": [SITE]}, ["'self'", SITE]),
        ({"login_url": "https://login.example/in"}, ["'self'"]),
        (
            {
                "login_type": LoginType.POST,
                "login_url": "https://Login.example/in?a=1",
                "login_status_url": "https://status.example:8443/x",
                "frame_origins": [SITE, "https://login.example"],
            },
            ["'self'", SITE, "https://login.example", "https://status.example:8443"],
        ),
        (
            {
                "login_type": LoginType.POST,
                "login_url": "https://로그인.한국/in",
                "login_status_url": "https://로그인.한국/status",
            },
            ["'self'", "https://xn--2i0b10rutm.xn--3e0b707e"],
        ),
    ],
)
def test_given_settings_when_a_page_is_answered_then_exactly_these_may_hold_it_example_56(
    acme, client_of, integrate, facts, expected
):
    integrate(**facts)
    for path in (HC, f"{HC}ticket/", f"{HC}ticket/list/x/"):
        response = client_of(acme).get(path)
        assert ancestors(response) == expected, path
        assert "X-Frame-Options" not in response
        assert "Sec-Fetch-Dest" in response["Vary"]


def test_given_a_parent_when_staff_or_unknown_pages_are_answered_then_nobody_may_hold_them(acme, client_of, integrate):
    integrate(frame_origins=[SITE])
    for path in ("/login/", "/shop/tickets/", "/nothing/hc/", "/", "/shop/settings/member-integration/"):
        response = client_of(acme).get(path, headers=FRAMED)
        assert ancestors(response) == ["'none'"], path
        assert response["X-Frame-Options"] == "DENY"


def test_given_no_anti_forgery_value_when_posted_in_a_frame_then_the_refusal_is_readable_there(acme, shop, integrate):
    integrate(frame_origins=[SITE])
    browser = Client(headers={"host": f"{acme.domain}.oc.localhost"}, enforce_csrf_checks=True)
    response = browser.post(f"{HC}ticket/?iframe=true", {})
    assert response.status_code == 403
    assert ancestors(response) == ["'self'", SITE]


# --- the second cookie -------------------------------------------------------------------------------------------


def test_given_a_frame_when_cookies_are_set_then_each_has_a_partitioned_twin(acme, shop, client_of):
    response = client_of(acme).get(f"{HC}ticket/", headers=FRAMED)
    for name in (django_settings.CSRF_COOKIE_NAME, "hcvisitor"):
        own, second = response.cookies[name], twin(response, name)
        assert second.value == own.value
        assert second["path"] == own["path"]
        words = second.OutputString().split("; ")
        assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned"} <= set(words)
        assert "Partitioned" not in own.OutputString()


def test_given_https_when_cookies_are_set_in_a_frame_then_the_twins_keep_their_prefixes(
    acme, shop, client_of, settings
):
    settings.SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.CSRF_COOKIE_NAME = "__Host-csrf"
    response = client_of(acme).get(f"{HC}ticket/", headers=FRAMED, secure=True)
    assert {"__Host-csrf-frame", "__Secure-hcvisitor-frame"} <= set(response.cookies)
    words = response.cookies["__Host-csrf-frame"].OutputString().split("; ")
    assert {"Path=/", "Secure", "Partitioned"} <= set(words)
    assert not [word for word in words if word.startswith("Domain")]


@pytest.mark.parametrize(("headers", "query"), [(TOP, ""), (TOP, "?iframe=true"), ({}, "")])
def test_given_no_frame_when_cookies_are_set_then_no_twin(acme, shop, client_of, headers, query):
    response = client_of(acme).get(f"{HC}ticket/{query}", headers=headers)
    assert response.cookies
    assert not [name for name in response.cookies if name.endswith(SUFFIX)]


def test_given_only_the_twin_when_opened_then_the_member(acme, client_of, integrate, secret):
    integrate()
    browser = client_of(acme)
    browser.cookies[cookie_name() + SUFFIX] = secret
    assert "홍길동" in browser.get(HC, headers=FRAMED).content.decode()
    assert "홍길동" not in client_of(acme).get(HC, headers=FRAMED).content.decode()


def test_given_the_twin_when_logged_out_then_the_session_is_ended_and_both_cookies_go(
    acme, shop, client_of, integrate, secret
):
    integrate()
    browser = client_of(acme)
    browser.cookies[cookie_name() + SUFFIX] = secret
    response = browser.post(f"{HC}logout/", headers=FRAMED)
    assert response.status_code == 302
    with service_scope(shop.organization_id, shop.pk):
        assert not MemberSession.objects.filter(token_hash=hash_token(secret)).exists()
    assert response.cookies[cookie_name()]["max-age"] == 0
    assert twin(response)["max-age"] == 0


def test_given_a_twin_from_a_frame_when_the_cookie_changes_at_the_top_then_the_twin_goes(
    acme, client_of, integrate, secret
):
    integrate()
    browser = client_of(acme)
    browser.cookies[cookie_name()] = browser.cookies[cookie_name() + SUFFIX] = secret
    response = browser.post(f"{HC}logout/", headers=TOP)
    assert (twin(response).value, twin(response)["max-age"]) == ("", 0)


def test_given_twins_when_read_then_a_cookie_of_its_own_wins_and_staff_sessions_have_none():
    staff = django_settings.SESSION_COOKIE_NAME
    brought = {"hcsid": "own", f"hcsid{SUFFIX}": "twin", f"hc_lang{SUFFIX}": "en", f"{staff}{SUFFIX}": "planted"}
    read = with_twins(brought)
    assert (read["hcsid"], read["hc_lang"]) == ("own", "en")
    assert staff not in read


def test_given_staff_pages_when_twins_are_brought_then_they_mean_nothing(acme, shop, client_of):
    browser = Client(headers={"host": f"{acme.domain}.oc.localhost"}, enforce_csrf_checks=True)
    browser.cookies[django_settings.CSRF_COOKIE_NAME + SUFFIX] = "a" * 32
    response = browser.post("/login/", {"csrfmiddlewaretoken": "a" * 32})
    assert response.status_code == 403


# --- the mark ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/shop/hc/", "/shop/hc/?iframe=true"),
        ("/shop/hc/?page=2", "/shop/hc/?page=2&iframe=true"),
        ("/shop/hc/?iframe=true", "/shop/hc/?iframe=true"),
    ],
)
def test_given_an_address_when_marked_then_once(address, expected):
    assert marked(address) == expected
