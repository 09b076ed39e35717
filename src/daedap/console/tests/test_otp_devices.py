import base64
import re
import time

import pytest
import time_machine
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from daedap.accounts import otp
from daedap.accounts.models import OtpDevice
from daedap.core.scoping import organization_scope
from daedap.organizations.models import LoginSecurity
from tests.factories import PASSWORD

DEVICES = "/console/me/otp/"
ADD = f"{DEVICES}add/"


@pytest.fixture
def client(acme, agent, client_of):
    with time_machine.travel("2026-11-22T03:00:00Z", tick=False):
        yield client_of(acme, agent)


def make_device(user, name="폰"):
    return OtpDevice.objects.create(user=user, name=name, secret=otp.new_secret(), last_step=0)


def form_of(client, **more):
    """The form to register a device, filled in from what the page shows."""
    secret = re.search(r'user-select-all">([A-Z2-7]{32})<', client.get(ADD).text)[1]
    code = TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(time.time())).decode()
    return {"code": code, "name": "내 폰", "current": PASSWORD} | more


def test_given_password_and_code_when_registering_then_listed(client, agent):
    form = form_of(client)
    assert client.post(ADD, form).url == DEVICES
    assert "내 폰" in client.get(DEVICES).text
    assert client.post(ADD, form).status_code == 422  # the code belongs to a key that is used
    assert OtpDevice.objects.filter(user=agent.member.user).count() == 1


def test_given_a_wrong_password_when_registering_then_no_device(client):
    answer = client.post(ADD, form_of(client, current="wrong!72"))
    assert answer.status_code == 422
    assert "wrong!72" not in answer.text
    assert not OtpDevice.objects.exists()


def test_given_five_wrong_passwords_when_registering_then_locked(client):
    for _ in range(5):
        client.post(ADD, form_of(client, current="wrong!72"))
    assert "로그인할 수 없습니다." in client.post(ADD, form_of(client)).text
    assert not OtpDevice.objects.exists()


def test_given_five_devices_when_a_sixth_is_registered_then_refused(client, agent):
    for number in range(5):
        make_device(agent.member.user, f"폰 {number}")
    assert ADD not in client.get(DEVICES).text
    assert client.post(ADD, form_of(client)).status_code == 422
    assert OtpDevice.objects.count() == 5


def test_given_two_devices_when_deleting_then_asked_first_and_the_last_one_stays(client, agent):
    first, second = make_device(agent.member.user, "하나"), make_device(agent.member.user, "둘")
    page = f"{DEVICES}{first.pk}/delete/"
    assert "하나" in client.get(page).text
    assert OtpDevice.objects.count() == 2
    assert client.post(page).url == DEVICES
    last = client.post(f"{DEVICES}{second.pk}/delete/", follow=True)
    assert "하나뿐인 기기는 삭제할 수 없습니다." in last.text
    assert OtpDevice.objects.get() == second


def test_given_a_colleagues_device_when_deleting_then_404(client, administrator):
    theirs = [make_device(administrator.member.user), make_device(administrator.member.user)]
    page = f"{DEVICES}{theirs[0].pk}/delete/"
    assert client.get(page).status_code == 404
    assert client.post(page).status_code == 404
    assert OtpDevice.objects.count() == 2


@pytest.mark.parametrize(("factor", "shown"), [("none", False), ("email", False), ("totp", True)])
def test_given_the_setting_when_personal_settings_are_opened_then_devices_are_offered_only_for_otp(
    client, acme, factor, shown
):
    with organization_scope(acme.pk):
        LoginSecurity.objects.create(organization=acme, second_factor=factor)
    assert (DEVICES in client.get("/console/me/").text) is shown
