"""2-step login of platform members: the choice on My Page, and Google OTP at log-in."""

import base64
import re
import time

import pytest
import time_machine
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from daedap.accounts import otp
from daedap.accounts.models import OtpDevice, PlatformMember
from daedap.core.actors import SYSTEM
from daedap.core.models import OutgoingMail
from tests.factories import PASSWORD

PAGE = "/me/second-factor/"
ADD = f"{PAGE}add/"


@pytest.fixture
def clock():
    with time_machine.travel("2026-11-22T03:00:00Z", tick=False) as travelled:
        yield travelled


@pytest.fixture
def confirmed(clock, member_client):
    """The founder's browser, in which the password was just given again."""
    member_client.post("/me/confirm/", {"password": PASSWORD})
    return member_client


def code_of(secret):
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(time.time())).decode()


def secret_on(page):
    return re.search(r'user-select-all">([A-Z2-7]{32})<', page.text)[1]


def choice(user):
    return PlatformMember.objects.get(user=user).second_factor


def log_in(browser):
    return browser.post("/login/", {"email": "founder@example.com", "password": PASSWORD, "next": "/me/"})


def is_signed_in(browser):
    return "_auth_user_id" in browser.session


def test_given_no_password_again_when_opened_or_sent_then_it_is_asked_for(member_client, founder):
    assert member_client.get(PAGE).url == "/me/confirm/?next=%2Fme%2Fsecond-factor%2F"
    for path in (PAGE, ADD, f"{PAGE}1/delete/"):
        assert member_client.post(path, {"factor": "email"}).url.startswith(
            "/me/confirm/?next=%2Fme%2Fsecond-factor%2F"
        )
    assert choice(founder) == "none"


def test_given_email_when_chosen_then_kept_and_it_can_be_switched_off(confirmed, founder):
    assert confirmed.post(PAGE, {"factor": "email"}).url == PAGE
    assert choice(founder) == "email"
    confirmed.post(PAGE, {"factor": "none"})
    assert choice(founder) == "none"
    assert confirmed.post(PAGE, {"factor": "sms"}).status_code == 422


def test_given_no_device_when_otp_is_chosen_then_one_is_registered_first(confirmed, founder):
    assert confirmed.post(PAGE, {"factor": "totp"}).url == f"{ADD}?choose=1"
    assert choice(founder) == "none"
    secret = secret_on(confirmed.get(f"{ADD}?choose=1"))
    wrong = confirmed.post(ADD, {"choose": "1", "code": "000000", "name": "폰"})
    assert wrong.status_code == 422
    assert secret_on(wrong) == secret
    assert choice(founder) == "none"
    assert confirmed.post(ADD, {"choose": "1", "code": code_of(secret), "name": "폰"}).url == PAGE
    assert choice(founder) == "totp"
    assert "폰" in confirmed.get(PAGE).text


@pytest.fixture
def device(founder, clock):
    """The founder logs in with OTP."""
    PlatformMember.objects.filter(user=founder).update(second_factor="totp")
    return OtpDevice.objects.create(user=founder, name="폰", secret=otp.new_secret(), last_step=0)


def test_given_otp_when_logging_in_then_the_code_opens_the_session_once_A43(device, platform_client, client):
    other = client.__class__(headers={"host": "localhost"})
    for browser in (platform_client, other):
        assert log_in(browser).url == "/login/code/?next=%2Fme%2F"
        assert not is_signed_in(browser)
    assert "인증 앱" in platform_client.get("/login/code/").text
    code = code_of(device.secret)
    assert platform_client.post("/login/code/", {"code": code, "next": "/me/"}).url == "/me/"
    assert is_signed_in(platform_client)
    assert other.post("/login/code/", {"code": code}).status_code == 422
    assert not is_signed_in(other)
    assert not OutgoingMail.objects.exists()


def test_given_five_wrong_codes_when_the_right_one_comes_then_locked(device, platform_client):
    log_in(platform_client)
    for _ in range(5):
        assert platform_client.post("/login/code/", {"code": "000000"}).status_code == 422
    assert platform_client.post("/login/code/", {"code": code_of(device.secret)}).url == "/login/"
    assert log_in(platform_client).status_code == 422
    assert not is_signed_in(platform_client)


def test_given_devices_reset_when_logging_in_then_a_code_comes_by_mail(device, platform_client, founder):
    otp.reset_devices(user=founder, actor=SYSTEM)
    log_in(platform_client)
    assert OutgoingMail.objects.filter(kind="sign-in-code").count() == 1
    assert not is_signed_in(platform_client)


def test_given_the_welcome_page_when_sent_again_then_it_cannot_weaken_the_choice(device, member_client, founder):
    member_client.post("/welcome/", {})
    member_client.post("/welcome/", {"two_step_login": "on"})
    assert choice(founder) == "totp"


def test_given_two_devices_when_deleted_then_asked_first_and_the_last_one_stays(device, confirmed, founder):
    second = OtpDevice.objects.create(user=founder, name="둘", secret=otp.new_secret(), last_step=0)
    page = f"{PAGE}{device.pk}/delete/"
    assert "폰" in confirmed.get(page).text
    assert confirmed.post(page).url == PAGE
    assert "하나뿐인 기기는" in confirmed.post(f"{PAGE}{second.pk}/delete/", follow=True).text
    assert OtpDevice.objects.get() == second
    assert confirmed.get(page).status_code == 404


def test_given_ten_codes_in_an_hour_when_logging_in_again_then_no_more_mail(platform_client, founder):
    PlatformMember.objects.filter(user=founder).update(second_factor="email")
    for _ in range(12):
        answer = log_in(platform_client)
    assert answer.status_code == 422
    assert OutgoingMail.objects.filter(kind="sign-in-code").count() == 10
