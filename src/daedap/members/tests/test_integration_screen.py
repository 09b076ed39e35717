"""The settings screen, 회원 연동 (spec 20, section 2)."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from daedap.audit.actions import record
from daedap.audit.models import AuditEntry
from daedap.core import events
from daedap.core.actors import SYSTEM
from daedap.core.outbound import check_reachable
from daedap.core.scoping import service_scope
from daedap.members import forms
from daedap.members.actions import Choices, save_integration
from daedap.members.logins import BURST_RECORDED
from daedap.members.models import IntegrationSettings, LoginEvent, LoginType, MemberSession
from daedap.members.reasons import FIXES, MEANINGS
from daedap.members.sessions import open_session
from daedap.members.tasks import end_sessions_of_organization, tidy
from daedap.members.tokens import Reason
from daedap.organizations.keys import change_key, cut_old_key
from daedap.services.models import Role
from tests.factories import make_agent, make_member, make_service
from tests.jobs import queued, run_jobs

pytestmark = pytest.mark.django_db

URL = "/shop/settings/member-integration/"
VERIFY = "https://members.example.com/verify"
GET_CHOICES = {
    "enabled": "on",
    "guest_enquiries": "on",
    "login_type": "get",
    "token_verification_url": VERIFY,
    "token_lifetime_minutes": "5",
}
POST_CHOICES = {
    "enabled": "on",
    "guest_enquiries": "on",
    "login_type": "post",
    "login_url": "https://members.example.com/login",
    "login_status_url": "https://members.example.com/status",
}


@pytest.fixture(autouse=True)
def names(monkeypatch):
    """What host names lead to."""
    known = {"members.example.com": ["8.8.8.8"], "inside.example.com": ["8.8.8.8", "10.0.0.5"]}

    def resolve(host: str, port: int) -> list[str]:
        if host not in known:
            raise OSError("unknown")
        return known[host]

    monkeypatch.setattr(forms, "check_reachable", partial(check_reachable, resolver=resolve))
    return known


def saved(service) -> IntegrationSettings | None:
    with service_scope(service.organization_id, service.pk):
        return IntegrationSettings.objects.first()


def sign_in(service, usercode: str) -> None:
    member = make_member(service, usercode)
    with service_scope(service.organization_id, service.pk):
        open_session(service=service, member=member, login_type=LoginType.GET)


def sessions_of(service) -> int:
    with service_scope(service.organization_id, service.pk):
        return MemberSession.objects.count()


@pytest.fixture
def desk(client_of, acme, administrator):
    """The service administrator's browser."""
    return client_of(acme, administrator)


# --- who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_given_anybody_but_a_service_administrator_when_opened_then_refused_example_59(
    client_of, acme, shop, agent, owner, beta, stranger, method
):
    other = make_agent(make_service(acme, "other"), "otheradmin", role=Role.ADMINISTRATOR)
    for who in (agent, owner, other):
        assert getattr(client_of(acme, who), method)(URL, GET_CHOICES).status_code == 403
    assert getattr(client_of(acme), method)(URL, GET_CHOICES).status_code == 302
    assert getattr(client_of(beta, stranger), method)(URL.replace("shop", "other"), GET_CHOICES).status_code == 404
    assert saved(shop) is None


def test_given_administrator_when_opened_then_defaults_addresses_and_menu(desk, acme):
    response = desk.get(URL)
    assert response.status_code == 200
    text = response.text
    for path in ("hc/", "hc/ticket/", "hc/ticket/list/"):
        assert f"http://acme.oc.localhost:8000/shop/{path}" in text
    for label in (
        "회원 연동 활성화",
        "비회원 문의 접수",
        "로그인 타입",
        "Token 검증 URL",
        "로그인 상태 URL",
        "제한 없음",
    ):
        assert label in text
    words = " ".join(text.split())
    assert f'href="{URL}" aria-current="page"' in words
    for name, value in (("enabled", "off"), ("guest_enquiries", "on"), ("login_type", "post")):
        assert re.search(f'name="{name}" value="{value}"[^>]* checked', words), name


@pytest.mark.parametrize(
    ("url", "facts", "is_warned"),
    [
        ("http://shop.example/status", {}, True),
        ("http://shop.acme.oc.localhost:9000/status", {}, False),
        ("http://shop.example/status", {"login_type": LoginType.GET}, False),
        ("http://shop.example/status", {"enabled": False}, False),
    ],
)
def test_given_a_login_status_url_when_opened_then_another_site_is_warned_of(desk, shop, url, facts, is_warned):
    facts = {"enabled": True, "login_type": LoginType.POST, "login_url": url, "login_status_url": url} | facts
    with service_scope(shop.organization_id, shop.pk):
        IntegrationSettings.objects.create(organization_id=shop.organization_id, service=shop, **facts)
    text = desk.get(URL).text
    assert ("로그인 상태 URL이 헬프센터와 다른 사이트에 있습니다" in text) is is_warned
    assert ("shop.example의 로그인 쿠키" in text) is is_warned


def test_given_service_id_typed_in_another_case_when_opened_then_the_same_screen(desk):
    assert desk.get(URL.replace("shop", "SHOP")).status_code == 200


# --- saving ------------------------------------------------------------------------------------------------------


def test_given_get_type_when_saved_then_in_effect_audited_and_published(desk, shop, administrator):
    events.subscribe("members.settings_changed", "members.tidy")
    try:
        response = desk.post(URL, GET_CHOICES | {"single_use_token": "on", "guest_enquiries": "off"})
        assert (response.status_code, response["Location"]) == (302, URL)
        assert [job.args for job in queued("members.tidy")] == [
            {"organization_id": shop.organization_id, "service_id": shop.pk}
        ]
    finally:
        events._subscribers["members.settings_changed"].remove("members.tidy")
    row = saved(shop)
    assert (row.enabled, row.guest_enquiries, row.login_type) == (True, False, LoginType.GET)
    assert (row.token_verification_url, row.token_lifetime_minutes, row.single_use_token) == (VERIFY, 5, True)
    entry = AuditEntry._base_manager.get(action="members.settings_changed")
    assert (entry.organization_id, entry.service_id, entry.actor_id) == (
        shop.organization_id,
        shop.pk,
        administrator.pk,
    )
    assert entry.facts["changed"] == [
        "enabled",
        "guest_enquiries",
        "login_type",
        "single_use_token",
        "token_verification_url",
    ]
    assert VERIFY not in str(entry.facts)
    assert "저장했습니다." in desk.get(URL).text


def test_given_nothing_changed_when_saved_again_then_nothing_is_recorded(desk, shop):
    for _ in range(2):
        assert desk.post(URL, GET_CHOICES).status_code == 302
    assert AuditEntry._base_manager.filter(action="members.settings_changed").count() == 1


def test_given_no_limit_when_saved_then_no_lifetime(desk, shop):
    assert desk.post(URL, GET_CHOICES | {"token_lifetime_minutes": "", "no_limit": "on"}).status_code == 302
    assert saved(shop).token_lifetime_minutes is None
    assert 'name="no_limit"' in desk.get(URL).text


def test_given_post_type_when_saved_then_both_addresses_are_needed(desk, shop):
    assert desk.post(URL, POST_CHOICES | {"login_status_url": ""}).status_code == 422
    assert saved(shop) is None
    assert desk.post(URL, POST_CHOICES).status_code == 302
    row = saved(shop)
    assert (row.login_type, row.login_url) == (LoginType.POST, POST_CHOICES["login_url"])


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"token_verification_url": ""}, "URL을 입력해 주세요."),
        ({"token_verification_url": "http://members.example.com/verify"}, "https://"),
        ({"token_verification_url": "https://user:secret@members.example.com/"}, None),
        ({"token_verification_url": f"{VERIFY}#part"}, None),
        ({"token_verification_url": f"{VERIFY}?usercode=1"}, None),
        ({"token_verification_url": f"{VERIFY}?a=1&token=1"}, None),
        ({"token_verification_url": "https://members.example.com/" + "a" * 2000}, None),
        ({"token_verification_url": "https://members.example.com:22/"}, None),
        ({"token_verification_url": "https://127.0.0.1/verify"}, None),
        ({"token_verification_url": "https://10.0.0.5/verify"}, None),
        ({"token_verification_url": "https://169.254.169.254/latest"}, None),
        ({"token_verification_url": "https://[::1]/verify"}, None),
        ({"token_verification_url": "https://inside.example.com/verify"}, None),
        ({"token_verification_url": "https://nowhere.example.com/verify"}, None),
        ({"token_lifetime_minutes": ""}, "1~1440"),
        ({"token_lifetime_minutes": "0"}, "1~1440"),
        ({"token_lifetime_minutes": "1441"}, "1~1440"),
        ({"token_lifetime_minutes": "five"}, "1~1440"),
        ({"enabled": ""}, None),
        ({"enabled": "maybe"}, None),
        ({"login_type": ""}, "하나를 선택해 주세요."),
        ({"guest_enquiries": ""}, "하나를 선택해 주세요."),
    ],
)
def test_given_bad_value_when_saved_then_said_next_to_the_field_examples_26_and_59(desk, shop, facts, sentence):
    assert desk.post(URL, GET_CHOICES).status_code == 302
    sign_in(shop, "hong")
    before = saved(shop).updated_at
    response = desk.post(URL, GET_CHOICES | {"single_use_token": "on"} | facts)
    assert response.status_code == 422
    (name,) = facts
    assert f'id="id_{name}_error"' in response.text
    if sentence:
        assert sentence in response.text
    if name.endswith("_url"):
        assert facts[name].replace("&", "&amp;") in response.text
    row = saved(shop)
    assert (row.updated_at, row.single_use_token) == (before, False)
    assert sessions_of(shop) == 1
    assert AuditEntry._base_manager.filter(action="members.settings_changed").count() == 1


def test_given_disabled_when_saved_then_only_the_switch_changes(desk, shop):
    desk.post(URL, GET_CHOICES)
    wrong = {"enabled": "off", "token_verification_url": "nonsense", "token_lifetime_minutes": "x", "login_type": "?"}
    assert desk.post(URL, wrong).status_code == 302
    row = saved(shop)
    assert (row.enabled, row.login_type, row.token_verification_url) == (False, LoginType.GET, VERIFY)


def test_given_type_switched_when_saved_then_the_other_type_keeps_its_values(desk, shop):
    desk.post(URL, GET_CHOICES | {"token_lifetime_minutes": "7"})
    desk.post(URL, POST_CHOICES | {"token_verification_url": "", "token_lifetime_minutes": ""})
    row = saved(shop)
    assert (row.login_type, row.token_verification_url, row.token_lifetime_minutes) == (LoginType.POST, VERIFY, 7)


# --- the POST method ---------------------------------------------------------------------------------------------


def test_given_post_type_when_saved_then_rows_domains_and_binding_are_in_effect(desk, shop):
    choices = POST_CHOICES | {
        "parameter_rows_location": ["header", "query", "header"],
        "parameter_rows_name": ["memberno", "usercode", ""],
        "return_domains": "WWW.example.com\n shop.example.com:8443, www.example.com 로그인.한국",
        "demands_binding": "on",
        "single_use_token": "on",
    }
    assert desk.post(URL, choices).status_code == 302
    row = saved(shop)
    assert row.parameter_rows == [["header", "memberno"], ["query", "usercode"]]
    assert row.return_domains == ["www.example.com", "shop.example.com:8443", "xn--2i0b10rutm.xn--3e0b707e"]
    assert (row.demands_binding, row.single_use_token) == (True, True)
    text = desk.get(URL).text
    assert text.count("data-row>") == 3  # the two, and one to fill in
    assert "www.example.com\nshop.example.com:8443" in text
    assert "http://acme.oc.localhost:8000/api/v2/enduser/remote.json" in text


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("parameter_rows", {"parameter_rows_location": ["cookie"], "parameter_rows_name": ["phone"]}),
        ("parameter_rows", {"parameter_rows_location": ["header"], "parameter_rows_name": ["X-Forwarded-For"]}),
        ("parameter_rows", {"parameter_rows_location": ["query"] * 2, "parameter_rows_name": ["phone"] * 2}),
        ("parameter_rows", {"parameter_rows_location": ["query"] * 40, "parameter_rows_name": ["phone"] * 40}),
        ("return_domains", {"return_domains": "https://www.example.com"}),
        ("return_domains", {"return_domains": "*.example.com"}),
        ("return_domains", {"return_domains": "a@b.example.com"}),
        ("return_domains", {"return_domains": "www.example.com:65536"}),
        ("return_domains", {"return_domains": "가@로그인.한국"}),
        ("return_domains", {"return_domains": "로그인.한국/안"}),
        ("return_domains", {"return_domains": "\n".join(f"h{number}.example.com" for number in range(21))}),
        ("login_url", {"login_url": "https://members.example.com/login?returnUrl=x"}),
    ],
)
def test_given_bad_value_of_the_post_method_when_saved_then_said_next_to_the_field(desk, shop, name, facts):
    response = desk.post(URL, POST_CHOICES | facts)
    assert response.status_code == 422
    assert f'id="id_{name}_error"' in response.text
    assert saved(shop) is None


# --- frames ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choices", [GET_CHOICES, POST_CHOICES])
def test_given_frame_origins_when_saved_then_kept_as_origins_and_no_session_ends(desk, shop, choices):
    desk.post(URL, choices)
    sign_in(shop, "hong")
    typed = "HTTPS://WWW.example.com/\nhelp.example.com:8443 www.example.com https://로그인.한국/"
    assert desk.post(URL, choices | {"frame_origins": typed}).status_code == 302
    assert saved(shop).frame_origins == [
        "https://www.example.com",
        "https://help.example.com:8443",
        "https://xn--2i0b10rutm.xn--3e0b707e",
    ]
    assert sessions_of(shop) == 1
    assert "https://www.example.com\nhttps://help.example.com:8443" in desk.get(URL).text


@pytest.mark.parametrize(
    "typed",
    [
        "http://www.example.com",
        "https://*.example.com",
        "https://www.example.com/help",
        "https://a@www.example.com",
        "https://www.example.com:65536",
        "https://가@로그인.한국",
        "https://로그인.한국?안",
        "javascript://x",
        "https://a.example; script-src *",
        "'self'",
        "\n".join(f"h{number}.example.com" for number in range(21)),
    ],
)
def test_given_no_origin_when_saved_then_said_next_to_the_field(desk, shop, typed):
    response = desk.post(URL, GET_CHOICES | {"frame_origins": typed})
    assert response.status_code == 422
    assert 'id="id_frame_origins_error"' in response.text
    assert saved(shop) is None


def test_given_an_installation_for_development_when_saved_then_http_too(desk, shop, settings):
    settings.ALLOW_PRIVATE_CALLBACKS = True
    desk.post(URL, GET_CHOICES | {"frame_origins": "http://127.0.0.1:9000"})
    assert saved(shop).frame_origins == ["http://127.0.0.1:9000"]


# --- sessions end ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"enabled": "off"}, 0),
        (POST_CHOICES, 0),
        ({"token_verification_url": f"{VERIFY}/2"}, 0),
        ({"guest_enquiries": "off"}, 1),
        ({"single_use_token": "on"}, 1),
        ({"token_lifetime_minutes": "10"}, 1),
        ({}, 1),
    ],
)
def test_given_sessions_when_settings_change_then_they_end_as_2_4_says(desk, acme, shop, change, left):
    other = make_service(acme, "other")
    desk.post(URL, GET_CHOICES)
    sign_in(shop, "hong")
    sign_in(other, "kim")
    assert desk.post(URL, GET_CHOICES | change).status_code == 302
    assert (sessions_of(shop), sessions_of(other)) == (left, 1)
    if not left:
        assert "회원 1명이 로그아웃" in desk.get(URL).text


def test_given_sessions_when_the_key_changes_then_all_of_the_organization_end_example_37(
    acme, shop, beta_shop, administrator
):
    other = make_service(acme, "other")
    for service in (shop, other, beta_shop):
        sign_in(service, "hong")
    with service_scope(acme.pk, shop.pk):
        change_key(organization_id=acme.pk, actor=administrator.as_actor())
    assert run_jobs() == 1
    assert (sessions_of(shop), sessions_of(other), sessions_of(beta_shop)) == (0, 0, 1)
    sign_in(shop, "kim")
    end_sessions_of_organization(organization_id=acme.pk)  # jobs run at least once
    assert sessions_of(shop) == 1


def test_given_sessions_when_the_key_changes_with_overlap_then_they_stay_until_the_old_key_is_cut(
    acme, shop, administrator
):
    sign_in(shop, "hong")
    with service_scope(acme.pk, shop.pk):
        change_key(organization_id=acme.pk, actor=administrator.as_actor(), overlap_hours=24)
        run_jobs()
        assert sessions_of(shop) == 1
        cut_old_key(organization_id=acme.pk, actor=administrator.as_actor())
        run_jobs()
    assert sessions_of(shop) == 0


# --- figures and tidying -----------------------------------------------------------------------------------------


LATELY = timezone.now().replace(microsecond=0) - timedelta(minutes=3)


def make_events(service, reason: str, number: int, *, ago: timedelta = timedelta(), by_old_key: bool = False) -> None:
    with service_scope(service.organization_id, service.pk):
        for _ in range(number):
            event = LoginEvent.objects.create(
                organization_id=service.organization_id,
                service=service,
                ok=not reason,
                reason=reason,
                login_type=LoginType.GET,
                by_old_key=by_old_key,
            )
            LoginEvent.objects.filter(pk=event.pk).update(created_at=timezone.now() - ago)


def test_given_entries_when_shown_then_counts_of_7_days_by_reason(desk, shop, beta_shop):
    make_events(shop, "", 2)
    make_events(shop, "expired", 1)
    make_events(shop, "hmac_mismatch", 3, ago=timedelta(days=6, hours=23))
    make_events(shop, "replayed", 4, ago=timedelta(days=7, minutes=1))
    make_events(beta_shop, "verify_tls", 5)
    text = desk.get(URL).text
    assert "replayed" not in text
    assert "verify_tls" not in text
    places = [text.index(word) for word in ("회원으로 접속", "hmac_mismatch", "expired")]
    assert places == sorted(places)
    assert "6건 중 2건" in text
    assert re.findall(r'<progress class="[^"]*" max="(\d+)" value="(\d+)"', text) == [
        ("6", "2"),
        ("4", "3"),
        ("4", "1"),
    ]


def test_given_nobody_entered_when_shown_then_the_figures_say_what_to_do_first(desk):
    assert "먼저 연동 테스트로 확인해 보세요." in desk.get(URL).text


def test_given_bursts_when_shown_then_time_number_and_fix_of_this_service_for_7_days(desk, acme, shop, beta_shop):
    def burst(service, reason: str, ago: timedelta) -> None:
        ids = {"organization_id": service.organization_id, "service_id": service.pk}
        record(BURST_RECORDED, actor=SYSTEM, **ids, reason=reason, count=10)
        newest = AuditEntry._base_manager.latest("pk")
        AuditEntry._base_manager.filter(pk=newest.pk).update(created_at=LATELY - ago)

    assert "의심스러운 접속 시도" not in desk.get(URL).text
    for service, reason, ago in (
        (shop, "hmac_mismatch", timedelta()),
        (shop, "hmac_mismatch", timedelta(days=2)),
        (shop, "replayed", timedelta(days=8)),
        (make_service(acme, "other"), "binding_mismatch", timedelta()),
        (beta_shop, "verify_usercode_mismatch", timedelta()),
    ):
        burst(service, reason, ago)
    text = desk.get(URL).text
    assert text.count("의심스러운 접속 시도") == 1
    assert "5분 안에 10건 이상 발생했습니다(최근 " in text
    assert LATELY.astimezone(shop.zone).strftime("%Y.%m.%d %H:%M") in text
    assert "7일 동안 2번 있었습니다." in text
    assert str(MEANINGS["hmac_mismatch"]) in text
    assert str(FIXES["hmac_mismatch"]) in text
    assert "조직 Key가 유출되지 않았는지" in text
    for other in ("replayed", "binding_mismatch", "verify_usercode_mismatch"):
        assert str(MEANINGS[other]) not in text


def test_given_old_key_still_valid_when_shown_then_until_when_and_how_many_entries_it_signed(desk, acme, shop):
    make_events(shop, "", 1, by_old_key=True, ago=timedelta(days=1))  # of an earlier change
    assert "이전 Key" not in desk.get(URL).text
    with service_scope(acme.pk, shop.pk):
        change_key(organization_id=acme.pk, actor=SYSTEM, overlap_hours=24)
    acme.refresh_from_db()
    until = acme.old_key_until.astimezone(shop.zone).strftime("%Y.%m.%d %H:%M")
    text = desk.get(URL).text
    assert f"이전 Key는 {until}까지 사용할 수 있습니다." in text
    assert "변경 후 이전 Key로 서명된 접속은 없습니다." in text
    make_events(shop, "", 2, by_old_key=True, ago=timedelta(seconds=-1))
    make_events(shop, "", 1, ago=timedelta(seconds=-1))
    text = desk.get(URL).text
    assert "아직 이전 Key로 서명된 접속이 2건 있습니다." in text
    assert acme.key not in text
    assert acme.old_key not in text


def test_given_members_logged_in_when_shown_then_the_warning_knows_how_many(desk, shop):
    assert "data-logs-out" not in desk.get(URL).text  # nothing is integrated yet
    desk.post(URL, GET_CHOICES)
    for usercode in ("hong", "kim", "idle"):
        sign_in(shop, usercode)
    idle = MemberSession._base_manager.filter(member__usercode="idle")
    idle.update(last_used_at=timezone.now() - timedelta(minutes=31))
    text = desk.get(URL).text
    assert "지금 로그인한 회원은 2명입니다." in text
    assert f'data-login-type="get" data-verification-url="{VERIFY}"' in text


def test_given_several_errors_when_shown_then_the_first_on_the_screen_has_the_focus(desk):
    wrong = {"token_verification_url": "", "frame_origins": "*.example.com"}
    text = desk.post(URL, GET_CHOICES | wrong).text
    focused = re.findall(r"<[^>]*autofocus[^>]*>", text)
    assert len(focused) == 1
    assert 'name="token_verification_url"' in focused[0]


def test_given_every_reason_when_shown_then_it_has_a_meaning(desk, shop):
    for reason in Reason:
        make_events(shop, reason.value, 1)
    text = desk.get(URL).text
    assert text.count("s-progress-noted") == len(Reason)
    assert text.count("d-mono text-secondary") == len(Reason)


def test_given_dead_and_live_rows_when_tidied_then_only_the_dead_go(shop):
    for usercode, ago in (("live", timedelta(minutes=29)), ("dead", timedelta(minutes=31))):
        sign_in(shop, usercode)
        with service_scope(shop.organization_id, shop.pk):
            sessions = MemberSession.objects.filter(member__usercode=usercode)
            sessions.update(last_used_at=timezone.now() - ago)
    make_events(shop, "expired", 1, ago=timedelta(days=29))
    make_events(shop, "expired", 1, ago=timedelta(days=31))
    tidy()
    with service_scope(shop.organization_id, shop.pk):
        assert [session.member.usercode for session in MemberSession.objects.all()] == ["live"]
        assert LoginEvent.objects.count() == 1


def test_given_missing_address_when_the_action_is_called_then_refused(shop, administrator):
    from daedap.core.errors import DaedapError

    with service_scope(shop.organization_id, shop.pk), pytest.raises(DaedapError) as refused:
        save_integration(
            service=shop, choices=Choices(enabled=True, login_type=LoginType.GET), actor=administrator.as_actor()
        )
    assert refused.value.field == "token_verification_url"
    assert saved(shop) is None
