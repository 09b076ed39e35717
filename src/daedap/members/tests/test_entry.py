"""Entry with a token, end to end: the endpoint, the database and a verification server (spec 20, 6 and 14)."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
import time_machine
from django.db import connection

from daedap.audit.models import AuditEntry
from daedap.core import threads
from daedap.core.actors import SYSTEM
from daedap.core.crypto import hash_token, new_key
from daedap.core.outbound import OutboundClient, OutboundPolicy
from daedap.core.scoping import service_scope
from daedap.members import logins, sessions, verification
from daedap.members.logins import BURST
from daedap.members.models import IntegrationSettings, LoginEvent, LoginType, MemberSession, UsedToken
from daedap.members.notices import COOKIE as NOTICE
from daedap.members.sessions import cookie_name
from daedap.organizations.keys import change_key, cut_old_key
from daedap.services.models import Service, ServiceState, ServiceType
from tests.factories import make_service

from .entry_helpers import KEY, TIME, Browser, identity, integrate, run_company, signed, token_for, traces

pytestmark = pytest.mark.django_db(transaction=True)

VECTORS = {
    vector["name"]: vector
    for vector in json.loads(
        (Path(__file__).parents[4] / "conformance" / "member-token-vectors.json").read_text("utf-8")
    )
}
HC = "/hangame/hc/"
FORM = "/hangame/hc/ticket/"
LIST = "/hangame/hc/ticket/list/"


def at(milliseconds: int):
    """Stop the clock at a token's time plus so many milliseconds."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return time_machine.travel(moment, tick=False)


@pytest.fixture(autouse=True)
def clock():
    with at(TIME + 1000) as traveller:
        yield traveller


@pytest.fixture
def company(settings):
    settings.ALLOW_PRIVATE_CALLBACKS = True
    with run_company() as running:
        yield running


@pytest.fixture
def hangame(acme, company) -> Service:
    acme.key = KEY
    acme.save()
    service = make_service(acme, "hangame")
    integrate(service, company.url)
    return service


def vector_query(name: str) -> str:
    vector = VECTORS[name]
    values = {key: str(value) for key, value in vector["inputs"].items() if value is not None and key != "service"}
    pairs = [f"{key}={quote(value, safe='')}" for key, value in values.items()]
    return "&".join([*pairs, f"token={vector['urlencoded_token']}"])


def assert_member(browser: Browser, service: Service, response: httpx.Response, usercode: str, target: str) -> None:
    """A new session of this very member, and a redirect without a body to the clean address."""
    assert (response.status_code, response.headers["location"], response.content) == (302, target, b"")
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    with service_scope(service.organization_id, service.pk):
        session = MemberSession.objects.select_related("member").get(token_hash=hash_token(browser.secret))
    assert session.member.usercode == usercode
    assert session.login_type == LoginType.GET
    assert browser.cookies.get(NOTICE) is None


def assert_guest(
    browser: Browser, service: Service, response: httpx.Response, reason: str, *, target: str = HC, events: int = 1
) -> None:
    """No session, no member, the notice, the reason on record, and a redirect to where guests go."""
    assert (response.status_code, response.headers["location"], response.content) == (302, target, b"")
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert browser.secret == ""
    assert browser.cookies.get(NOTICE) == "login_failed"
    left = traces(service)
    assert (left.members, left.sessions) == ([], [])
    assert left.events == [(False, reason)] * events


# --- the way in --------------------------------------------------------------------------------------------------


def test_given_vector_when_opened_then_call_session_and_clean_address_example_5(hangame, company):
    browser = Browser()
    response = browser.open(f"{HC}?{vector_query('korean-username')}")
    assert_member(browser, hangame, response, "user-0001", HC)
    assert company.calls == [("user-0001", VECTORS["korean-username"]["token"])]
    path, headers = company.requests[0]
    assert path.startswith("/verify?usercode=user-0001&token=")
    assert headers["accept"] == "application/json"
    assert "cookie" not in headers
    assert "referer" not in headers
    left = traces(hangame)
    (member,) = left.members
    assert (member.username, member.email, member.phone) == ("홍길동", "hong@example.com", "01012345678")
    assert left.events == [(True, "")]


def test_given_https_installation_when_signed_in_then_the_cookie_is_closed_up(hangame, company, settings):
    settings.SECURE = True
    response = Browser().open(f"{HC}?{signed()}", headers={"x-forwarded-proto": "https"})
    # without SECURE_PROXY_SSL_HEADER nobody's word counts
    assert response.status_code == 403
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    response = Browser().open(f"{HC}?{signed()}", headers={"x-forwarded-proto": "https"})
    (cookie,) = [value for value in response.headers.get_list("set-cookie") if value.startswith("__Secure-hcsid=")]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert attributes == {"httponly", "path=/hangame/", "samesite=lax", "secure"}


def test_given_https_installation_when_opened_by_http_then_refused_and_not_redirected(hangame, company, settings):
    settings.SECURE = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for headers in (None, {"x-forwarded-proto": "http"}):
        response = Browser().open(f"{HC}?{signed()}", headers=headers)
        assert response.status_code == 403
        assert "location" not in response.headers
        assert "hong" not in response.text
    assert company.calls == []
    assert traces(hangame).events == []


@pytest.mark.parametrize("path", [FORM, LIST, "/hangame/hc", "/hangame/hc/faq/12/"])
def test_given_vector_on_any_page_when_opened_then_the_same_page_examples_6_and_7(hangame, company, path):
    browser = Browser()
    response = browser.open(f"{path}?{vector_query('korean-username')}")
    assert_member(browser, hangame, response, "user-0001", path)


def test_given_one_token_on_three_pages_when_opened_then_three_sessions_and_calls_example_8(hangame, company, clock):
    query = vector_query("korean-username")
    for path in (HC, FORM, LIST):
        browser = Browser()
        assert_member(browser, hangame, browser.open(f"{path}?{query}"), "user-0001", path)
        clock.shift(timedelta(seconds=90))
    assert len(company.calls) == 3
    left = traces(hangame)
    assert len(left.members) == 1
    assert len(left.sessions) == 3


def test_given_path_in_another_case_when_opened_then_signed_in_under_the_registered_id(hangame, company):
    browser = Browser()
    assert_member(browser, hangame, browser.open(f"/HanGame/hc/?{signed()}"), "hong", HC)


def test_given_one_changed_character_when_opened_then_guest_without_a_call_example_9(hangame, company):
    browser = Browser()
    response = browser.open(f"{HC}?{signed().replace('hong%40', 'hung%40')}")
    assert_guest(browser, hangame, response, "hmac_mismatch")
    assert company.calls == []


def _token_forms() -> dict[str, str]:
    vector = VECTORS["base64-with-plus-and-slash"]
    inputs, encoded = vector["inputs"], vector["urlencoded_token"]
    rest = f"usercode={inputs['usercode']}&username=plus%20slash&email=u11%40example.com&time={inputs['time']}"
    return {
        "another order": f"token={encoded}&time={inputs['time']}&email=u11%40example.com&username=plus+slash"
        f"&usercode={inputs['usercode']}",
        "plus unencoded": f"{rest}&token={encoded.replace('%2B', '+')}",
        "lower-case escapes": f"{rest}&token={encoded.replace('%2B', '%2b').replace('%3D', '%3d')}",
        "no padding": f"{rest}&token={encoded.removesuffix('%3D')}",
    }


@pytest.mark.parametrize("query", [pytest.param(query, id=name) for name, query in _token_forms().items()])
def test_given_careless_encoding_when_opened_then_member_example_10(hangame, company, query):
    browser = Browser()
    assert_member(browser, hangame, browser.open(f"{HC}?{query}"), "u11", HC)
    assert company.calls == [("u11", VECTORS["base64-with-plus-and-slash"]["token"])]


@pytest.mark.parametrize("form", ["hexadecimal", "url-safe"])
def test_given_other_token_alphabets_when_opened_then_guest_example_11(hangame, company, form):
    vector = VECTORS["base64-with-plus-and-slash"]
    raw = base64.b64decode(vector["token"])
    other = raw.hex() if form == "hexadecimal" else base64.urlsafe_b64encode(raw).decode()
    query = vector_query("base64-with-plus-and-slash").partition("&token=")[0]
    browser = Browser()
    assert_guest(browser, hangame, browser.open(f"{HC}?{query}&token={quote(other)}"), "bad_token_format")
    assert company.calls == []


def test_given_raw_plus_in_phone_and_email_when_opened_then_stored_with_plus_example_12(hangame, company):
    vector = VECTORS["international-phone-and-plus-address"]
    name = quote(vector["inputs"]["username"], safe="")
    query = (
        f"usercode=u17&username={name}&email=user+tag@example.com&phone=+82%2010-1234-5678"
        f"&time={vector['inputs']['time']}&token={vector['urlencoded_token']}"
    )
    browser = Browser()
    assert_member(browser, hangame, browser.open(f"{HC}?{query}"), "u17", HC)
    (member,) = traces(hangame).members
    assert (member.phone, member.email) == ("+82 10-1234-5678", "user+tag@example.com")


def _refusals() -> list:
    def case(number: str, reason: str, query: str):
        return pytest.param(query, reason, id=f"example_{number}_{reason}")

    usercode_with_and = identity(usercode="a&b")
    return [
        case("4", "bad_length", signed(username="가" * 51)),
        case("13", "dup_param", f"{signed()}&usercode=hong"),
        case("14", "missing_param", signed(email=None)),
        case("15", "bad_char", signed(**usercode_with_and)),
        case("19", "expired", signed(time=TIME // 1000)),
        case("x", "bad_encoding", f"{signed()}&from=%ff"),
        case("x", "bad_time", signed(time="12a")),
        case("x", "missing_param", "token="),
        case("x", "missing_param", "usercode=hong&token=x"),
    ]


@pytest.mark.parametrize(("query", "reason"), _refusals())
def test_given_bad_structure_when_opened_then_guest_without_a_call(hangame, company, query, reason):
    browser = Browser()
    target = f"{HC}?from=%ff" if "from=" in query else HC
    assert_guest(browser, hangame, browser.open(f"{HC}?{query}"), reason, target=target)
    assert company.calls == []


def test_given_name_of_50_characters_when_opened_then_member_example_4(hangame, company):
    browser = Browser()
    response = browser.open(f"{HC}?{vector_query('korean-username-50-characters')}")
    assert_member(browser, hangame, response, "u14", HC)


@pytest.mark.parametrize(
    ("offset", "reason"),
    [(300_000, None), (300_001, "expired"), (-60_000, None), (-60_001, "future")],
)
def test_given_edge_of_the_time_window_when_opened_then_inclusive_examples_16_and_17(hangame, company, offset, reason):
    browser = Browser()
    with at(TIME + offset):
        response = browser.open(f"{HC}?{signed()}")
        if reason is None:
            assert_member(browser, hangame, response, "hong", HC)
        else:
            assert_guest(browser, hangame, response, reason)
    assert len(company.calls) == (1 if reason is None else 0)


def test_given_no_limit_and_the_sample_token_when_opened_then_member_example_18(hangame, company):
    integrate(hangame, company.url, token_lifetime_minutes=None)
    browser = Browser()
    assert_member(browser, hangame, browser.open(f"{HC}?{vector_query('seed-sample')}"), "testusercode", HC)


# --- the company's answer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", [True, "TRUE", "true", " True "])
def test_given_login_meaning_true_when_asked_then_member_example_20(hangame, company, login):
    company.answer = lambda usercode, token: {"login": login, "usercode": usercode}
    browser = Browser()
    assert_member(browser, hangame, browser.open(f"{HC}?{signed()}"), "hong", HC)


def test_given_usercode_as_a_number_when_asked_then_member_example_22(hangame, company):
    company.answer = lambda usercode, token: {"login": "true", "usercode": 1001}
    browser = Browser()
    assert_member(browser, hangame, browser.open(f"{HC}?{signed(usercode='1001')}"), "1001", HC)


ANSWERS = [
    ("20", {"login": "1", "usercode": "hong"}, "verify_login_false"),
    ("20", {"login": "Y", "usercode": "hong"}, "verify_login_false"),
    ("20", {"login": 1, "usercode": "hong"}, "verify_login_false"),
    ("21", {"login": "false", "usercode": None}, "verify_login_false"),
    ("22", {"login": "true", "usercode": "kim"}, "verify_usercode_mismatch"),
    ("22", {"login": "true", "usercode": "Hong"}, "verify_usercode_mismatch"),
    ("22", {"login": "true"}, "verify_usercode_missing"),
    ("23", (500, b'{"login":"true","usercode":"hong"}'), "verify_http_status"),
    ("23", (204, b""), "verify_http_status"),
    ("23", (302, b""), "verify_redirect"),
    ("25", (200, b"<html>login</html>"), "verify_bad_json"),
    ("25", (200, b"[]"), "verify_bad_json"),
    ("25", (200, b'{"login":"true","usercode":"hong","pad":"' + b"x" * 65 * 1024 + b'"}'), "verify_bad_json"),
]


@pytest.mark.parametrize(
    ("answer", "reason"), [pytest.param(answer, reason, id=f"example_{n}_{reason}") for n, answer, reason in ANSWERS]
)
def test_given_any_other_answer_when_asked_then_guest_after_one_call(hangame, company, caplog, answer, reason):
    company.answer = lambda usercode, token: answer
    browser = Browser()
    with caplog.at_level(logging.INFO):
        assert_guest(browser, hangame, browser.open(f"{HC}?{signed()}"), reason)
    assert len(company.calls) == 1
    (line,) = [record for record in caplog.records if record.getMessage() == "member.login.fail"]
    assert line.security is (reason == "verify_usercode_mismatch")
    assert (line.levelno == logging.WARNING) is line.security


def test_given_no_answer_for_5_seconds_when_asked_then_guest_within_6_example_24(hangame, company):
    def silent(usercode: str, token: str):
        time.sleep(5.6)
        return {"login": "true", "usercode": usercode}

    company.answer = silent
    browser = Browser()
    started = time.perf_counter()
    response = browser.open(f"{HC}?{signed()}")
    assert time.perf_counter() - started < 6
    assert_guest(browser, hangame, response, "verify_timeout")


def test_given_nobody_listening_when_asked_then_guest(hangame, company):
    integrate(hangame, "http://127.0.0.1:1024")
    browser = Browser()
    assert_guest(browser, hangame, browser.open(f"{HC}?{signed()}"), "verify_network")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1"])
def test_given_private_address_when_asked_then_no_connection_example_26(hangame, company, monkeypatch, address):
    """The host looks public; where it leads does not (example 27: what it led to at save does not count)."""
    port = urlsplit(company.url).port
    integrate(hangame, f"http://members.example.com:{port}")

    def client():
        policy = OutboundPolicy(allow_private=False, allow_http=True)
        return OutboundClient(policy, resolver=lambda host, port: ["8.8.8.8", address])

    monkeypatch.setattr(verification, "outbound_client", client)
    browser = Browser()
    assert_guest(browser, hangame, browser.open(f"{HC}?{signed()}"), "verify_blocked_address")
    assert company.calls == []


def test_given_stored_http_address_when_the_installation_wants_https_then_guest_example_27(hangame, company, settings):
    settings.ALLOW_PRIVATE_CALLBACKS = False
    browser = Browser()
    assert_guest(browser, hangame, browser.open(f"{HC}?{signed()}"), "verify_blocked_address")
    assert company.calls == []


def test_given_failure_on_the_list_when_opened_then_the_form_example_28(hangame, company):
    company.answer = lambda usercode, token: {"login": "false", "usercode": None}
    for path in (LIST, "/hangame/hc/ticket/list", "/hangame/hc/ticket/list/12/"):
        browser = Browser()
        response = browser.open(f"{path}?{signed()}&from=app")
        assert response.headers["location"] == f"{FORM}?from=app"
    assert_guest(browser, hangame, response, "verify_login_false", target=f"{FORM}?from=app", events=3)


# --- sessions ----------------------------------------------------------------------------------------------------


def test_given_session_for_a_when_b_enters_then_a_is_gone_example_30(hangame, company):
    browser = Browser()
    browser.open(f"{HC}?{signed(usercode='a')}")
    old = browser.secret
    response = browser.open(f"{HC}?{signed(usercode='b')}")
    assert_member(browser, hangame, response, "b", HC)
    assert browser.secret != old
    assert [session.member.usercode for session in traces(hangame).sessions] == ["b"]


def test_given_session_for_a_when_token_is_bad_then_session_ends_example_31(hangame, company):
    browser, other = Browser(), Browser()
    for each in (browser, other):
        each.open(f"{HC}?{signed(usercode='a')}")
    response = browser.open(f"{HC}?{signed(usercode='b', key=new_key())}")
    assert response.status_code == 302
    assert browser.secret == ""
    left = traces(hangame)
    assert [session.token_hash for session in left.sessions] == [hash_token(other.secret)]
    assert [member.usercode for member in left.members] == ["a"]


def test_given_further_parameters_when_opened_then_exactly_those_are_kept_example_33(hangame, company):
    browser = Browser()
    query = f"from=app&{signed()}&language=ja&accessToken=zzz&additionId=x&service=other"
    response = browser.open(f"{HC}?{query}")
    assert_member(browser, hangame, response, "hong", f"{HC}?from=app&language=ja&additionId=x")


def test_given_member_seen_before_when_entering_then_delivered_values_win_and_others_stay(hangame, company):
    browser = Browser()
    browser.open(f"{HC}?{signed(username='옛이름', email='old@example.com', phone='010', memberno='7')}")
    browser.open(f"{HC}?{signed(username='한글', email='no-mail', phone='  ')}")
    (member,) = traces(hangame).members
    assert (member.username, member.email, member.phone, member.memberno) == ("한글", "old@example.com", "010", "7")


# --- single use --------------------------------------------------------------------------------------------------


def test_given_single_use_when_shown_twice_then_guest_example_34(hangame, company):
    integrate(hangame, company.url, single_use_token=True)
    first, second = Browser(), Browser()
    assert_member(first, hangame, first.open(f"{HC}?{signed()}"), "hong", HC)
    second.open(f"{HC}?{signed()}")
    assert second.secret == ""
    left = traces(hangame)
    assert left.events == [(True, ""), (False, "replayed")]
    assert len(left.sessions) == 1
    assert len(company.calls) == 1
    with service_scope(hangame.organization_id, hangame.pk):
        used = UsedToken.objects.get()
    assert used.expires_at == datetime.fromtimestamp(TIME / 1000 + 1, UTC) + timedelta(minutes=6)


def test_given_single_use_and_no_limit_when_shown_again_within_a_day_then_guest_example_34(hangame, company, clock):
    integrate(hangame, company.url, single_use_token=True, token_lifetime_minutes=None)
    browser, again, late = Browser(), Browser(), Browser()
    browser.open(f"{HC}?{signed()}")
    clock.shift(timedelta(hours=23, minutes=59))
    again.open(f"{HC}?{signed()}")
    clock.shift(timedelta(minutes=2))
    late.open(f"{HC}?{signed()}")
    assert [bool(each.secret) for each in (browser, again, late)] == [True, False, True]
    assert traces(hangame).events == [(True, ""), (False, "replayed"), (True, "")]


def test_given_single_use_when_shown_twice_at_once_then_exactly_one_member_example_34(hangame, company):
    integrate(hangame, company.url, single_use_token=True)

    def slow(usercode: str, token: str):
        time.sleep(0.3)
        return {"login": "true", "usercode": usercode}

    company.answer = slow
    browsers = [Browser() for _ in range(4)]

    async def all_at_once():
        return await asyncio.gather(*(browser.open_async(f"{HC}?{signed()}") for browser in browsers))

    asyncio.run(all_at_once())
    assert sorted(bool(browser.secret) for browser in browsers) == [False, False, False, True]
    left = traces(hangame)
    assert len(left.sessions) == 1
    assert sorted(left.events) == [(False, "replayed")] * 3 + [(True, "")]
    assert len(company.calls) == 1  # equal questions in flight share one call


def test_given_same_token_in_flight_when_not_single_use_then_one_call_and_all_members(hangame, company):
    def slow(usercode: str, token: str):
        time.sleep(0.3)
        return {"login": "true", "usercode": usercode}

    company.answer = slow
    browsers = [Browser() for _ in range(5)]

    async def all_at_once():
        return await asyncio.gather(*(browser.open_async(f"{HC}?{signed()}") for browser in browsers))

    asyncio.run(all_at_once())
    assert len(company.calls) == 1
    assert len({browser.secret for browser in browsers}) == 5
    assert len(traces(hangame).sessions) == 5


def test_given_all_places_in_flight_when_none_gets_free_then_busy(hangame, company, monkeypatch):
    monkeypatch.setattr(verification, "CALLS_AT_ONCE", 20)
    monkeypatch.setattr(verification, "WAIT_SECONDS", 0.1)
    two_are_refused = threading.Event()

    def slow(usercode: str, token: str):
        two_are_refused.wait(4)
        return {"login": "true", "usercode": usercode}

    company.answer = slow
    browsers = [Browser(ip=f"198.51.100.{number}") for number in range(22)]

    async def all_at_once():
        visits = [browser.open_async(f"{HC}?{signed(usercode=f'u{n}')}") for n, browser in enumerate(browsers)]
        for number, done in enumerate(asyncio.as_completed(visits), start=1):
            await done
            if number == 2:
                two_are_refused.set()

    asyncio.run(all_at_once())
    left = traces(hangame)
    assert len(company.calls) == 20
    assert sorted(left.events) == [(False, "verify_busy")] * 2 + [(True, "")] * 20


# --- when nothing is evaluated -----------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [{"enabled": False}, {"login_type": LoginType.POST}])
def test_given_disabled_or_post_when_opened_then_stripped_and_no_call_example_35(hangame, company, facts):
    integrate(hangame, company.url, **facts)
    browser = Browser()
    response = browser.open(f"{LIST}?from=app&{signed()}")
    assert (response.status_code, response.headers["location"]) == (302, f"{LIST}?from=app")
    assert response.headers["referrer-policy"] == "no-referrer"
    assert (browser.secret, browser.cookies.get(NOTICE)) == ("", None)
    left = traces(hangame)
    assert (left.members, left.sessions, left.events, company.calls) == ([], [], [], [])


def test_given_service_without_settings_when_opened_then_stripped(acme, company):
    service = make_service(acme, "plain")
    response = Browser().open(f"/plain/hc/?{signed(service='plain')}")
    assert (response.status_code, response.headers["location"]) == (302, "/plain/hc/")
    assert traces(service).events == []


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
    ],
)
def test_given_head_or_prefetch_when_opened_then_clean_redirect_and_nothing_else(hangame, company, method, headers):
    browser = Browser()
    browser.open(f"{HC}?{signed()}")
    kept = browser.secret
    response = browser.open(f"{HC}?{signed(key=new_key())}", method=method, headers=headers)
    assert (response.status_code, response.headers["location"]) == (302, HC)
    assert browser.secret == kept
    assert len(traces(hangame).sessions) == 1
    assert len(company.calls) == 1


def test_given_access_token_only_when_type_is_get_then_stripped(hangame, company):
    response = Browser().open(f"{HC}?accessToken=abc&usercode=hong")
    assert (response.status_code, response.headers["location"]) == (302, HC)
    assert traces(hangame).events == []


def test_given_token_of_another_service_when_opened_then_guest_example_36(acme, hangame, shop, company):
    integrate(shop, company.url)
    browser = Browser()
    assert_guest(browser, shop, browser.open(f"/shop/hc/?{signed()}"), "hmac_mismatch", target="/shop/hc/")
    assert company.calls == []


def test_given_service_of_another_organization_when_opened_then_404(hangame, beta, company):
    response = Browser("beta").open(f"{HC}?{signed()}")
    assert response.status_code == 404
    assert "hong" not in response.text
    assert traces(hangame).events == []


def test_given_new_key_when_old_token_is_shown_then_guest_example_37(acme, hangame, company):
    acme.key = new_key()
    acme.save()
    browser = Browser()
    assert_guest(browser, hangame, browser.open(f"{HC}?{signed()}"), "hmac_mismatch")


def test_given_no_key_or_no_url_when_opened_then_not_configured(acme, hangame, company):
    IntegrationSettings._base_manager.update(token_verification_url="")
    browser = Browser()
    assert_guest(browser, hangame, browser.open(f"{HC}?{signed()}"), "not_configured")
    integrate(hangame, company.url)
    acme.key = ""
    acme.save()
    assert_guest(browser, hangame, browser.open(f"{HC}?{signed()}"), "not_configured", events=2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda service: IntegrationSettings._base_manager.update(enabled=False), "not_configured"),
        (lambda service: IntegrationSettings._base_manager.update(login_type="post"), "not_configured"),
        (lambda service: IntegrationSettings._base_manager.update(token_verification_url="x"), "not_configured"),
        (lambda service: type(service.organization).objects.update(key="f" * 32), "hmac_mismatch"),
        (lambda service: Service._base_manager.update(state=ServiceState.PAUSED), "not_configured"),
        (
            lambda service: Service._base_manager.update(state=ServiceState.STOPPED, stopped_at=datetime.now(UTC)),
            "not_configured",
        ),
        (lambda service: type(service.organization).objects.update(activated_at=None), "not_configured"),
    ],
    ids=["disabled", "post", "url", "key", "suspended", "terminated", "inactive"],
)
def test_given_change_while_the_company_is_asked_when_it_answers_then_guest(hangame, company, change, reason):
    def change_then_agree(usercode: str, token: str):
        change(hangame)
        connection.close()
        return {"login": "true", "usercode": usercode}

    company.answer = change_then_agree
    browser = Browser()
    assert_guest(browser, hangame, browser.open(f"{HC}?{signed()}"), reason)


# --- pages instead of a redirect ---------------------------------------------------------------------------------


def test_given_unknown_or_unfit_service_when_opened_then_404_and_nothing_evaluated(acme, hangame, company):
    make_service(acme, "gone", state=ServiceState.STOPPED, stopped_at=datetime.now(UTC))
    make_service(acme, "fresh", state=ServiceState.CREATE)
    make_service(acme, "issues", type=ServiceType.ISSUE)
    for service_id in ("nobody", "gone", "fresh", "issues"):
        response = Browser().open(f"/{service_id}/hc/?{signed()}")
        assert response.status_code == 404
        assert "script-src 'self'; " in response.headers["content-security-policy"] + "; "
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "hong" not in response.text
    assert Browser("nobody").open(f"{HC}?{signed()}").status_code == 404
    assert company.calls == []


def test_given_paused_service_when_opened_then_its_page_and_nothing_evaluated(hangame, company):
    hangame.state = ServiceState.PAUSED
    hangame.save()
    response = Browser().open(f"{HC}?{signed()}")
    assert response.status_code == 503
    assert "서비스가 중지되었습니다." in response.text
    assert "hong" not in response.text
    assert (company.calls, traces(hangame).events) == ([], [])


def test_given_21_bad_tokens_from_one_address_when_shown_then_429_for_5_minutes_example_38(hangame, company, clock):
    bad = f"{HC}?{signed(key=new_key())}"
    guesser, neighbour = Browser(ip="198.51.100.66"), Browser(ip="198.51.100.67")
    assert [guesser.open(bad).status_code for _ in range(20)] == [302] * 20
    response = guesser.open(bad)
    assert response.status_code == 429
    assert response.headers["retry-after"] == "300"
    assert guesser.open(f"{HC}?{signed()}").status_code == 429
    assert company.calls == []
    assert "5분 동안 회원으로 접속할 수 없습니다" in response.text
    assert 'href="/hangame/hc/"' in response.text  # the way on, as a guest
    assert "Daedap" not in response.text
    assert len(traces(hangame).events) == 21
    assert_member(neighbour, hangame, neighbour.open(f"{HC}?{signed()}"), "hong", HC)
    clock.shift(timedelta(minutes=5, seconds=1))
    late = signed(time=TIME + 300_000)
    assert_member(guesser, hangame, guesser.open(f"{HC}?{late}"), "hong", HC)


def test_given_21_answers_of_logged_out_when_shown_then_no_429(hangame, company):
    company.answer = lambda usercode, token: {"login": "false", "usercode": None}
    browser = Browser()
    assert {browser.open(f"{HC}?{signed()}").status_code for _ in range(22)} == {302}


# --- return addresses --------------------------------------------------------------------------------------------

OWN = "http://acme.oc.localhost:8000"


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        (LIST, LIST),
        (f"{LIST}?from=app&token=x", f"{LIST}?from=app"),
        (f"{OWN}{LIST}?from=app#top", f"{LIST}?from=app"),
        ("/hangame/hc/search/?q=배송", "/hangame/hc/search/?q=%EB%B0%B0%EC%86%A1"),
        ("/hangame/hc", "/hangame/hc"),
        ("https://evil.example/hangame/hc/", HC),
        ("//evil.example/hangame/hc/", HC),
        ("http://acme.oc.localhost/hangame/hc/", HC),
        ("http://acme.oc.localhost:8000@evil.example/hangame/hc/", HC),
        ("/hangame/hc/../../shop/hc/", HC),
        ("/hangame/hc/%2e%2e/%2e%2e/admin/", HC),
        ("/hangame/hc\\..\\..", HC),
        ("/hangame/hcx/", HC),
        ("/hangame/tickets/", HC),
        ("/shop/hc/", HC),
        ("javascript:alert(1)", HC),
        ("http://[", HC),
    ],
)
def test_given_signed_return_url_when_entered_then_only_into_this_help_centre(hangame, company, wanted, target):
    browser = Browser()
    response = browser.open(f"{HC}?{signed(returnUrl=wanted)}")
    assert_member(browser, hangame, response, "hong", target)


def test_given_unsigned_return_url_when_entered_then_guest(hangame, company):
    browser = Browser()
    response = browser.open(f"{HC}?{signed()}&returnUrl={quote(LIST, safe='')}")
    assert_guest(browser, hangame, response, "hmac_mismatch")


# --- what stays secret -------------------------------------------------------------------------------------------


def test_given_any_entry_when_logged_then_no_token_or_personal_data_example_39(hangame, company, caplog):
    browser = Browser()
    with caplog.at_level(logging.DEBUG):
        browser.open(f"{HC}?{signed(phone='01012345678')}")
        browser.open(f"{HC}?{signed(phone='01012345678', key=new_key())}")
        company.answer = lambda usercode, token: (500, b"")
        browser.open(f"{HC}?{signed(phone='01012345678')}")
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]  # that one is the browser's
    assert [record.getMessage() for record in ours if record.name.startswith("daedap.members.logins")] == [
        "member.login.ok",
        "member.login.fail",
        "member.login.fail",
    ]
    text = "\n".join(str(vars(record)) for record in ours)
    token = token_for(identity(phone="01012345678"))
    for secret in (token, quote(token, safe=""), "hong@example.com", "hong%40", "01012345678", "홍길동", "usercode="):
        assert secret not in text
    with service_scope(hangame.organization_id, hangame.pk):
        first, second, third = LoginEvent.objects.order_by("pk")
    assert re.fullmatch(r"[0-9a-f]{8}", first.correlation)
    assert (first.correlation == third.correlation, first.correlation == second.correlation) == (True, False)


def test_given_an_unforeseen_error_when_entering_then_guest_and_the_session_is_left_behind(
    hangame, company, monkeypatch
):
    browser = Browser()
    browser.open(f"{HC}?{signed()}")

    async def breaks(question):
        raise RuntimeError("boom")

    monkeypatch.setattr(verification, "ask", breaks)
    response = browser.open(f"{LIST}?from=app&{signed()}")
    assert (response.status_code, response.headers["location"]) == (302, f"{FORM}?from=app")
    assert browser.secret == ""
    assert browser.cookies.get(NOTICE) == "login_failed"
    assert len(traces(hangame).members) == 1


def test_given_more_than_can_be_done_when_no_turn_comes_then_guest_and_nobody_is_asked(
    hangame, company, monkeypatch, caplog
):
    monkeypatch.setattr(threads, "TURN_SECONDS", 0.1)

    async def crowd(browser):
        busy = [asyncio.create_task(threads.in_turn("others", time.sleep, 0.5)) for _ in range(threads.THREADS)]
        await asyncio.sleep(0.05)
        response = await browser.open_async(f"{LIST}?from=app&{signed()}")
        await asyncio.gather(*busy)
        return response

    browser = Browser()
    response = asyncio.run(crowd(browser))
    assert (response.status_code, response.headers["location"]) == (302, f"{FORM}?from=app")
    assert browser.cookies.get(NOTICE) == "login_failed"
    assert company.calls == traces(hangame).events == []
    assert "too many entries" in caplog.text
    assert "Traceback" not in caplog.text


def test_given_overlap_when_either_key_signs_then_member_and_the_event_says_which(acme, hangame, company, clock):
    change_key(organization_id=acme.pk, actor=SYSTEM, overlap_hours=1)
    acme.refresh_from_db()
    for key in (KEY, acme.key):
        browser = Browser()
        assert_member(browser, hangame, browser.open(f"{HC}?{signed(key=key)}"), "hong", HC)
    with service_scope(acme.pk, hangame.pk):
        assert list(LoginEvent.objects.order_by("pk").values_list("ok", "by_old_key")) == [(True, True), (True, False)]
    acme.refresh_from_db()
    assert acme.key_used_at == acme.old_key_used_at
    clock.shift(timedelta(hours=1))
    late = signed(key=KEY, time=TIME + 3_600_000)
    browser = Browser()
    assert browser.open(f"{HC}?{late}").status_code == 302
    assert browser.secret == ""
    assert traces(hangame).events[-1] == (False, "hmac_mismatch")


def test_given_old_key_when_cut_while_the_company_is_asked_then_guest(acme, hangame, company):
    change_key(organization_id=acme.pk, actor=SYSTEM, overlap_hours=1)

    def cut_then_agree(usercode: str, token: str):
        cut_old_key(organization_id=acme.pk, actor=SYSTEM)
        connection.close()
        return {"login": "true", "usercode": usercode}

    company.answer = cut_then_agree
    browser = Browser()
    assert_guest(browser, hangame, browser.open(f"{HC}?{signed()}"), "hmac_mismatch")
    with service_scope(acme.pk, hangame.pk):
        assert LoginEvent.objects.get().by_old_key


def test_given_a_key_that_changes_while_a_session_is_opened_when_both_are_done_then_the_session_is_over(
    acme, hangame, company, monkeypatch, clock
):
    changing: list[threading.Thread] = []
    upsert = logins.upsert_member

    def change() -> None:
        change_key(organization_id=acme.pk, actor=SYSTEM)
        connection.close()

    def change_meanwhile(**options):
        changing.append(threading.Thread(target=change))
        changing[0].start()
        changing[0].join(0.5)
        clock.shift(timedelta(seconds=1))
        return upsert(**options)

    monkeypatch.setattr(logins, "upsert_member", change_meanwhile)
    browser = Browser()
    browser.open(f"{HC}?{signed()}")
    changing[0].join(5)
    assert browser.secret != ""
    acme.refresh_from_db()
    with service_scope(acme.pk, hangame.pk):
        assert sessions.find_session(browser.secret, acme) is None


# --- in a frame (section 11) -------------------------------------------------------------------------------------


def frame_cookies_of(response: httpx.Response) -> dict[str, str]:
    """The name and the whole text of each cookie for frames on other sites."""
    headers = [header for header in response.headers.get_list("set-cookie") if "Partitioned" in header]
    return {header.partition("=")[0]: header for header in headers}


def test_given_a_frame_when_entered_then_the_session_is_in_a_partitioned_cookie_too(hangame):
    browser = Browser()
    response = browser.open(f"{HC}?iframe=true&{signed()}", headers={"Sec-Fetch-Dest": "iframe"})
    assert_member(browser, hangame, response, "hong", f"{HC}?iframe=true")
    kept = frame_cookies_of(response)["hcsid-frame"]
    assert kept.startswith(f"hcsid-frame={browser.secret}; ")
    assert {"Secure", "HttpOnly", "SameSite=None", "Path=/hangame/"} <= set(kept.split("; "))


@pytest.mark.parametrize("query", ["", "iframe=true&"])
def test_given_the_whole_window_when_entered_then_no_partitioned_cookie(hangame, query):
    response = Browser().open(f"{HC}?{query}{signed()}", headers={"Sec-Fetch-Dest": "document"})
    assert response.status_code == 302
    assert frame_cookies_of(response) == {}


def test_given_a_member_in_a_frame_when_a_bad_token_comes_then_a_guest_there_example_31(hangame):
    browser = Browser()
    framed = {"Sec-Fetch-Dest": "iframe"}
    browser.open(f"{HC}?{signed()}", headers=framed)
    only_there = {"Cookie": f"hcsid-frame={browser.secret}"}
    browser.cookies.clear()
    response = browser.open(f"{HC}?{signed(key='0' * 32)}", headers=framed | only_there)
    kept = frame_cookies_of(response)
    assert "Max-Age=0" in kept["hcsid-frame"]
    assert kept["hcnotice-frame"].startswith("hcnotice-frame=login_failed; ")
    assert traces(hangame).sessions == []


def test_given_a_marked_link_with_a_return_url_when_entered_then_the_page_is_marked(hangame):
    response = Browser().open(f"{HC}?iframe=true&{signed(returnUrl='/hangame/hc/ticket/list/?page=2')}")
    assert response.headers["location"] == f"{LIST}?page=2&iframe=true"


def test_given_a_blocked_address_when_entering_in_a_frame_then_the_company_can_show_the_page(hangame):
    integrate(hangame, "https://verify.example/", frame_origins=["https://www.shop.example"])
    for _ in range(21):
        response = Browser().open(f"{HC}?{signed(key='0' * 32)}", headers={"Sec-Fetch-Dest": "iframe"})
    assert response.status_code == 429
    assert "frame-ancestors 'self' https://www.shop.example" in response.headers["content-security-policy"]
    assert "x-frame-options" not in response.headers
    marked = Browser().open(f"{HC}?iframe=true&language=en&{signed(key='0' * 32)}")
    assert marked.status_code == 429
    assert 'href="/hangame/hc/?iframe=true"' in marked.text
    assert "Go on as a guest" in marked.text


@pytest.mark.parametrize(
    ("reason", "query", "says"),
    [
        ("hmac_mismatch", lambda: signed(key="0" * 32), None),
        ("verify_usercode_mismatch", signed, {"login": True, "usercode": "somebody"}),
        ("expired", lambda: signed(time=TIME - 600_000), None),
    ],
)
def test_given_many_failures_in_five_minutes_when_they_smell_of_an_attack_then_one_security_event(
    hangame, company, caplog, clock, reason, query, says
):
    if says:
        company.answer = lambda usercode, token: says
    caplog.set_level(logging.INFO)

    def recorded():
        return [entry.facts for entry in AuditEntry._base_manager.filter(action="members.login_burst")]

    for number in range(BURST + 3):
        Browser(ip=f"198.51.100.{number}").open(f"{HC}?{query()}")
        assert len(recorded()) == (1 if reason != "expired" and number >= BURST - 1 else 0)
    if reason == "expired":
        return
    assert recorded() == [{"reason": reason, "count": BURST}]
    assert [line.message for line in caplog.records if line.message == "member.security.burst"] == [
        "member.security.burst"
    ]
    clock.shift(301)
    with at(TIME + 600_000):
        Browser(ip="203.0.113.1").open(f"{HC}?{query()}")
    assert len(recorded()) == 1


def test_given_member_session_when_the_clean_address_is_reloaded_after_the_token_expired_then_still_member_example_32(
    hangame, client_of, acme, clock
):
    browser = Browser()
    address = browser.open(f"{HC}?{signed()}").headers["Location"]
    clock.shift(6 * 60)
    reader = client_of(acme)
    reader.cookies[cookie_name()] = browser.secret
    for _ in range(2):
        assert "홍길동" in reader.get(address).text
    assert Browser().open(f"{HC}?{signed()}").cookies.get(cookie_name()) is None
