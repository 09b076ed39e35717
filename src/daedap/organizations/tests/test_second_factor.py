"""The second factor of IAM members, as they meet it: the button in a mail, or Google OTP (spec 10, 4.4)."""

import base64
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import connection
from django.utils import timezone

from daedap.accounts import otp
from daedap.accounts.models import MailLink, OtpDevice, SignedInSession, SignInRecord
from daedap.core.actors import SYSTEM
from daedap.core.models import OutgoingMail
from daedap.core.scoping import organization_scope
from daedap.organizations.members import remove_iam_member
from daedap.organizations.models import LoginSecurity, PasswordPolicy
from tests.factories import PASSWORD, make_iam_member
from tests.jobs import run_jobs

PAGE = "/admin/organization/"
STEP = "/login/second-step/"
CHANGE = "/login/change-password/"
NEW = "River!85"
NOON = "2026-11-22T03:00:00Z"


def choose(organization, model=LoginSecurity, **facts):
    """Save settings without the console."""
    with organization_scope(organization.pk):
        model.objects.update_or_create(organization=organization, defaults=facts)


def sign_in(client, password=PASSWORD, login_id="owner", **more):
    return client.post("/login/", {"login_id": login_id, "password": password, **more})


def is_in(client):
    return client.get(PAGE).status_code == 200


def results():
    return list(SignInRecord.objects.order_by("pk").values_list("result", flat=True))


def code_of(secret, at=0):
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
    return totp.generate(int(time.time()) + at).decode()


@pytest.fixture
def browser(acme, owner, client_of):
    """Return new browsers on Acme's site, signed in as nobody."""

    def make(**options):
        return client_of(acme, **options)

    return make


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as travelled:
        yield travelled


# --- The button in a mail ------------------------------------------------------------------------


@pytest.fixture
def mailed(acme, mailoutbox):
    """Acme asks for the button in a mail. Returns the path behind the newest one's button."""
    choose(acme, second_factor="email")

    def newest():
        run_jobs()
        return re.search(r"/login/approve/[\w-]+/", mailoutbox[-1].body)[0]

    return newest


@pytest.fixture
def waiting(mailed, browser):
    """A browser that has given the right password."""
    client = browser()
    assert sign_in(client, next=PAGE).url == f"{STEP}?next=%2Fadmin%2Forganization%2F"
    return client


def test_given_right_password_when_the_button_is_not_pressed_then_confirm_stays_waiting_without_session_A41(
    waiting, mailoutbox
):
    page = waiting.get(STEP)
    assert "2차 이메일 인증" in page.text
    answer = waiting.post(STEP)
    assert answer.status_code == 422
    assert "아직 인증되지 않았습니다." in answer.text
    assert not is_in(waiting)
    assert not SignedInSession.objects.exists()
    run_jobs()
    assert mailoutbox[-1].subject == "[Daedap IAM] 2차 메일 인증이 요청되었습니다."
    assert results() == ["waiting"]


def test_given_the_button_pressed_when_confirmed_then_in_and_on_the_wanted_page_A41(waiting, browser, mailed):
    phone, link = browser(), mailed()
    assert "인증되었습니다" in phone.post(link).text
    assert "인증되었습니다. 확인을 누르면 로그인됩니다." in waiting.get(f"{STEP}state/").text
    assert not is_in(waiting)
    # when
    before = waiting.session.session_key
    assert waiting.post(STEP, {"next": PAGE}).url == PAGE
    # then
    assert is_in(waiting)
    assert waiting.session.session_key != before
    assert not is_in(phone)
    assert SignedInSession.objects.count() == 1
    assert results() == ["waiting", "ok"]


def test_given_mail_scanner_when_it_opens_the_link_then_nothing_is_approved(waiting, browser, mailed):
    link = mailed()
    scanner = browser()
    for _ in range(3):
        assert scanner.get(link).status_code == 200
        assert scanner.head(link).status_code in (200, 405)
    assert waiting.post(STEP).status_code == 422
    assert not MailLink.objects.filter(used_at__isnull=False).exists()
    assert scanner.post(link).status_code == 200
    assert waiting.post(STEP).status_code == 302


def test_given_two_browsers_waiting_when_one_is_approved_then_only_that_one_gets_in(waiting, browser, mailed):
    first_link = mailed()
    other = browser()
    sign_in(other)
    assert mailed() != first_link
    browser().post(first_link)
    assert other.post(STEP).status_code == 422
    assert not is_in(other)
    assert waiting.post(STEP).status_code == 302


def test_given_an_approval_when_logging_in_again_then_it_counts_for_nothing(waiting, browser, mailed):
    browser().post(mailed())
    sign_in(waiting)
    assert waiting.post(STEP).status_code == 422
    assert not is_in(waiting)


def test_given_a_newer_mail_when_the_older_button_is_pressed_then_refused(waiting, browser, mailed):
    older = mailed()
    answer = waiting.post(f"{STEP}resend/", {"next": PAGE})
    assert answer.url == f"{STEP}?next=%2Fadmin%2Forganization%2F"
    newer = mailed()
    assert browser().post(older).status_code == 410
    assert waiting.post(STEP).status_code == 422
    browser().post(newer)
    assert waiting.post(STEP).status_code == 302


def test_given_a_link_that_was_used_when_pressed_again_then_refused(waiting, browser, mailed):
    link = mailed()
    browser().post(link)
    assert browser().post(link).status_code == 410
    assert browser().get(link).status_code == 410


def test_given_ten_minutes_when_they_are_over_then_link_and_wait_are(acme, clock, waiting, browser, mailed):
    link = mailed()
    clock.shift(timedelta(minutes=10, seconds=1))
    assert browser().post(link).status_code == 410
    assert waiting.post(STEP).url == "/login/"
    assert waiting.get(STEP).url == "/login/"
    assert not is_in(waiting)


def test_given_approval_of_the_ninth_minute_when_confirmed_in_the_eleventh_then_over(clock, waiting, browser, mailed):
    link = mailed()
    clock.shift(timedelta(minutes=9))
    browser().post(link)
    clock.shift(timedelta(minutes=2))
    assert waiting.post(STEP).url == "/login/"
    assert not is_in(waiting)


def test_given_ten_mails_in_an_hour_when_one_more_is_asked_for_then_none_leaves(clock, waiting, browser, mailed):
    for _ in range(9):
        waiting.post(f"{STEP}resend/")
    assert OutgoingMail.objects.filter(kind="sign-in-approval").count() == 10
    answer = waiting.post(f"{STEP}resend/", follow=True)
    assert "1시간 후 다시 시도해 주세요." in answer.text
    assert sign_in(browser()).status_code == 422
    assert OutgoingMail.objects.filter(kind="sign-in-approval").count() == 10
    clock.shift(timedelta(hours=1, seconds=1))
    assert sign_in(browser()).status_code == 302


def test_given_the_link_of_acme_when_pressed_at_beta_then_refused(waiting, beta, client_of, mailed):
    link = mailed()
    theirs = client_of(beta)
    assert theirs.get(link).status_code == 410
    assert theirs.post(link).status_code == 410
    assert waiting.post(STEP).status_code == 422


def test_given_the_cookie_of_a_wait_when_brought_to_beta_then_nobody_waits(waiting, beta, client_of):
    theirs = client_of(beta)
    theirs.cookies.update(waiting.cookies)
    assert theirs.get(STEP).url == "/login/"


def test_given_a_link_of_another_kind_when_used_to_approve_then_refused(waiting, browser, owner, mailed, mailoutbox):
    browser().post("/login/find-password/", {"login_id": "owner", "email": owner.user.email})
    run_jobs()
    token = re.search(r"/login/password/([\w-]+)/", mailoutbox[-1].body)[1]
    assert browser().post(f"/login/approve/{token}/").status_code == 410
    assert waiting.post(STEP).status_code == 422


def test_given_password_changed_meanwhile_when_approved_then_the_wait_is_over(waiting, browser, owner, mailed):
    owner.user.set_password(NEW)
    owner.user.save()
    browser().post(mailed())
    assert waiting.post(STEP).url == "/login/"
    assert not is_in(waiting)


def test_given_member_who_left_meanwhile_when_approved_then_refused(acme, shop, administrator, browser, mailed):
    client = browser()
    sign_in(client, login_id="admin")
    link = mailed()
    with organization_scope(acme.pk):
        remove_iam_member(organization=acme, member_id=administrator.member_id, actor=SYSTEM)
    assert browser().post(link).status_code == 410
    assert client.post(STEP).url == "/login/"


def test_given_only_a_password_when_other_pages_are_tried_then_no_session_and_no_new_password(waiting, owner):
    for path in (PAGE, "/", "/console/me/", "/console/me/password/", "/console/me/otp/", "/console/me/otp/add/"):
        assert waiting.get(path).url.startswith("/login/?next="), path
    assert waiting.post(CHANGE, {"password": NEW, "again": NEW}).url == "/login/"
    change = {"current": PASSWORD, "password": NEW, "again": NEW}
    assert waiting.post("/console/me/password/", change).url.startswith("/login/?next=")
    owner.user.refresh_from_db()
    assert owner.user.check_password(PASSWORD)
    assert not SignedInSession.objects.exists()


def test_given_an_expired_password_when_signing_in_then_it_is_changed_only_after_the_button(
    waiting, owner, browser, mailed
):
    owner.user.password_set_at = timezone.now() - timedelta(days=91)
    owner.user.save()
    client = browser()
    assert sign_in(client, next=PAGE).url.startswith(STEP)
    assert client.post(CHANGE, {"password": NEW, "again": NEW}).url == "/login/"
    sign_in(client, next=PAGE)
    browser().post(mailed())
    # when
    assert client.post(STEP, {"next": PAGE}).url == f"{CHANGE}?next=%2Fadmin%2Forganization%2F"
    # then
    assert not is_in(client)
    assert client.post(CHANGE, {"password": NEW, "again": NEW, "next": PAGE}).url == PAGE
    assert is_in(client)


def test_given_rules_that_hold_at_once_when_signing_in_then_the_factor_comes_first(acme, browser, mailed):
    choose(acme, PasswordPolicy, is_custom=True, minimum=12, starts="onLogin")
    client = browser()
    assert sign_in(client).url == STEP
    browser().post(mailed())
    assert client.post(STEP).url == CHANGE


def test_given_pressing_confirm_too_early_when_repeated_then_no_lock(waiting, browser, mailed):
    for _ in range(12):
        assert waiting.post(STEP).status_code == 422
    browser().post(mailed())
    assert waiting.post(STEP).status_code == 302


def test_given_failures_when_the_right_password_waits_then_they_still_count(acme, browser, mailed):
    client = browser()
    for _ in range(4):
        sign_in(client, "wrong!72")
    assert sign_in(client).url == STEP
    assert sign_in(client, "wrong!72").status_code == 422
    assert "로그인할 수 없습니다." in sign_in(client).text


def test_given_a_lock_meanwhile_when_approved_and_confirmed_then_no_session(waiting, browser, mailed):
    browser().post(mailed())
    for _ in range(5):
        sign_in(browser(), "wrong!72")
    assert waiting.post(STEP).url == "/login/"
    assert not is_in(waiting)


def test_given_somebody_in_when_the_other_logs_in_here_then_the_first_session_is_over(acme, browser, owner, mailed):
    choose(acme, second_factor="none")
    client = browser()
    sign_in(client)
    stolen = browser()
    stolen.cookies.update(client.cookies)
    choose(acme, second_factor="email")
    make_iam_member(acme, "lee")
    sign_in(client, login_id="lee")
    assert not is_in(client)
    assert not is_in(stolen)


def test_given_a_known_session_when_the_password_was_right_then_the_identifier_is_new(browser, mailed):
    client = browser()
    client.post("/-/language/", {"language": "en"})
    before = client.session.session_key
    sign_in(client)
    assert client.session.session_key != before
    assert "E-mail approval" in client.get(STEP).text


def test_given_a_member_with_a_device_when_they_leave_then_its_secret_goes(acme, shop, administrator):
    user = administrator.member.user
    OtpDevice.objects.create(user=user, name="폰", secret=otp.new_secret(), last_step=0)
    with organization_scope(acme.pk):
        remove_iam_member(organization=acme, member_id=administrator.member_id, actor=SYSTEM)
    assert not OtpDevice.objects.exists()


# --- Exception IPs -------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", ["email", "totp"])
def test_given_exception_range_when_coming_from_it_then_no_second_factor_A42(acme, browser, factor):
    choose(acme, second_factor=factor, excepts_addresses=True, excepted_addresses=["1.1.1.1/24", "2001:db8::/32"])
    assert sign_in(browser(REMOTE_ADDR="1.1.1.77")).url == "/"
    assert sign_in(browser(REMOTE_ADDR="2001:db8::7")).url == "/"
    outside = browser(REMOTE_ADDR="1.1.2.1")
    assert sign_in(outside).url == STEP
    assert not is_in(outside)


def test_given_exceptions_switched_off_when_coming_from_the_range_then_asked_A42(acme, browser):
    choose(acme, second_factor="totp", excepts_addresses=False, excepted_addresses=["1.1.1.1/24"])
    assert sign_in(browser(REMOTE_ADDR="1.1.1.77")).url == STEP


def test_given_second_factor_of_acme_when_at_beta_then_none(acme, beta, client_of, stranger):
    choose(acme, second_factor="email")
    assert sign_in(client_of(beta), login_id="stranger").url == "/"


def test_given_ip_acl_when_a_step_is_asked_from_elsewhere_then_403(acme, waiting, mailed):
    choose(acme, limits_addresses=True, addresses=["10.0.0.0/8"])
    for path in (STEP, f"{STEP}state/", mailed()):
        assert waiting.get(path).status_code == 403


# --- Google OTP ----------------------------------------------------------------------------------


@pytest.fixture
def device(acme, owner, clock):
    """Acme asks for OTP, and the OWNER has a device."""
    choose(acme, second_factor="totp")
    secret = otp.new_secret()
    return OtpDevice.objects.create(user=owner.user, name="폰", secret=secret, last_step=0)


def secret_on(page):
    return re.search(r'user-select-all">([A-Z2-7]{32})<', page.text)[1]


def test_given_no_device_when_signing_in_then_one_is_registered_first(acme, owner, clock, browser):
    choose(acme, second_factor="totp")
    client = browser()
    assert sign_in(client, next=PAGE).url.startswith(STEP)
    page = client.get(STEP)
    secret = secret_on(page)
    assert 'src="data:image/svg+xml' in page.text
    assert secret not in str(dict(client.session.items()))
    refused = client.post(STEP, {"code": "000000", "name": "내 폰"})
    assert refused.status_code == 422
    assert secret_on(refused) == secret
    bad_name = client.post(STEP, {"code": code_of(secret), "name": "<폰>"})
    assert "10자까지" in bad_name.text
    assert not is_in(client)
    # when
    assert client.post(STEP, {"code": code_of(secret), "name": "내 폰", "next": PAGE}).url == PAGE
    # then
    assert is_in(client)
    assert OtpDevice.objects.get(user=owner.user).name == "내 폰"
    again = browser()
    sign_in(again)
    assert "data:image" not in again.get(STEP).text
    assert again.post(STEP, {"code": code_of(secret)}).status_code == 422  # used up by the registration
    clock.shift(30)
    assert again.post(STEP, {"code": code_of(secret)}).url == "/"


def test_given_two_browsers_registering_when_one_is_first_then_the_other_cannot(acme, owner, clock, browser):
    choose(acme, second_factor="totp")
    thief, client = browser(), browser()
    sign_in(thief)
    sign_in(client)
    theirs, own = secret_on(thief.get(STEP)), secret_on(client.get(STEP))
    assert theirs != own
    client.post(STEP, {"code": code_of(own), "name": "내 폰"})
    assert thief.post(STEP, {"code": code_of(theirs), "name": "둘째"}).status_code == 422
    assert not is_in(thief)
    assert OtpDevice.objects.count() == 1


def test_given_the_code_when_entered_then_in_and_a_second_time_refused_A43(device, browser):
    client, other = browser(), browser()
    sign_in(client, next=PAGE)
    sign_in(other)
    code = code_of(device.secret)
    assert client.post(STEP, {"code": f"{code[:3]} {code[3:]}", "next": PAGE}).url == PAGE
    assert is_in(client)
    # when
    answer = other.post(STEP, {"code": code})
    # then
    assert answer.status_code == 422
    assert "코드가 일치하지 않습니다." in answer.text
    assert not is_in(other)


@pytest.mark.django_db(transaction=True)
def test_given_one_code_when_sent_by_two_browsers_at_once_then_one_session_A43(acme, browser, owner):
    choose(acme, second_factor="totp")
    device = OtpDevice.objects.create(user=owner.user, name="폰", secret=otp.new_secret(), last_step=0)
    clients = [browser(), browser()]
    for client in clients:
        sign_in(client)
    code, gate = code_of(device.secret), Barrier(2)

    def enter(client):
        gate.wait()
        try:
            return client.post(STEP, {"code": code}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(enter, clients)) == [302, 422]
    assert SignedInSession.objects.count() == 1


def test_given_wrong_codes_when_five_then_locked_told_by_mail_and_the_right_one_too_late(device, browser, mailoutbox):
    client = browser()
    sign_in(client)
    for _ in range(5):
        assert client.post(STEP, {"code": "000000"}).status_code == 422
    assert client.post(STEP, {"code": code_of(device.secret)}).url == "/login/"
    assert not is_in(client)
    assert "로그인할 수 없습니다." in sign_in(client).text
    run_jobs()
    assert [mail.to for mail in mailoutbox] == [["owner@example.com"]]
    assert results() == ["waiting", *["refused"] * 5, "locked"]


def test_given_codes_and_passwords_wrong_in_turn_when_counted_then_together_they_lock(device, browser):
    client = browser()
    for _ in range(2):
        sign_in(client, "wrong!72")
    sign_in(client)
    for _ in range(3):
        client.post(STEP, {"code": "000000"})
    assert "로그인할 수 없습니다." in sign_in(browser()).text


def test_given_many_browsers_waiting_when_each_guesses_then_the_lock_holds_for_all(device, browser):
    clients = [browser() for _ in range(4)]
    for client in clients:
        sign_in(client)
    for client in clients[:3]:
        for _ in range(2):
            client.post(STEP, {"code": "000000"})
    assert clients[3].post(STEP, {"code": code_of(device.secret)}).url == "/login/"
    assert not is_in(clients[3])


def test_given_no_lock_chosen_when_codes_are_guessed_then_each_wait_has_five_and_a_person_thirty(acme, device, browser):
    choose(acme, limits_attempts=False)
    tried = 0
    for _ in range(8):
        client = browser(REMOTE_ADDR="203.0.113.9")
        sign_in(client)
        while client.post(STEP, {"code": "000000"}, REMOTE_ADDR=f"203.0.113.{tried}").status_code == 422:
            tried += 1
    assert tried == 30


def test_given_four_wrong_codes_and_a_right_one_when_four_more_are_wrong_then_no_lock_A40(device, browser, clock):
    for _ in range(2):
        client = browser()
        sign_in(client)
        for _ in range(4):
            client.post(STEP, {"code": "000000"})
        clock.shift(30)
        assert client.post(STEP, {"code": code_of(device.secret)}).url == "/"


def test_given_a_lost_device_when_reset_then_the_next_log_in_registers_a_new_one(device, owner, browser):
    client = browser()
    sign_in(client)
    otp.reset_devices(user=owner.user, actor=SYSTEM)
    assert client.post(STEP, {"code": code_of(device.secret)}).status_code == 422
    assert not is_in(client)
    assert secret_on(client.get(STEP)) != device.secret


def test_given_a_device_of_a_namesake_at_beta_when_its_code_is_entered_then_refused(device, beta, browser, clock):
    namesake = make_iam_member(beta, "owner")
    theirs = OtpDevice.objects.create(user=namesake.user, name="폰", secret=otp.new_secret(), last_step=0)
    client = browser()
    sign_in(client)
    assert client.post(STEP, {"code": code_of(theirs.secret)}).status_code == 422
    assert not is_in(client)
