"""Login security, password policy and IP ACL, as IAM members meet them."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from daedap.accounts.models import SignedInSession, SignInRecord
from daedap.accounts.sessions import end_sessions_in
from daedap.core.models import OutgoingMail
from daedap.core.scoping import organization_scope
from daedap.organizations.members import remove_iam_member
from daedap.organizations.models import LoginSecurity, PasswordPolicy
from daedap.organizations.networks import AddressesRefused, clean_addresses, is_listed
from tests.factories import PASSWORD
from tests.jobs import run_jobs

PAGE = "/admin/organization/"
NEW = "River!85"
CHANGE = "/login/change-password/"
ELSEWHERE = "다른 기기에서 로그인하여 로그아웃되었습니다."
EXPIRED = "로그인 유지 시간이 지나 로그아웃되었습니다."
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"


def choose(organization, model=LoginSecurity, **facts):
    """Save settings without the console."""
    with organization_scope(organization.pk):
        model.objects.update_or_create(organization=organization, defaults=facts)


def sign_in(client, password=PASSWORD, **more):
    return client.post("/login/", {"login_id": "owner", "password": password, **more})


def is_in(client, **headers):
    return client.get(PAGE, headers=headers).status_code == 200


@pytest.fixture
def browser(acme, owner, client_of):
    """Return new browsers on Acme's site, signed in as nobody."""

    def make(**options):
        return client_of(acme, **options)

    return make


@pytest.fixture
def signed_in(browser):
    """Return new browsers in which the OWNER signed in."""

    def make(**options):
        client = browser(**options)
        assert sign_in(client).url == "/"
        return client

    return make


# --- Attempts ------------------------------------------------------------------------------------


def test_given_two_failures_for_three_minutes_when_chosen_then_locked_so_long_and_mail_says_it_A39(
    acme, browser, mailoutbox
):
    choose(acme, max_attempts=2, lock_minutes=3)
    client = browser()
    with time_machine.travel("2026-11-22T01:00:00Z", tick=False) as clock:
        sign_in(client, "wrong!72")
        sign_in(client, "wrong!72")
        refused = sign_in(client)
        assert refused.status_code == 422
        assert "3분간 로그인할 수 없습니다." in refused.text
        run_jobs()
        assert "10:03" in mailoutbox[-1].body
        clock.shift(timedelta(minutes=3))
        assert sign_in(client).url == "/"


def test_given_four_wrong_one_right_four_wrong_when_signing_in_then_no_lock_A40(browser):
    client = browser()
    for _ in range(2):
        for _ in range(4):
            assert sign_in(client, "wrong!72").status_code == 422
        assert sign_in(client).url == "/"
        client.post("/logout/")


def test_given_attempts_switched_off_when_ten_fail_then_no_lock_and_no_mail(acme, browser):
    choose(acme, limits_attempts=False)
    for _ in range(10):
        sign_in(browser(), "wrong!72")
    run_jobs()
    assert sign_in(browser()).url == "/"
    assert not OutgoingMail.objects.filter(kind="sign-in-locked").exists()


# --- Sessions ------------------------------------------------------------------------------------


def test_given_one_session_allowed_when_signed_in_on_the_phone_then_the_pc_is_told_and_out_A44(acme, signed_in):
    choose(acme, sessions_at_once=1)
    pc = signed_in()
    phone = signed_in(HTTP_USER_AGENT=PHONE)
    # when
    answer = pc.get(PAGE, follow=True)
    # then
    assert answer.redirect_chain == [(f"/login/?next={PAGE}", 302)]
    assert ELSEWHERE in answer.text
    assert ELSEWHERE not in pc.get("/login/").text
    assert not is_in(pc)
    assert is_in(phone)


def test_given_default_of_two_when_a_third_signs_in_then_only_the_oldest_is_out_A44(signed_in):
    first, second, third = signed_in(), signed_in(), signed_in()
    assert [is_in(client) for client in (first, second, third)] == [False, True, True]


def test_given_same_browser_when_signing_in_again_then_it_counts_once(acme, signed_in):
    other, client = signed_in(), signed_in()
    for _ in range(3):
        sign_in(client)
    assert is_in(other)
    assert SignedInSession.objects.count() == 2


def test_given_session_that_ran_out_when_counted_then_it_takes_no_place(acme, owner, signed_in):
    with time_machine.travel("2026-11-22T01:00:00Z", tick=False) as clock:
        choose(acme, sessions_at_once=2)
        signed_in()
        clock.shift(timedelta(minutes=30))
        second = signed_in()
        clock.shift(timedelta(minutes=31))
        assert is_in(signed_in())
        assert is_in(second)


@pytest.mark.parametrize("headers", [{"X-Background": "1"}, {"Accept": "text/event-stream"}])
def test_given_61_minutes_of_background_requests_when_clicked_then_login_page_A45(signed_in, headers):
    with time_machine.travel("2026-11-22T01:00:00Z", tick=False) as clock:
        client = signed_in()
        for _ in range(59):
            clock.shift(timedelta(minutes=1))
            assert is_in(client, **headers)
        clock.shift(timedelta(minutes=2))
        assert not is_in(client, **headers)
        # when
        answer = client.get(PAGE, follow=True)
        # then
        assert answer.redirect_chain == [(f"/login/?next={PAGE}", 302)]
        assert EXPIRED in answer.text


def test_given_clicks_when_the_hours_pass_then_in_until_the_hard_limit(signed_in):
    with time_machine.travel("2026-11-22T01:00:00Z", tick=False) as clock:
        client = signed_in()
        for _ in range(14):
            clock.shift(timedelta(minutes=50))
            assert is_in(client)
        clock.shift(timedelta(minutes=20))
        assert not is_in(client)


def test_given_fixed_life_when_it_is_over_then_out_in_spite_of_clicks(acme, signed_in):
    choose(acme, session_type="fixed", minutes_pc=30)
    with time_machine.travel("2026-11-22T01:00:00Z", tick=False) as clock:
        client = signed_in()
        clock.shift(timedelta(minutes=29))
        assert is_in(client)
        clock.shift(timedelta(minutes=1))
        assert not is_in(client)


def test_given_other_life_on_mobile_when_idle_then_each_device_has_its_own(acme, signed_in):
    choose(acme, minutes_pc=20, minutes_mobile=10)
    with time_machine.travel("2026-11-22T01:00:00Z", tick=False) as clock:
        pc, phone = signed_in(), signed_in(HTTP_USER_AGENT=PHONE)
        clock.shift(timedelta(minutes=10))
        assert is_in(pc)
        assert not is_in(phone)


def test_given_changed_settings_when_still_signed_in_then_they_wait_for_the_next_log_in(acme, signed_in):
    with time_machine.travel("2026-11-22T01:00:00Z", tick=False) as clock:
        before = signed_in()
        choose(acme, minutes_pc=10)
        after = signed_in()
        clock.shift(timedelta(minutes=11))
        assert is_in(before)
        assert not is_in(after)


def test_given_many_clicks_in_a_minute_when_counted_then_activity_is_written_once(signed_in):
    with time_machine.travel("2026-11-22T01:00:00Z", tick=False) as clock:
        client = signed_in()
        clock.shift(timedelta(minutes=2))
        is_in(client)
        written = SignedInSession.objects.get().last_active_at
        clock.shift(timedelta(seconds=59))
        is_in(client)
        assert SignedInSession.objects.get().last_active_at == written
        clock.shift(timedelta(seconds=1))
        is_in(client)
        assert SignedInSession.objects.get().last_active_at == timezone.now()


def test_given_session_when_logged_out_then_its_cookie_is_worth_nothing_again(browser, signed_in):
    client = signed_in()
    stolen = browser()
    stolen.cookies.update(client.cookies)
    assert is_in(stolen)
    client.post("/logout/")
    assert not is_in(stolen)
    assert not SignedInSession.objects.exists()


def test_given_sessions_when_struck_off_by_realm_then_out_and_others_stay(acme, beta, stranger, client_of, signed_in):
    client, theirs = signed_in(), client_of(beta, stranger)
    end_sessions_in(acme.public_id)
    assert not is_in(client)
    assert theirs.get("/console/me/").status_code == 200


def test_given_member_who_leaves_when_next_page_opened_then_out(acme, owner, administrator, client_of):
    client = client_of(acme, administrator)
    assert client.get("/console/me/").status_code == 200
    with organization_scope(acme.pk):
        remove_iam_member(
            organization=acme, member_id=administrator.member_id, actor=acme.creator.as_actor("203.0.113.7")
        )
    assert client.get("/console/me/").status_code == 302
    assert not SignedInSession.objects.exists()


# --- Password policy -----------------------------------------------------------------------------


def test_given_minimum_12_immediately_when_member_with_9_signs_in_then_forced_change_A47(acme, owner, browser):
    owner.user.set_password("Ocean!720")
    owner.user.save()
    choose(acme, PasswordPolicy, is_custom=True, minimum=12, starts="onLogin")
    client = browser()
    # when
    answer = sign_in(client, "Ocean!720", next=PAGE)
    # then: the change page, and nothing else
    assert answer.url == f"{CHANGE}?next=%2Fadmin%2Forganization%2F"
    page = client.get(answer.url)
    assert "12~15자로 입력해 주세요." in page.text
    assert "다음에 변경" not in page.text
    assert not is_in(client)
    assert client.post(CHANGE, {"later": "1"}).status_code == 400
    assert not is_in(client)
    short = client.post(CHANGE, {"password": "Ocean!721", "again": "Ocean!721"})
    assert short.status_code == 422
    assert "12~15자로 입력해 주세요." in short.text
    assert not is_in(client)
    saved = client.post(CHANGE, {"password": "River!85xYz9", "again": "River!85xYz9", "next": PAGE})
    assert saved.url == PAGE
    assert is_in(client)
    assert sign_in(browser(), "River!85xYz9").url == "/"


def test_given_minimum_12_on_change_when_member_with_8_signs_in_then_in(acme, browser):
    choose(acme, PasswordPolicy, is_custom=True, minimum=12)
    assert sign_in(browser()).url == "/"


def days_old(member, days):
    member.user.password_set_at = timezone.now() - timedelta(days=days)
    member.user.save()


def test_given_password_91_days_old_when_signing_in_then_notice_and_next_time_goes_on_A48(owner, browser):
    days_old(owner, 91)
    client = browser()
    assert sign_in(client).url == CHANGE
    assert "다음에 변경" in client.get(CHANGE).text
    assert not is_in(client)
    # when
    assert client.post(CHANGE, {"later": "1", "next": PAGE}).url == PAGE
    # then: in, and one more full period
    assert is_in(client)
    with time_machine.travel(timezone.now() + timedelta(days=89)):
        assert sign_in(browser()).url == "/"
    with time_machine.travel(timezone.now() + timedelta(days=90, minutes=1)):
        assert sign_in(browser()).url == CHANGE


@pytest.mark.parametrize(
    ("facts", "days", "target"),
    [
        ({}, 89, "/"),
        ({"expires": False}, 500, "/"),
        ({"expiry_days": 30}, 31, CHANGE),
        ({"expiry_days": 30}, 29, "/"),
    ],
)
def test_given_custom_expiry_when_signing_in_then_after_so_many_days(acme, owner, browser, facts, days, target):
    choose(acme, PasswordPolicy, is_custom=True, **facts)
    days_old(owner, days)
    assert sign_in(browser()).url == target


def test_given_no_extension_when_expired_then_nothing_but_changing(acme, owner, browser):
    choose(acme, PasswordPolicy, is_custom=True, minimum=8, may_extend=False)
    days_old(owner, 91)
    client = browser()
    assert sign_in(client).url == CHANGE
    assert "다음에 변경" not in client.get(CHANGE).text
    assert client.post(CHANGE, {"later": "1"}).status_code == 400
    owner.user.refresh_from_db()
    assert owner.user.password_extended_at is None
    assert client.post(CHANGE, {"password": PASSWORD, "again": PASSWORD}).status_code == 422  # reuse
    assert client.post(CHANGE, {"password": NEW, "again": NEW}).url == "/"
    assert is_in(client)


def test_given_nobody_waiting_or_too_late_when_change_page_opened_then_login(owner, browser):
    client = browser()
    assert client.get(CHANGE).url == "/login/"
    days_old(owner, 91)
    sign_in(client)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert client.post(CHANGE, {"password": NEW, "again": NEW}).url == "/login/"
    assert not is_in(client)
    assert sign_in(client, NEW).status_code == 422


def test_given_two_browsers_waiting_when_one_changed_then_the_other_starts_over(owner, browser):
    days_old(owner, 91)
    one, two = browser(), browser()
    sign_in(one)
    sign_in(two)
    assert one.post(CHANGE, {"password": NEW, "again": NEW}).url == "/"
    assert two.post(CHANGE, {"later": "1"}).url == "/login/"
    assert not is_in(two)


def test_given_custom_policy_when_set_by_mailed_link_then_it_counts(acme, owner, browser, mailoutbox):
    choose(
        acme, PasswordPolicy, is_custom=True, minimum=8, needs_upper=False, needs_special=False, refuses_runs=False,
        reuse=0,
    )  # fmt: skip
    client = browser()
    client.post("/login/find-password/", {"login_id": "owner", "email": owner.user.email})
    run_jobs()
    path = next(part for part in mailoutbox[-1].body.split() if "/login/password/" in part).split(":8000")[1]
    refused = client.post(path, {"password": "12345678", "again": "12345678"})
    assert "영문 소문자를 1자 이상 포함해 주세요." in refused.text
    assert "영문 대문자" not in refused.text
    assert client.post(path, {"password": "abcd1234", "again": "abcd1234"}).url == "/login/"


def test_given_reuse_of_three_when_an_earlier_one_is_chosen_then_refused(acme, owner, browser):
    choose(acme, PasswordPolicy, is_custom=True, minimum=8, reuse=3)
    current = PASSWORD
    for following in ("River!85", "Stone!96"):
        days_old(owner, 91)
        client = browser()
        sign_in(client, current)
        assert client.post(CHANGE, {"password": following, "again": following}).url == "/"
        current = following
        owner.user.refresh_from_db()
    days_old(owner, 91)
    client = browser()
    sign_in(client, current)
    assert client.post(CHANGE, {"password": PASSWORD, "again": PASSWORD}).status_code == 422
    assert client.post(CHANGE, {"password": "Cloud!07", "again": "Cloud!07"}).url == "/"


# --- IP ACL --------------------------------------------------------------------------------------


def test_given_ip_acl_when_coming_from_elsewhere_then_403_before_any_password_check_A46(acme, shop, browser):
    choose(acme, limits_addresses=True, addresses=["10.0.0.0/8"])
    outside, inside = browser(REMOTE_ADDR="203.0.113.7"), browser(REMOTE_ADDR="10.1.2.3")
    # when
    refused = sign_in(outside)
    # then
    assert refused.status_code == 403
    assert "허용되지 않은 IP입니다." in refused.text
    assert not SignInRecord.objects.exists()
    for path in ("/", "/login/", "/login/find-password/", PAGE, "/shop/tickets/", "/login/password/x/"):
        assert outside.get(path).status_code == 403, path
    assert outside.get("/shop/hc/").status_code == 200
    assert sign_in(inside).url == "/"


def test_given_open_session_when_the_list_changes_then_it_counts_from_the_next_request_A46(acme, signed_in):
    client = signed_in(REMOTE_ADDR="203.0.113.7")
    assert is_in(client)
    choose(acme, limits_addresses=True, addresses=["10.0.0.0/8"])
    assert client.get(PAGE).status_code == 403
    choose(acme, limits_addresses=True, addresses=["10.0.0.0/8", "203.0.113.1/24"])
    assert is_in(client)
    choose(acme, limits_addresses=False, addresses=["10.0.0.0/8"])
    assert is_in(client)


def test_given_ip_acl_of_acme_when_at_beta_then_not_covered(acme, beta, stranger, client_of):
    choose(acme, limits_addresses=True, addresses=["10.0.0.0/8"])
    assert client_of(beta, stranger).get("/console/me/").status_code == 200


@pytest.mark.parametrize(
    ("ip", "addresses", "listed"),
    [
        ("1.1.1.77", ["1.1.1.1/24"], True),
        ("1.1.2.1", ["1.1.1.1/24"], False),
        ("1.1.1.1", ["1.1.1.1"], True),
        ("::ffff:1.1.1.9", ["1.1.1.1/24"], True),
        ("2001:db8::7", ["1.1.1.1", "2001:db8::/32"], True),
        ("2001:db9::7", ["2001:db8::/32"], False),
        ("", ["0.0.0.0/0", "::/0"], False),
        ("1.1.1.1", [], False),
    ],
)
def test_given_list_when_an_address_is_looked_up_then_listed_or_not_A42_A46(ip, addresses, listed):
    assert is_listed(ip, addresses) is listed


def test_given_text_when_cleaned_then_entries_once_each():
    assert clean_addresses(" 1.1.1.1/24\n2001:DB8::/32, 1.1.1.1/24;10.0.0.1\r\n") == [
        "1.1.1.1/24",
        "2001:db8::/32",
        "10.0.0.1",
    ]


@pytest.mark.parametrize("text", ["1.1.1", "1.1.1.1/33", "fe80::1%eth0", "office", "1.1.1.1-1.1.1.9", "１.1.1.1"])
def test_given_entry_that_is_no_address_when_cleaned_then_refused(text):
    with pytest.raises(AddressesRefused):
        clean_addresses(f"10.0.0.1\n{text}")


def test_given_101_entries_when_cleaned_then_refused():
    assert len(clean_addresses("\n".join(f"10.0.0.{number}" for number in range(100)))) == 100
    with pytest.raises(AddressesRefused):
        clean_addresses("\n".join(f"10.0.0.{number}" for number in range(101)))


def test_given_staff_session_outside_the_list_when_in_a_help_centre_then_nobody(acme, shop, administrator, client_of):
    choose(acme, limits_addresses=True, addresses=["10.0.0.0/8"])
    client = client_of(acme, administrator, REMOTE_ADDR="203.0.113.7")
    answer = client.get("/shop/hc/")
    assert answer.status_code == 200
    assert answer.wsgi_request.user.is_anonymous
