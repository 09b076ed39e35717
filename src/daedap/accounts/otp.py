"""Google OTP: the devices of a person and their time-based codes (spec 10, 4.4; RFC 6238).

Six digits, 30 seconds, one step of tolerance to either side; a code, and every older one, is worth nothing once it was
accepted. Up to five devices, of which the last cannot be deleted, only reset by an administrator.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import time
import unicodedata

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts import letters
from daedap.accounts.models import OtpDevice, User
from daedap.audit.actions import record
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError, NotFound
from daedap.core.mail import queue_letter

DIGITS = 6
STEP_SECONDS = 30
TOLERANCE = 1  # steps, before and after
MOST_DEVICES = 5
LONGEST_NAME = 10

_SECRET_BYTES = 20
_NAME = re.compile(
    r"[가-힣ㄱ-ㅎㅏ-ㅣA-Za-z0-9 "
    r"\u3041-\u3096\u30a1-\u30fa\u30fc"  # kana
    r"\u3005\u3400-\u4dbf\u4e00-\u9fff]+"  # Chinese characters
)


class OtpCodeRefused(DaedapError):
    """The code is wrong, too old or was used before. Nothing was changed."""

    field = "code"
    message = _("The code does not match. Enter the newest code of the app.")


class DeviceNameRefused(DaedapError):
    """The name has other characters than are allowed, too many, or none."""

    field = "name"
    message = _("Enter up to 10 letters (Korean, English, Japanese, Chinese), digits or spaces.")


class TooManyDevices(DaedapError):
    """Five devices are there already."""

    message = _("You can register up to 5 devices. Delete one first.")


class LastDeviceKept(DaedapError):
    """The only device cannot be deleted."""

    message = _("The only device cannot be deleted. Register another one first.")


class RegistrationOver(DaedapError):
    """This registration is worth nothing any more: it was completed, here or elsewhere."""

    message = _("This registration is over. Start again.")


def new_secret() -> str:
    """Return the random secret of a device to be, as apps take it: 32 characters of Base32."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def make_qr_code(secret: str, *, account: str, issuer: str) -> str:
    """Return what an app scans to learn `secret`: a picture as a `data:` address. Keep it in no cache."""
    address = _totp(secret).get_provisioning_uri(account, issuer.replace(":", " "))
    return str(segno.make(address, error="m").svg_data_uri(scale=4, border=4, light="#fff"))


def list_devices(user: User) -> list[OtpDevice]:
    """Return the person's devices, oldest first."""
    return list(OtpDevice.objects.filter(user=user).order_by("pk"))


def has_device(user: User) -> bool:
    """Whether the person has registered any device."""
    return OtpDevice.objects.filter(user=user).exists()


@transaction.atomic
def accept_code(*, user: User, code: str) -> bool:
    """Tell whether `code` is right for one of the devices, and use it up. Of two at once one is right (A43)."""
    for device in OtpDevice.objects.select_for_update(of=("self",), no_key=True).filter(user=user).order_by("pk"):
        step = _find_step(device.secret, code, after=device.last_step)
        if step is not None:
            device.last_step, device.last_used_at = step, timezone.now()
            device.save(update_fields=["last_step", "last_used_at"])
            return True
    return False


@transaction.atomic
def add_device(*, user: User, secret: str, code: str, name: str, actor: Actor, is_first: bool = False) -> OtpDevice:
    """Register the device that shows `code` for `secret`; the code is used up by it. The person hears of it by mail.

    `is_first`: only as long as there is no other, for whoever has shown no more than a password. Raise
    RegistrationOver, TooManyDevices, DeviceNameRefused or OtpCodeRefused.
    """
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    devices = list_devices(user)
    if (is_first and devices) or any(hmac.compare_digest(device.secret, secret) for device in devices):
        raise RegistrationOver
    if len(devices) >= MOST_DEVICES:
        raise TooManyDevices
    name = clean_device_name(name)
    step = _find_step(secret, code, after=-1)
    if step is None:
        raise OtpCodeRefused
    device = OtpDevice.objects.create(user=user, name=name, secret=secret, last_step=step)
    record("accounts.otp_device_added", actor=actor, target=str(user), device=name)
    letter = letters.device_added(**_account(user), device=name)
    queue_letter(letter, to=user.email, language=user.language, kind="otp-device-added")
    return device


@transaction.atomic
def delete_device(*, user: User, device_id: int, actor: Actor) -> OtpDevice:
    """Delete one of the person's own devices; raise NotFound, or LastDeviceKept while there is only this one."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    devices = list_devices(user)
    device = next((device for device in devices if device.pk == device_id), None)
    if device is None:
        raise NotFound
    if len(devices) < 2:
        raise LastDeviceKept
    OtpDevice.objects.filter(pk=device.pk).delete()
    record("accounts.otp_device_deleted", actor=actor, target=str(user), device=device.name)
    letter = letters.device_deleted(**_account(user), device=device.name)
    queue_letter(letter, to=user.email, language=user.language, kind="otp-device-deleted")
    return device


@transaction.atomic
def reset_devices(*, user: User, actor: Actor, organization_id: int | None = None) -> int:
    """Forget all devices of somebody who lost theirs; their next sign-in registers a new one. Return how many."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    count, _by_model = OtpDevice.objects.filter(user=user).delete()
    record("accounts.otp_reset", actor=actor, target=str(user), organization_id=organization_id, devices=count)
    if count:
        letter = letters.devices_reset(**_account(user))
        queue_letter(letter, to=user.email, language=user.language, kind="otp-reset")
    return count


def _account(user: User) -> dict[str, str]:
    return {"name": user.name, "login_id": user.login_id, "language": user.language}


def clean_device_name(name: str) -> str:
    """Return the name on one line and in one spelling; raise DeviceNameRefused."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise DeviceNameRefused
    return name


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  what authenticator apps know


def _find_step(secret: str, code: str, *, after: int) -> int | None:
    """Return the step of time whose code this is, if it is about now and later than the step `after`."""
    typed = re.sub(r"\s", "", code).encode()
    now, totp, found = int(time.time()) // STEP_SECONDS, _totp(secret), None
    for step in range(now - TOLERANCE, now + TOLERANCE + 1):
        if hmac.compare_digest(totp.generate(step * STEP_SECONDS), typed) and step > after:
            found = step
    return found
