"""Test connection, 연동 테스트 (spec 20, 2.3): through the page, the edge and back, with a company's server."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest
import time_machine
from django.conf import settings as django_settings
from starlette.applications import Starlette
from starlette.routing import Route

from daedap.audit.models import AuditEntry
from daedap.core.scoping import service_scope
from daedap.members import logins
from daedap.members.connection_test import steps
from daedap.members.connection_test.errand import ask, read_result
from daedap.members.models import LoginEvent, LoginType, Member, MemberSession, UsedToken
from daedap.members.tokens import MemberClaims, digest, parse_token
from daedap.organizations.keys import change_key
from daedap.services.models import Role
from tests.factories import make_agent, make_service

from .entry_helpers import KEY, TIME, agrees, identity, integrate, run_company, signed, token_for

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/hangame/settings/member-integration/test/"
EDGE = Starlette(routes=[Route("/{service_id}/settings/member-integration/test/ask/", ask)])
HOST = f"acme{django_settings.ORGANIZATION_SUFFIX}"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=TIME + 1000), tick=False) as it:
        yield it


@pytest.fixture
def company(settings):
    """A company that says no only to tokens that the test makes up."""
    settings.ALLOW_PRIVATE_CALLBACKS = True
    with run_company() as running:
        running.answer = lambda usercode, token: NO if token.startswith("+/") else agrees(usercode, token)
        yield running


NO = {"login": "false", "usercode": None}


def real_calls(company) -> list[tuple[str, str]]:
    return [call for call in company.calls if not call[1].startswith("+/")]


@pytest.fixture
def hangame(acme, company):
    acme.key = KEY
    acme.save()
    service = make_service(acme, "hangame")
    integrate(service, company.url)
    return service


@pytest.fixture
def desk(client_of, acme, hangame):
    return client_of(acme, make_agent(hangame, "chief", role=Role.ADMINISTRATOR))


def through_the_edge(address: str) -> httpx.Response:
    async def run():
        transport = httpx.ASGITransport(app=EDGE)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.get(address)

    return asyncio.run(run())


class Result:
    """The page at the end of a test, and the findings on it by rule."""

    def __init__(self, desk, service, response) -> None:
        assert response.status_code == 302
        address = response["Location"]
        self.asked = "/ask/" in address
        if self.asked:
            self.ticket = address
            address = through_the_edge(address).headers["Location"]
        sealed = parse_qs(urlsplit(address).query)["result"][0]
        self.findings = {finding.rule: finding for finding in read_result(sealed, service)}
        self.text = desk.get(address).text

    def grade(self, rule: str) -> str:
        return self.findings[rule].grade.value


@pytest.fixture
def check(desk, hangame):
    def run(pasted: str, **more: str) -> Result:
        return Result(desk, hangame, desk.post(URL, {"pasted": pasted} | more))

    return run


def link(query: str, page: str = "hc/") -> str:
    return f"http://{HOST}:8000/hangame/{page}?{query}"


def left_behind(service) -> tuple[int, ...]:
    with service_scope(service.organization_id, service.pk):
        return tuple(model.objects.count() for model in (Member, MemberSession, UsedToken, LoginEvent))


# --- the whole way -----------------------------------------------------------------------------------------------


def test_given_right_link_when_tested_then_every_step_passes_and_nothing_is_left_behind(check, company, hangame):
    with service_scope(hangame.organization_id, hangame.pk):
        integrate(hangame, company.url, single_use_token=True)
    for _ in range(2):
        result = check(link(signed(username="홍길동", phone="+82 10 1234 5678")))
        grades = {rule: finding.grade.value for rule, finding in result.findings.items()}
        assert set(grades.values()) == {"pass"}, grades
        for rule in ("read.parameters", "structure", "configuration", "time", "signature", "single_use"):
            assert rule in grades
    assert "모든 단계를 통과했습니다." in result.text
    assert '"true"' in result.findings["verification.read"].what
    assert "hong" in result.findings["verification.read"].what
    assert "읽은 값" in result.findings["verification.read"].what
    assert len(real_calls(company)) == 2
    assert left_behind(hangame) == (0, 0, 0, 0)
    hangame.organization.refresh_from_db()
    assert hangame.organization.key_used_at is None
    assert AuditEntry._base_manager.filter(action="members.connection_tested").count() == 2


def test_given_wrong_token_when_tested_then_the_step_is_named_and_no_secret_shown_example_60(check, company, hangame):
    values = identity()
    wrong = token_for(values | {"email": "kim@example.com"})
    response = check(link(urlencode(values | {"token": wrong})))
    assert response.grade("signature") == "fail"
    assert response.grade("verification") == "skip"
    assert not response.asked
    assert company.calls == []
    assert "서명(HMAC)" in response.text
    expected = token_for(values)
    for secret in (KEY, expected, quote(expected, safe=""), digest_hex(values), wrong):
        assert secret not in response.text
    assert left_behind(hangame) == (0, 0, 0, 0)


def digest_hex(values: dict[str, str]) -> str:
    return digest(MemberClaims(service="hangame", **values), KEY).hex()


@pytest.mark.parametrize(
    "paste",
    [
        lambda query: query,
        lambda query: f"?{query}",
        lambda query: f"/hangame/hc/ticket/?{query}",
        lambda query: f'"{link(query)}"',
        lambda query: f"  {link(query)}#top\n",
        lambda query: link(query.replace("%20", " ")),
        lambda query: link(f"from=app&{query}&iframe=true"),
        lambda query: "\n".join(f"{name}: {values[0]}" for name, values in parse_qs(query).items()),
        lambda query: "\r\n".join(f"{name}={values[0]}" for name, values in parse_qs(query).items()),
    ],
)
def test_given_link_query_or_fields_when_pasted_then_read(check, company, paste):
    assert check(paste(signed(username="홍 길동"))).grade("verification.answer") == "pass"
    assert len(real_calls(company)) == 1


@pytest.mark.parametrize("around", ["{}", '<a href="{}">문의하기</a>', "<a class=btn href='{}'>"])
def test_given_link_out_of_html_when_pasted_then_read_and_said(check, around):
    result = check(around.format(link(signed().replace("&", "&amp;"))))
    assert (result.grade("read.html"), result.grade("verification.answer")) == ("advice", "pass")


def test_given_link_of_another_service_or_host_when_pasted_then_said(check, hangame):
    other = signed(service="shop")
    result = check(link(other).replace("/hangame/", "/shop/"))
    assert (result.grade("read.service"), result.grade("signature")) == ("fail", "fail")
    assert check(f"https://beta.example.com/hangame/hc/?{signed()}").grade("read.host") == "fail"


# --- what differs ------------------------------------------------------------------------------------------------


def made(values: dict[str, str], token: str) -> str:
    return urlencode(values | {"token": token}, quote_via=quote, safe="")


@pytest.mark.parametrize(
    ("sign", "word"),
    [
        (lambda values: token_for(values | {"time": values["time"][:-3]}), "time"),
        (lambda values: token_for(values | {"username": values["username"].strip()}), "username"),
        (lambda values: token_for({**values, "email": ""}), "email"),
        (lambda values: token_for(values | {"phone": values["phone"].replace("+", " ")}), "phone"),
        (lambda values: token_for(values, key=KEY.upper()), "Key"),
        (lambda values: token_for(values | {"username": quote(values["username"], safe="")}), "username"),
        (lambda values: token_for(values | {"email": values["phone"], "phone": values["email"]}), "phone & email"),
    ],
)
def test_given_one_slip_when_tested_then_it_is_named(check, sign, word):
    values = identity(username=" 홍길동", phone="+8210")
    result = check(link(made(values, sign(values))))
    assert result.grade("signature") == "fail"
    assert word in result.findings["signature"].fix
    assert word == "time" or result.grade("time") == "pass"


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        (
            lambda values: token_for(values | {name: quote(values[name], safe="") for name in ("username", "phone")}),
            ("username, phone", "퍼센트 인코딩"),
        ),
        (
            lambda values: mac(values, ("hangame", "usercode", "email", "username", "phone", "memberno", "", "time")),
            ("username & phone", "빈 값의 &"),
        ),
        (lambda values: token_for(values | {"time": values["time"][:-3]}, key=f"{KEY}\n"), ("Key 뒤", "밀리초")),
    ],
)
def test_given_two_slips_when_tested_then_both_are_named_and_no_secret_shown(check, sign, words):
    values = identity(username=" 홍길동", phone="+8210")
    result = check(link(made(values, sign(values))))
    assert result.grade("signature") == "fail"
    assert all(word in result.findings["signature"].fix for word in words), result.findings["signature"].fix
    for secret in (KEY, token_for(values), digest_hex(values)):
        assert secret not in result.text


def mac(values: dict[str, str], order: tuple[str, ...]) -> str:
    """Sign what is named in this order, with whatever is not a name as it is."""
    message = "&".join(values.get(name, "" if name == "memberno" else name) for name in order)
    return base64.b64encode(hmac.digest(KEY.encode(), message.encode(), "sha256")).decode()


@pytest.mark.parametrize("form", ["hex", "urlsafe"])
def test_given_token_in_another_form_when_tested_then_it_is_named(check, form):
    values = identity(usercode="u11")
    raw = parse_token(token_for(values))
    token = raw.hex() if form == "hex" else token_for(values).replace("+", "-").replace("/", "_").rstrip("=") + "-"
    if form == "urlsafe":
        values = next(
            candidate
            for number in range(200)
            if set("+/") & set(token_for(candidate := identity(usercode=f"u{number}")))
        )
        token = token_for(values).replace("+", "-").replace("/", "_")
    result = check(link(made(values, token)))
    assert result.grade("structure") == "fail"
    assert ("16진수" if form == "hex" else "URL용") in result.findings["structure"].fix


def test_given_old_and_unknown_key_when_tested_then_which_matched_is_said(check, hangame, acme):
    old = signed()
    with service_scope(hangame.organization_id, hangame.pk):
        change_key(organization_id=acme.pk, actor=acme_actor(), overlap_hours=24)
    result = check(link(old))
    assert (result.grade("signature"), result.grade("verification.answer")) == ("advice", "pass")
    acme.refresh_from_db()
    assert check(link(signed(key=acme.key))).grade("signature") == "pass"
    unknown = check(link(signed(key="0" * 32)))
    assert unknown.grade("signature") == "fail"
    assert "다른 Key로 서명했거나" in unknown.findings["signature"].fix


def acme_actor():
    from daedap.core.actors import SYSTEM

    return SYSTEM


def test_given_unencoded_plus_when_tested_then_passes_with_advice(check):
    raw = signed(phone="+8210").replace("%2B8210", "+8210")
    result = check(link(raw))
    assert (result.grade("signature"), result.grade("signature.plus")) == ("pass", "advice")


@pytest.mark.parametrize(
    ("milliseconds", "grade", "word"),
    [
        (TIME, "pass", "1.0"),
        (TIME - 600_000, "fail", "601.0"),
        (TIME + 100_000, "fail", "99.0"),
    ],
)
def test_given_clock_that_differs_when_tested_then_by_how_many_seconds(check, milliseconds, grade, word):
    result = check(link(signed(time=milliseconds)))
    assert result.grade("time") == grade
    assert word in result.findings["time"].what
    assert result.grade("signature") == "pass"
    assert result.grade("verification.answer") == "pass"  # the rest is looked at all the same


def test_given_time_in_seconds_when_tested_then_the_unit_is_named_and_no_absurd_difference(check):
    finding = check(link(signed(time=TIME // 1000))).findings["time"]
    assert (finding.grade.value, "초 전" in finding.what) == ("fail", False)
    assert "밀리초로 보내세요" in finding.fix


def test_given_missing_email_when_tested_then_said_and_the_signature_is_still_looked_at(check):
    result = check(link(signed(email=None)))
    assert (result.grade("structure"), result.grade("signature")) == ("fail", "pass")
    assert "email" in result.findings["structure"].what


@pytest.mark.parametrize("pasted", ["usercode=a&usercode=b", "token=x", "?time=1&%ff=1", "http://[::1/?usercode=a"])
def test_given_nonsense_when_tested_then_a_step_fails_and_nobody_is_asked(check, company, pasted):
    result = check(pasted)
    assert any(finding.grade.value == "fail" for finding in result.findings.values())
    assert company.calls == []


def test_given_nothing_to_read_or_too_much_when_posted_then_said_next_to_the_field(desk, company):
    without_parameters = ("hello", "token=", "?", "é" * 3000, "[::1", "http://[::1/?a", f"http://{HOST}/hangame/hc/")
    for pasted in ("", " ", "a" * 8001, "\x00", *without_parameters):
        response = desk.post(URL, {"pasted": pasted})
        assert response.status_code == 422
        assert 'id="id_pasted_error"' in response.text
        assert ("파라미터를 찾지 못했습니다." in response.text) == (pasted in without_parameters)
    assert company.calls == []


def test_given_access_token_when_posted_then_told_what_can_be_tested(desk, company):
    response = desk.post(URL, {"pasted": f"http://{HOST}/hangame/hc/?accessToken=secret"})
    assert response.status_code == 422
    assert "원격 로그인에 보낸 필드를 붙여 넣어 주세요." in response.text
    assert company.calls == []


def test_given_values_in_another_order_when_tested_then_the_right_order_is_told_too(check):
    values = identity(username="홍길동", email="hong@example.com")
    swapped = token_for(values | {"username": values["email"], "email": values["username"]})
    said = check(made(values, swapped)).findings["signature"].fix
    assert "service & usercode & email & username & time" in said
    assert "올바른 순서: service & usercode & username & email & time" in said


def test_given_used_single_use_token_when_tested_then_said(check, company, hangame):
    integrate(hangame, company.url, single_use_token=True)
    query = signed()
    with service_scope(hangame.organization_id, hangame.pk):
        logins.mark_used(service=hangame, token=parse_token(token_for(identity())), lifetime=timedelta(minutes=5))
    assert check(link(query)).grade("single_use") == "fail"


def test_given_integration_disabled_when_tested_then_said_and_the_rest_is_checked(check, company, hangame):
    integrate(hangame, company.url, enabled=False)
    result = check(link(signed()))
    assert (result.grade("configuration"), result.grade("signature")) == ("fail", "pass")


# --- the company's server ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((500, b"secret stack trace"), "verify_http_status"),
        ((302, b""), "verify_redirect"),
        ((200, b"<html>secret body"), "verify_bad_json"),
        ({"login": "false", "usercode": None, "note": "secret"}, "verify_login_false"),
        ({"login": True, "usercode": "<b>kim</b>", "note": "secret"}, "verify_usercode_mismatch"),
    ],
)
def test_given_answer_when_tested_then_reason_and_parsed_fields_but_never_the_body(check, company, answer, reason):
    company.answer = lambda usercode, token: answer
    result = check(link(signed()))
    assert result.grade("verification.answer") == "fail"
    assert reason in result.findings["verification.answer"].what
    status = answer[0] if isinstance(answer, tuple) else 200
    assert str(status) in result.findings["verification.read"].what
    assert "secret" not in result.text
    assert "<b>" not in result.text


def test_given_server_that_cannot_be_reached_when_tested_then_said(check, company, hangame):
    integrate(hangame, "http://127.0.0.1:1024")
    assert "verify_network" in check(link(signed())).findings["verification.answer"].what


def test_given_ticket_when_used_twice_or_late_then_the_company_is_asked_once(check, company, clock):
    result = check(link(signed()))
    again = through_the_edge(result.ticket)
    assert (again.status_code, again.headers["Location"]) == (303, f"http://{HOST}{URL}"[len(f"http://{HOST}") :])
    clock.shift(121)
    assert through_the_edge(result.ticket).headers["Location"].endswith(URL)
    assert len(real_calls(company)) == 1


def test_given_company_that_believes_any_token_when_tested_then_said_with_its_fix(check, company):
    company.answer = agrees
    result = check(link(signed()))
    assert (result.grade("verification.answer"), result.grade("verification.made_up")) == ("pass", "fail")
    assert result.findings["verification.made_up"].fix
    assert "다음 단계에서 실패합니다: Token 검증 URL" in result.text
    assert len(company.calls) == 2


@pytest.mark.parametrize("ticket", ["", "x", "gAAAAAB"])
def test_given_forged_ticket_when_asked_then_back_to_the_page(hangame, company, ticket):
    response = through_the_edge(f"{URL}ask/?ticket={ticket}")
    assert (response.status_code, response.headers["Location"]) == (303, URL)
    assert company.calls == []


def test_given_result_of_another_service_or_an_old_one_when_opened_then_not_shown(
    check, desk, client_of, acme, company, clock
):
    other = make_service(acme, "shop")
    neighbour = client_of(acme, make_agent(other, "neighbour", role=Role.ADMINISTRATOR))
    response = desk.post(URL, {"pasted": "token=x"})
    address = response["Location"]
    assert "필수 파라미터와 형식" in desk.get(address).text
    assert "보관하지 않습니다" in neighbour.get(address.replace("hangame", "shop")).text
    clock.shift(901)
    assert "보관하지 않습니다" in desk.get(address).text


# --- limits and rights -------------------------------------------------------------------------------------------


def test_given_too_many_tests_when_one_more_then_429_and_visitors_are_not_counted(
    desk, hangame, acme, company, monkeypatch
):
    monkeypatch.setattr(steps, "TESTS_ALLOWED", 3)
    for _ in range(3):
        assert desk.post(URL, {"pasted": "token=x"}).status_code == 302
    response = desk.post(URL, {"pasted": "token=kept"})
    assert response.status_code == 429
    assert "token=kept" in response.text
    assert not logins.is_blocked(service=hangame, ip="127.0.0.1")
    other = make_service(acme, "shop")
    with service_scope(acme.pk, other.pk):
        steps.count_test(other, acme_actor())


def test_given_agent_when_opened_or_posted_then_403_and_nothing_is_counted(client_of, acme, hangame, company):
    someone = client_of(acme, make_agent(hangame, "someone"))
    assert someone.get(URL).status_code == 403
    assert someone.post(URL, {"pasted": signed()}).status_code == 403
    assert someone.post(URL, {"check_status": "1"}).status_code == 403
    assert AuditEntry._base_manager.filter(action="members.connection_tested").count() == 0


# --- POST --------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_post(hangame, company):
    return integrate(
        hangame,
        company.url,
        login_type=LoginType.POST,
        login_url=f"{company.url}/login",
        login_status_url=f"{company.url}/status",
        parameter_rows=[["header", "memberno"]],
    )


def test_given_form_fields_when_tested_then_the_steps_of_8_5(check, by_post, company):
    back = link("", "hc/ticket/list/").rstrip("?")
    result = check(signed(email=None, returnUrl=back))
    for rule in ("structure", "configuration", "time", "signature", "return_url"):
        assert result.grade(rule) == "pass", rule
    assert not result.asked
    assert check(signed(time=TIME - 180_000)).grade("time") == "fail"
    assert check(signed(returnUrl="https://evil.example/")).grade("return_url") == "advice"
    assert company.calls == []


def test_given_token_without_the_return_url_that_is_sent_when_tested_then_told_that_it_is_for_servers(check, by_post):
    values = identity(returnUrl="https://evil.example/")
    token = token_for({name: value for name, value in values.items() if name != "returnUrl"})
    result = check(made(values, token))
    assert result.grade("signature") == "fail"
    assert "returnUrl" in result.findings["signature"].fix


def test_given_login_status_url_when_checked_then_what_is_missing_is_said(desk, by_post, hangame, company):
    result = Result(desk, hangame, desk.post(URL, {"check_status": "1"}))
    assert result.asked
    assert result.grade("status.origin") == "fail"
    assert result.grade("status.credentials") == "fail"
    assert "회원 로그인" not in result.text
    origins = {headers["origin"] for _path, headers in company.requests}
    assert f"http://{HOST}:8000" in origins
    assert all("cookie" not in headers for _path, headers in company.requests)


def test_given_get_type_when_the_status_check_is_posted_then_no_address_is_asked(desk, hangame, company):
    assert desk.post(URL, {"check_status": "1"}).status_code in (200, 422)
    assert company.calls == []


def test_given_page_when_opened_then_form_and_way_back(desk, hangame):
    text = desk.get(URL).text
    assert re.search(r'<textarea[^>]*name="pasted"', text)
    assert "/hangame/settings/member-integration/" in text
    assert json.dumps(KEY) not in text
