import base64
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import connection

from daedap.accounts import otp
from daedap.accounts.models import OtpDevice, User
from daedap.audit.models import AuditEntry
from daedap.core.actors import SYSTEM
from daedap.core.errors import NotFound
from daedap.core.models import OutgoingMail

NOON = "2026-11-22T03:00:00Z"


@pytest.fixture
def kim(db):
    return User.objects.create_user(realm="WopqM8euoYw89B7i", login_id="kim", name="김상담", password="Ocean!72")


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as travelled:
        yield travelled


def code_of(secret, at=None):
    """What an authenticator app shows, `at` seconds from now."""
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
    return totp.generate(int(time.time()) + (at or 0)).decode()


def register(user, name="내 폰", **more):
    secret = otp.new_secret()
    return otp.add_device(user=user, secret=secret, code=code_of(secret), name=name, actor=SYSTEM, **more)


def test_given_the_vector_of_the_rfc_when_entered_then_it_is_right(kim):
    secret = base64.b32encode(b"12345678901234567890").decode()
    OtpDevice.objects.create(user=kim, name="폰", secret=secret, last_step=-1)
    with time_machine.travel(1111111109, tick=False):  # RFC 6238, appendix B: 07081804
        assert otp.accept_code(user=kim, code="081 804")


def test_given_code_accepted_when_entered_again_within_30_seconds_then_refused_A43(kim, clock):
    device = register(kim)
    clock.shift(30)
    code = code_of(device.secret)
    assert otp.accept_code(user=kim, code=code)
    clock.shift(10)
    assert not otp.accept_code(user=kim, code=code)


def test_given_the_code_of_the_registration_when_used_to_sign_in_then_refused_A43(kim, clock):
    device = register(kim)
    assert not otp.accept_code(user=kim, code=code_of(device.secret))


@pytest.mark.django_db(transaction=True)
def test_given_one_code_when_entered_twice_at_once_then_right_once_A43(kim):
    device = register(kim)
    OtpDevice.objects.update(last_step=0)
    code, gate = code_of(device.secret), Barrier(4)

    def enter(_):
        gate.wait()
        try:
            return otp.accept_code(user=kim, code=code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [False, False, False, True]


@pytest.mark.parametrize(("seconds", "right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_given_a_clock_that_is_off_when_entered_then_one_step_is_forgiven(kim, clock, seconds, right):
    device = register(kim)
    OtpDevice.objects.update(last_step=-1)
    assert otp.accept_code(user=kim, code=code_of(device.secret, seconds)) is right


def test_given_a_newer_code_accepted_when_an_older_one_comes_then_refused(kim, clock):
    device = register(kim)
    clock.shift(60)
    assert otp.accept_code(user=kim, code=code_of(device.secret, 30))
    assert not otp.accept_code(user=kim, code=code_of(device.secret))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "\x00", "9" * 5000])
def test_given_something_that_is_no_code_when_entered_then_refused(kim, clock, code):
    register(kim)
    assert not otp.accept_code(user=kim, code=code)


def test_given_two_people_when_one_enters_the_others_code_then_refused(kim, clock):
    other = User.objects.create_user(realm="", login_id="kim", name="김상담", password="Ocean!72")
    device = register(kim)
    register(other)
    clock.shift(30)
    assert not otp.accept_code(user=other, code=code_of(device.secret))
    assert otp.accept_code(user=kim, code=code_of(device.secret))


def test_given_five_devices_when_a_sixth_is_registered_then_refused(kim, clock):
    for number in range(5):
        register(kim, f"폰 {number}")
    with pytest.raises(otp.TooManyDevices):
        register(kim)
    assert kim.otp_devices.count() == 5


def test_given_a_device_when_a_first_one_is_registered_then_refused(kim, clock):
    register(kim, is_first=True)
    with pytest.raises(otp.RegistrationOver):
        register(kim, is_first=True)
    assert kim.otp_devices.count() == 1


def test_given_one_secret_when_registered_twice_then_one_device(kim, clock):
    device = register(kim)
    clock.shift(30)
    with pytest.raises(otp.RegistrationOver):
        otp.add_device(user=kim, secret=device.secret, code=code_of(device.secret), name="둘", actor=SYSTEM)
    assert kim.otp_devices.count() == 1


def test_given_a_wrong_code_when_registering_then_no_device(kim, clock):
    with pytest.raises(otp.OtpCodeRefused):
        otp.add_device(user=kim, secret=otp.new_secret(), code="000000", name="폰", actor=SYSTEM)
    assert not OtpDevice.objects.exists()
    assert not AuditEntry._base_manager.exists()


@pytest.mark.parametrize("name", ["내 폰", "Pixel 9", "スマホ", "ひらがな", "我的手机", "1234567890", "ー々"])
def test_given_name_of_allowed_letters_when_cleaned_then_kept(name):
    assert otp.clean_device_name(f"  {name} ") == name


@pytest.mark.parametrize("name", ["", "   ", "12345678901", "폰!", "<b>", "телефон", "ㅤ", "폰\x00", "a-b", "📱"])
def test_given_other_names_when_cleaned_then_refused(name):
    with pytest.raises(otp.DeviceNameRefused):
        otp.clean_device_name(name)


def test_given_two_devices_when_deleted_then_the_last_one_stays(kim, clock):
    first, second = register(kim), register(kim, "둘째")
    otp.delete_device(user=kim, device_id=first.pk, actor=SYSTEM)
    with pytest.raises(otp.LastDeviceKept):
        otp.delete_device(user=kim, device_id=second.pk, actor=SYSTEM)
    assert otp.list_devices(kim) == [second]


def test_given_somebody_elses_device_when_deleted_then_not_found(kim, clock):
    other = User.objects.create_user(realm="", login_id="lee", name="이", password="Ocean!72")
    for _ in range(2):
        register(kim)
        theirs = register(other)
    with pytest.raises(NotFound):
        otp.delete_device(user=kim, device_id=theirs.pk, actor=SYSTEM)
    assert OtpDevice.objects.count() == 4


def test_given_a_lost_device_when_reset_then_all_are_gone_and_it_is_recorded(kim, clock):
    device = register(kim)
    register(kim, "둘째")
    clock.shift(30)
    assert otp.reset_devices(user=kim, actor=SYSTEM, organization_id=7) == 2
    assert not otp.accept_code(user=kim, code=code_of(device.secret))
    entry = AuditEntry._base_manager.latest("pk")
    assert (entry.action, entry.organization_id, entry.facts) == ("accounts.otp_reset", 7, {"devices": 2})


def test_given_a_device_when_stored_then_the_database_does_not_hold_its_secret(kim, clock):
    device = register(kim)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM accounts_otpdevice")
        stored = cursor.fetchone()[0]
    assert device.secret not in stored
    assert OtpDevice.objects.get().secret == device.secret


def test_given_a_secret_when_drawn_then_the_address_names_issuer_and_account():
    picture = otp.make_qr_code(otp.new_secret(), account="kim", issuer="주식회사: 예")
    assert picture.startswith("data:image/svg+xml")


def test_given_device_added_deleted_and_reset_when_done_then_the_person_is_told_by_mail(kim, clock):
    kim.email = "kim@example.com"
    kim.save()
    first = register(kim)
    register(kim, name="다른 폰")
    otp.delete_device(user=kim, device_id=first.pk, actor=SYSTEM)
    otp.reset_devices(user=kim, actor=SYSTEM)
    otp.reset_devices(user=kim, actor=SYSTEM)  # nothing left: nothing to tell

    mails = OutgoingMail.objects.order_by("pk")
    assert [mail.kind for mail in mails] == ["otp-device-added"] * 2 + ["otp-device-deleted", "otp-reset"]
    assert {mail.recipient for mail in mails} == {"kim@example.com"}


def test_given_refused_device_when_added_then_nobody_is_told(kim, clock):
    kim.email = "kim@example.com"
    kim.save()
    with pytest.raises(otp.OtpCodeRefused):
        otp.add_device(user=kim, secret=otp.new_secret(), code="000", name="폰", actor=SYSTEM)
    assert not OutgoingMail.objects.exists()
