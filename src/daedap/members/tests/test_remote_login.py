"""Remote login, POST method: both endpoints and the access token (spec 20, section 8; spec 40, 7.9)."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client

from daedap.core.crypto import hash_token, new_key
from daedap.core.scoping import service_scope
from daedap.members import logins
from daedap.members.models import AccessToken, IntegrationSettings, LoginEvent, LoginType, MemberSession
from daedap.members.notices import COOKIE as NOTICE
from daedap.members.remote import binding
from daedap.members.remote.access_tokens import LIFETIME
from daedap.members.sessions import cookie_name
from daedap.members.tasks import tidy
from daedap.organizations.keys import change_key
from daedap.services.models import ServiceState, ServiceType
from tests.factories import make_member, make_service
from tests.jobs import run_jobs

from .entry_helpers import KEY, TIME, Browser, identity, integrate, token_for, traces

pytestmark = pytest.mark.django_db(transaction=True)

CLIENT, SERVER = "/v2/enduser/remote.json", "/api/v2/enduser/remote.json"
OWN = "http://acme.oc.localhost:8000"
HC, FORM, LIST = "/hangame/hc/", "/hangame/hc/ticket/", "/hangame/hc/ticket/list/"
LOGIN = "https://shop.example.com/login"
FORM_TYPE = "application/x-www-form-urlencoded"


def at(milliseconds: int):
    return time_machine.travel(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds), tick=False)


@pytest.fixture(autouse=True)
def clock():
    with at(TIME + 1000) as traveller:
        yield traveller


@pytest.fixture
def hangame(acme):
    acme.key = KEY
    acme.save()
    service = make_service(acme, "hangame")
    switch(service)
    return service


def switch(service, **facts):
    values = {"login_type": LoginType.POST, "login_url": LOGIN, "login_status_url": f"{LOGIN}/status"} | facts
    return integrate(service, "", **values)


@pytest.fixture
def browser(acme, client_of) -> Client:
    return client_of(acme)


def form(*, key: str = KEY, signed_service: str = "hangame", **facts) -> dict[str, str]:
    """The fields of a genuine form; None leaves one out."""
    named = facts.pop("service", "hangame")
    values = identity(**facts)
    fields = {"service": named, **values, "token": token_for(values, service=signed_service, key=key)}
    return {name: value for name, value in fields.items() if value is not None}


def post(browser: Client, fields: dict[str, str] | str, path: str = CLIENT, **options):
    body = fields if isinstance(fields, str) else urlencode(fields)
    return browser.post(path, body, content_type=FORM_TYPE, **options)


def session_of(service, browser: Client) -> MemberSession | None:
    secret = browser.cookies.get(cookie_name())
    with service_scope(service.organization_id, service.pk):
        found = MemberSession.objects.select_related("member")
        return found.filter(token_hash=hash_token(secret.value)).first() if secret and secret.value else None


def assert_refused(response, service, status: int, reason: str | None) -> None:
    """A page with the status, no cookie of a session, nothing signed in; the reason on record if there is one."""
    assert response.status_code == status
    assert cookie_name() not in response.cookies
    assert response["Cache-Control"] == "no-store"
    left = traces(service)
    assert (left.members, left.sessions) == ([], [])
    assert left.events == ([(False, reason)] if reason else [])


# --- client side -------------------------------------------------------------------------------------------------


def test_given_valid_form_with_return_url_when_posted_then_cookie_and_there_example_41(hangame, browser):
    response = post(browser, form(returnUrl=f"{OWN}{LIST}", phone="01012345678", memberno="M-1"))
    assert (response.status_code, response["Location"], response.content) == (302, LIST, b"")
    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "no-referrer")
    cookie = response.cookies[cookie_name()]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/hangame/", True, "lax")
    session = session_of(hangame, browser)
    member = session.member
    assert session.login_type == LoginType.POST
    assert (member.usercode, member.username, member.phone, member.memberno) == ("hong", "홍길동", "01012345678", "M-1")
    with service_scope(hangame.organization_id, hangame.pk):
        (event,) = LoginEvent.objects.all()
    assert (event.ok, event.reason, event.login_type) == (True, "", LoginType.POST)


def test_given_valid_form_without_return_url_when_posted_then_text_success_example_41(hangame, browser):
    response = post(browser, form())
    assert (response.status_code, response.content) == (200, b"SUCCESS")
    assert response["Content-Type"].startswith("text/plain")
    assert session_of(hangame, browser).member.usercode == "hong"


@pytest.mark.parametrize(("late", "status"), [(180_000, 200), (180_001, 400)])
def test_given_three_minutes_when_posted_then_the_last_millisecond_counts_example_42(hangame, browser, late, status):
    with at(TIME + late):
        response = post(browser, form())
    assert response.status_code == status
    if status == 400:
        assert "요청 시간이 초과되었습니다." in response.text
        assert 'role="alert"' in response.text
        assert_refused(response, hangame, 400, "expired")


@pytest.mark.parametrize(("ahead", "status"), [(60_000, 200), (60_001, 400)])
def test_given_a_clock_that_is_ahead_when_posted_then_a_minute_is_forgiven(hangame, browser, ahead, status):
    with at(TIME - ahead):
        assert post(browser, form()).status_code == status


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("https://evil.example/", HC),
        ("//evil.example/", HC),
        ("https://shop.example.com.evil.example/", HC),
        ("https://shop.example.com@evil.example/", HC),
        ("https://shop.example.com:8443/", HC),
        ("https://evil.example\\@shop.example.com/", HC),
        ("javascript:alert(1)", HC),
        ("data:text/html,x", HC),
        ("http://[", HC),
        ("https://shop.example.com/mypage?tab=1", "https://shop.example.com/mypage?tab=1"),
        ("https://www.example.com/x", "https://www.example.com/x"),
        ("https://sub.www.example.com/x", HC),
        (f"{OWN}/hangame/hc/ticket/?from=app&token=x&accessToken=y", f"{FORM}?from=app"),
        ("/hangame/hc/ticket/", FORM),
    ],
)
def test_given_signed_return_url_when_posted_then_only_to_allowed_hosts_example_43(hangame, browser, wanted, target):
    switch(hangame, return_domains=["www.example.com"])
    response = post(browser, form(returnUrl=wanted))
    assert (response.status_code, response["Location"]) == (302, target)
    assert session_of(hangame, browser).member.usercode == "hong"
    reason = "return_not_allowed" if target == HC else ""
    assert traces(hangame).events == [(True, reason)]


def test_given_https_installation_when_return_url_is_http_then_not_followed(hangame, browser, settings):
    settings.SECURE = True
    settings.PUBLIC_SCHEME = "https"
    assert post(browser, form()).status_code == 403  # by http, and not redirected
    response = post(browser, form(returnUrl="http://shop.example.com/"), secure=True)
    assert response["Location"] == HC
    cookie = response.cookies["__Secure-hcsid"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "lax")


def test_given_blank_email_when_posted_then_accepted_example_53(hangame, browser):
    for email in (None, "", "  "):
        assert post(browser, form(email=email)).content == b"SUCCESS"
    assert [member.email for member in traces(hangame).members] == [""]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"usercode": None}, "missing_param"),
        ({"usercode": "　 "}, "missing_param"),
        ({"time": None}, "missing_param"),
        ({"usercode": "a&b"}, "bad_char"),
        ({"username": "김" * 51}, "bad_length"),
        ({"phone": "0" * 21}, "bad_length"),
        ({"username": "a\x00b"}, "bad_char"),
        ({"time": "now"}, "bad_time"),
        ({"key": new_key()}, "hmac_mismatch"),
        ({"signed_service": "shop"}, "hmac_mismatch"),
    ],
)
def test_given_bad_values_when_posted_then_400_and_nobody_is_signed_in(hangame, browser, facts, reason):
    if facts.get("time", 0) is None:
        fields = form()
        del fields["time"]
    else:
        fields = form(**facts)
    response = post(browser, fields)
    assert_refused(response, hangame, 400, reason)
    assert "회원 인증에 실패했습니다." in response.text
    assert reason not in response.text


def test_given_a_known_service_when_refused_then_told_in_the_look_of_its_help_centre(hangame, acme, browser):
    response = post(browser, form(key=new_key()))
    assert_refused(response, hangame, 400, "hmac_mismatch")
    assert 'class="hc-brand" href="/hangame/hc/"' in response.text
    assert f'<div class="hc-company">{acme.name}</div>' in response.text
    assert "d-bare" not in response.text
    assert "hc-member" not in response.text  # a session, if there is one, goes on
    assert "/hangame/hc/login/?" in response.text
    assert "X-Frame-Options" not in response
    assert "frame-ancestors 'self' https://" in response["Content-Security-Policy"]


def test_given_a_refusal_in_a_frame_when_shown_then_without_header(hangame, browser):
    response = post(browser, form(key=new_key()), HTTP_SEC_FETCH_DEST="iframe")
    assert "hc-frame-bar" in response.text
    assert "hc-header" not in response.text


def test_given_no_service_that_is_known_when_refused_then_told_in_the_look_of_the_installation(hangame, browser):
    response = post(browser, form(service="nowhere"))
    assert (response.status_code, response["X-Frame-Options"]) == (404, "DENY")
    assert "d-bare" in response.text
    assert "hc-brand" not in response.text


def test_given_one_changed_value_when_posted_then_refused(hangame, browser):
    for name in ("usercode", "username", "email", "time"):
        fields = form()
        fields[name] = fields[name][:-1] + "1"
        assert post(browser, fields).status_code == 400
    assert traces(hangame).members == []


def test_given_a_parameter_twice_or_bytes_that_are_no_text_when_posted_then_refused(hangame, browser):
    body = urlencode(form())
    assert post(browser, f"{body}&usercode=kim").status_code == 400
    assert post(browser, f"{body}&service=other").status_code == 400
    assert post(browser, f"{body}&x=%ff").status_code == 400
    assert traces(hangame).members == []


def test_given_raw_plus_in_values_when_posted_then_kept(hangame, browser):
    body = urlencode(form(phone="+8210", email="a+b@example.com"), quote_via=quote)
    assert post(browser, body.replace("%2B82", "+82").replace("a%2Bb", "a+b")).content == b"SUCCESS"
    (member,) = traces(hangame).members
    assert (member.phone, member.email) == ("+8210", "a+b@example.com")


def test_given_another_way_of_sending_when_posted_then_refused(hangame, browser):
    fields = form()
    assert browser.post(CLIENT, fields).status_code == 400  # multipart
    assert browser.post(CLIENT, json.dumps(fields), content_type="application/json").status_code == 400
    assert post(browser, {}, f"{CLIENT}?{urlencode(fields)}").status_code == 400
    assert post(browser, fields, f"{CLIENT}?usercode=kim").status_code == 400
    assert post(browser, fields | {"x": "y" * 70_000}).status_code == 400
    for path in (CLIENT, SERVER):
        for method in ("get", "head", "put", "delete", "options"):
            response = getattr(browser, method)(path)
            assert (response.status_code, response["Allow"]) == (405, "POST")
    assert traces(hangame).events == []


@pytest.mark.parametrize("path", [CLIENT, SERVER])
def test_given_unknown_or_unfit_service_when_posted_then_404(hangame, acme, beta, browser, path):
    make_service(acme, "gone", state=ServiceState.STOPPED, stopped_at=datetime.now(UTC))
    make_service(acme, "issues", type=ServiceType.ISSUE)
    make_service(beta, "foreign")
    for service_id in ("nobody", "gone", "issues", "foreign", "../x", "a\x00b", "가나다"):
        assert post(browser, form(service=service_id, signed_service=service_id), path).status_code == 404
    assert post(browser, form(service="x" * 51), path).status_code == 400
    assert post(browser, form(service=None), path).status_code == 400


@pytest.mark.parametrize("path", [CLIENT, SERVER])
@pytest.mark.parametrize("facts", [{"enabled": False}, {"login_type": LoginType.GET}])
def test_given_integration_off_or_type_get_when_posted_then_403_example_54(hangame, browser, path, facts):
    switch(hangame, **facts)
    assert_refused(post(browser, form(), path), hangame, 403, None)


def test_given_paused_service_when_posted_then_403(hangame, browser):
    hangame.state = ServiceState.PAUSED
    hangame.save()
    assert post(browser, form()).status_code == 403


def test_given_key_of_another_organization_when_posted_then_refused(hangame, beta, client_of):
    beta.key = new_key()
    beta.save()
    switch(make_service(beta, "hangame"))
    assert post(client_of(beta), form()).status_code == 400
    assert post(client_of(beta), form(key=beta.key)).content == b"SUCCESS"
    assert traces(hangame).members == []


def test_given_single_use_when_posted_again_then_replayed(hangame, browser):
    switch(hangame, single_use_token=True)
    assert post(browser, form()).status_code == 200
    assert post(browser, form()).status_code == 400
    assert post(browser, form(), SERVER).status_code == 400
    assert traces(hangame).events == [(True, ""), (False, "replayed"), (False, "replayed")]


def test_given_single_use_and_two_at_once_when_posted_then_one_member_session(hangame, acme, client_of):
    switch(hangame, single_use_token=True)
    fields, answers = form(), []

    def send() -> None:
        answers.append(post(client_of(acme), fields).status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(answers) == [200, 400, 400, 400]
    assert len(traces(hangame).sessions) == 1


def test_given_no_single_use_when_posted_twice_then_two_sessions_of_one_member(hangame, acme, client_of):
    for _ in range(2):
        assert post(client_of(acme), form()).status_code == 200
    assert (len(traces(hangame).members), len(traces(hangame).sessions)) == (1, 2)


def test_given_21_forged_forms_when_posted_then_429_for_this_address_only(hangame, browser, acme, client_of):
    bad = form(key=new_key())
    assert [post(browser, bad).status_code for _ in range(20)] == [400] * 20
    response = post(browser, bad)
    assert (response.status_code, response["Retry-After"]) == (429, "300")
    assert post(browser, form()).status_code == 429
    neighbour = client_of(acme)
    assert post(neighbour, form(), REMOTE_ADDR="198.51.100.9").status_code == 200


def test_given_a_server_that_sends_bad_names_when_called_often_then_the_others_still_enter(hangame, browser):
    bad = form(username="김" * 51)
    assert {post(browser, bad, SERVER).status_code for _ in range(25)} == {400}
    assert post(browser, form(), SERVER).status_code == 200


def test_given_a_strangers_bad_form_when_posted_then_the_member_stays_logged_in(hangame, browser):
    post(browser, form())
    response = post(browser, form(key=new_key()))
    assert (response.status_code, cookie_name() in response.cookies) == (400, False)
    assert session_of(hangame, browser).member.usercode == "hong"


def test_given_a_signed_email_phone_or_name_of_somebody_else_when_entered_then_another_member_example_40(
    hangame, browser
):
    make_member(hangame, "kim", username="김영희", email="kim@example.com", phone="01099999999")
    post(
        browser, form(usercode="hong", username="김영희", email="kim@example.com", phone="01099999999", memberno="kim")
    )
    session = session_of(hangame, browser)
    assert session.member.usercode == "hong"
    post(browser, form(usercode="KIM"))
    assert session_of(hangame, browser).member.usercode == "KIM"
    assert sorted(member.usercode for member in traces(hangame).members) == ["KIM", "hong", "kim"]


def test_given_forms_when_logged_then_no_token_or_personal_data(hangame, browser, caplog):
    with caplog.at_level(logging.DEBUG):
        post(browser, form(phone="01012345678"))
        post(browser, form(phone="01012345678", key=new_key()))
        token = post(browser, form(phone="01012345678"), SERVER).json()["result"]["content"]
        Browser().open(f"{HC}?accessToken={token}")
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]
    messages = [record.getMessage() for record in ours if record.name.startswith("daedap.members")]
    assert messages.count("member.login.ok") == 2
    assert messages.count("member.login.fail") == 1
    text = "\n".join(str(vars(record)) for record in ours)
    for secret in (token, form(phone="01012345678")["token"], "hong@example.com", "01012345678", "홍길동", "usercode="):
        assert secret not in text


# --- server side and access tokens -------------------------------------------------------------------------------


def issue(browser: Client, **facts) -> str:
    response = post(browser, form(**facts), SERVER)
    assert response.status_code == 200
    return response.json()["result"]["content"]


def test_given_server_call_when_signed_without_return_url_then_content_and_no_cookie_example_44(hangame, browser):
    response = post(browser, form(), SERVER)
    assert response.status_code == 200
    content = response.json()["result"]["content"]
    assert response.json() == {
        "header": {"resultCode": 200, "resultMessage": "", "isSuccessful": True},
        "result": {"content": content},
    }
    assert len(content) >= 43
    assert not response.cookies
    with service_scope(hangame.organization_id, hangame.pk):
        (row,) = AccessToken.objects.all()
    assert row.token_hash == hash_token(content)
    assert (traces(hangame).sessions, traces(hangame).events) == ([], [])


def test_given_server_call_when_return_url_was_signed_then_400_and_no_token_example_44(hangame, browser):
    response = post(browser, form(returnUrl=f"{OWN}{LIST}"), SERVER)
    assert response.status_code == 400
    assert response.json() == {
        "header": {"resultCode": 400, "resultMessage": "Bad Request", "isSuccessful": False},
        "result": None,
    }
    assert response["X-OC-Error-Detail"] == "hmac_mismatch"
    unsigned = form() | {"returnUrl": f"{OWN}{LIST}"}  # no parameter here, so it is not looked at
    assert post(browser, unsigned, SERVER).status_code == 200
    with service_scope(hangame.organization_id, hangame.pk):
        assert AccessToken.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "message", "detail"),
    [
        ({"usercode": "x" * 51}, "Bad Request", "Invalid parameter: usercode"),
        ({"time": str(TIME - 200_000)}, "요청 시간이 초과되었습니다.", "expired"),
        ({"key": new_key()}, "Bad Request", "hmac_mismatch"),
    ],
)
def test_given_bad_server_call_when_answered_then_the_envelope_says_why(hangame, browser, facts, message, detail):
    response = post(browser, form(**facts), SERVER)
    assert response.json()["header"] == {"resultCode": 400, "resultMessage": message, "isSuccessful": False}
    assert response["X-OC-Error-Detail"] == detail


def test_given_access_token_when_opened_then_member_and_clean_address_once_example_45(hangame, browser):
    token = issue(browser, phone="01012345678")
    visitor = Browser()
    response = visitor.open(f"{LIST}?from=app&usercode=hong&time={TIME}&accessToken={token}")
    assert (response.status_code, response.headers["location"]) == (302, f"{LIST}?from=app")
    assert response.headers["referrer-policy"] == "no-referrer"
    left = traces(hangame)
    assert [(session.member.usercode, session.login_type) for session in left.sessions] == [("hong", LoginType.POST)]
    assert left.events == [(True, "")]
    second = Browser()
    response = second.open(f"{HC}?accessToken={token}")
    assert (response.status_code, response.headers["location"], second.secret) == (302, HC, "")
    assert second.cookies.get(NOTICE) == "login_failed"
    assert traces(hangame).events == [(True, ""), (False, "access_token_invalid")]


@pytest.mark.parametrize(("seconds", "works"), [(180, True), (180.001, False)])
def test_given_three_minutes_when_the_access_token_comes_then_guest_example_45(hangame, browser, clock, seconds, works):
    token = issue(browser)
    clock.shift(timedelta(seconds=seconds))
    visitor = Browser()
    visitor.open(f"{HC}?accessToken={token}")
    assert bool(visitor.secret) == works


def test_given_two_at_once_when_the_access_token_comes_then_one_member(hangame, browser):
    token = issue(browser)
    visitors = [Browser() for _ in range(4)]

    def enter(visitor: Browser) -> None:
        visitor.open(f"{HC}?accessToken={token}")

    threads = [threading.Thread(target=enter, args=(visitor,)) for visitor in visitors]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sum(bool(visitor.secret) for visitor in visitors) == 1
    assert len(traces(hangame).sessions) == 1


def test_given_prefetch_or_head_when_the_access_token_comes_then_not_used_up(hangame, browser):
    token = issue(browser)
    for options in ({"method": "HEAD"}, {"headers": {"sec-purpose": "prefetch"}}, {"headers": {"purpose": "prefetch"}}):
        visitor = Browser()
        response = visitor.open(f"{HC}?accessToken={token}", **options)
        assert (response.status_code, response.headers["location"], visitor.secret) == (302, HC, "")
    visitor = Browser()
    visitor.open(f"{HC}?accessToken={token}")
    assert visitor.secret


def test_given_access_token_of_another_service_or_organization_when_opened_then_guest(hangame, acme, beta, browser):
    switch(make_service(acme, "shop"))
    switch(make_service(beta, "hangame"))
    token = issue(browser)
    for visitor, path in ((Browser(), "/shop/hc/"), (Browser("beta"), HC)):
        visitor.open(f"{path}?accessToken={token}")
        assert visitor.secret == ""
    visitor = Browser()
    visitor.open(f"{HC}?accessToken={token}")
    assert visitor.secret


def test_given_nonsense_as_access_token_when_opened_then_guest_and_the_old_session_ends(hangame, browser):
    visitor = Browser()
    visitor.open(f"{HC}?accessToken={issue(browser)}")
    for nonsense in ("", "x", "%00", "%ff%fe", "x&accessToken=y", "x" * 5000):
        response = visitor.open(f"{LIST}?accessToken={nonsense}")
        assert (response.status_code, response.headers["location"]) == (302, FORM)
    assert (visitor.secret, traces(hangame).sessions) == ("", [])


def test_given_a_flood_of_failures_when_it_goes_on_then_refused_as_before_and_the_table_stays_small(
    hangame, browser, monkeypatch, clock
):
    monkeypatch.setattr(logins, "FAILURES_NOTED", 3)
    visitor, neighbour = Browser(), Browser(ip="198.51.100.9")
    for _ in range(5):
        assert visitor.open(f"{LIST}?accessToken=x").headers["location"] == FORM
        assert post(browser, form(time=TIME - 180_000)).status_code == 400
    assert len(traces(hangame).events) == 6
    post(browser, form(key=new_key()))  # an attack is not drowned
    assert traces(hangame).events[-1] == (False, "hmac_mismatch")
    neighbour.open(f"{LIST}?accessToken=x")
    assert len(traces(hangame).events) == 8
    clock.shift(logins.FAILURE_WINDOW + timedelta(seconds=1))
    visitor.open(f"{LIST}?accessToken=x")
    assert len(traces(hangame).events) == 9


def test_given_settings_or_key_changed_when_the_access_token_comes_then_guest(hangame, acme, browser, administrator_of):
    actor = administrator_of(hangame)
    first = issue(browser)
    switch(hangame, login_type=LoginType.GET)
    visitor = Browser()
    visitor.open(f"{HC}?accessToken={first}")
    assert (visitor.secret, traces(hangame).events) == ("", [])
    switch(hangame)
    with service_scope(acme.pk, hangame.pk):
        change_key(organization_id=acme.pk, actor=actor)
    visitor.open(f"{HC}?accessToken={first}")  # before the job has run
    assert (visitor.secret, traces(hangame).events) == ("", [(False, "access_token_invalid")])
    run_jobs()
    with service_scope(acme.pk, hangame.pk):
        assert AccessToken.objects.count() == 0


@pytest.fixture
def administrator_of():
    from tests.factories import make_agent

    return lambda service: make_agent(service, "boss").as_actor()


def test_given_old_access_tokens_when_tidied_then_only_they_go(hangame, browser, clock):
    issue(browser)
    clock.shift(LIFETIME + timedelta(seconds=1))
    issue(browser, time=TIME + 181_000)
    tidy()
    with service_scope(hangame.organization_id, hangame.pk):
        assert AccessToken.objects.count() == 1


def test_given_usercode_and_time_only_when_opened_then_guest_and_stripped_example_46(hangame, browser):
    response = browser.get(f"{HC}?usercode=hong&time={TIME}")
    assert (response.status_code, response["Location"]) == (302, HC)
    assert traces(hangame).members == []


# --- binding to the browser --------------------------------------------------------------------------------------


def begin(browser: Client, page: str = LIST) -> str:
    """Go to the company's login page; return the returnUrl it gets."""
    response = browser.get(page)
    assert response.status_code == 302
    address = urlsplit(response["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == LOGIN
    return parse_qs(address.query)["returnUrl"][0]


def test_given_a_trip_when_it_comes_back_then_it_matches_once_and_leaves_no_trace_in_the_address(hangame, browser):
    wanted = begin(browser, f"{LIST}?from=app")
    value = binding.value_in(wanted)
    assert wanted == f"{OWN}{LIST}?from=app&hcstate={value}"
    assert value not in browser.cookies[binding.cookie_name()].value
    response = post(browser, form(returnUrl=wanted))
    assert (response.status_code, response["Location"]) == (302, f"{LIST}?from=app")
    assert post(browser, form(returnUrl=wanted)).status_code == 400
    assert traces(hangame).events == [(True, ""), (False, "binding_mismatch")]


def test_given_a_trip_begun_elsewhere_when_it_comes_back_then_refused(hangame, acme, browser, client_of):
    wanted = begin(client_of(acme))
    response = post(browser, form(returnUrl=wanted))
    assert_refused(response, hangame, 400, "binding_mismatch")
    assert f'href="/hangame/hc/login/?next={quote(LIST, safe="/")}' in response.text.replace("%2F", "/")
    begin(browser)  # a trip of its own does not make the other one good
    assert post(browser, form(returnUrl=wanted)).status_code == 400


def test_given_two_tabs_when_both_come_back_then_both_match(hangame, browser):
    first, second = begin(browser, LIST), begin(browser, f"{LIST}?status=new")
    assert post(browser, form(returnUrl=first)).status_code == 302
    assert post(browser, form(returnUrl=second)).status_code == 302


def test_given_binding_demanded_when_none_comes_then_the_log_in_begins_again(hangame, browser):
    switch(hangame, demands_binding=True)
    response = post(browser, form(returnUrl=f"{OWN}{LIST}"))
    assert (response.status_code, response["Location"]) == (302, f"/hangame/hc/login/?next={quote(LIST, safe='')}")
    assert session_of(hangame, browser) is None
    response = browser.get(response["Location"])
    wanted = parse_qs(urlsplit(response["Location"]).query)["returnUrl"][0]
    assert post(browser, form(returnUrl=wanted))["Location"] == LIST
    assert session_of(hangame, browser).member.usercode == "hong"
    assert traces(hangame).events == [(False, "binding_missing"), (True, "")]


def test_given_binding_demanded_when_an_access_token_comes_then_it_needs_it_too(hangame, browser):
    switch(hangame, demands_binding=True)
    wanted = urlsplit(begin(browser)).query
    visitor = Browser()
    for query in (f"accessToken={issue(browser)}", f"{wanted}&accessToken={issue(browser)}"):
        visitor.open(f"{LIST}?{query}")
        assert visitor.secret == ""
    visitor.cookies.set(binding.cookie_name(), browser.cookies[binding.cookie_name()].value)
    response = visitor.open(f"{LIST}?{wanted}&accessToken={issue(browser)}")
    assert response.headers["location"] == LIST
    assert visitor.secret
    assert [reason for _, reason in traces(hangame).events] == ["binding_missing", "binding_mismatch", ""]


def test_given_a_trip_for_one_service_when_it_comes_back_for_another_then_refused(hangame, acme, browser):
    switch(make_service(acme, "shop"))
    value = binding.value_in(begin(browser))
    fields = form(returnUrl=f"{OWN}/shop/hc/?hcstate={value}", service="shop", signed_service="shop")
    assert post(browser, fields).status_code == 400


@pytest.mark.parametrize("cookie", ["x", "." * 400, "a" * 64, "0" * 64 + "." + "1" * 64, "한"])
def test_given_nonsense_in_the_cookie_when_it_comes_back_then_refused_calmly(hangame, browser, cookie):
    wanted = begin(browser)
    browser.cookies = SimpleCookie({binding.cookie_name(): quote(cookie, safe=".")})
    assert post(browser, form(returnUrl=wanted)).status_code == 400


def test_given_https_installation_when_a_trip_begins_then_the_cookie_crosses_sites(hangame, browser, settings):
    settings.SECURE = True
    response = browser.get(LIST, secure=True)
    cookie = response.cookies["__Host-hcbinding"]
    assert (cookie["samesite"], cookie["secure"], cookie["path"], cookie["httponly"]) == ("none", True, "/", True)


def test_given_settings_locked_by_a_switch_when_a_form_comes_then_it_sees_the_switch(hangame, browser):
    """Whoever switches the type ends all sessions; a form that came a moment before must not leave one behind."""
    with service_scope(hangame.organization_id, hangame.pk):
        assert IntegrationSettings.objects.get().login_type == LoginType.POST
    IntegrationSettings._base_manager.filter(service=hangame).update(login_type=LoginType.GET)
    assert post(browser, form()).status_code == 403
    assert traces(hangame).sessions == []
