"""Samples of the mails of accounts."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from daedap.accounts import letters
from daedap.accounts.models import SecondFactor
from daedap.core.hosts import platform_url
from daedap.core.mail.samples import add_sample

_NAME, _ID = "김대답", "kim@example.com"


def register() -> None:
    add_sample(
        "password-reset",
        lambda language: letters.password_reset(
            name=_NAME, login_id=_ID, url=_link("login/password"), place=settings.PRODUCT_NAME, language=language
        ),
    )
    add_sample("sign-in-code", lambda language: letters.sign_in_code(name=_NAME, code="027183", language=language))
    add_sample(
        "sign-in-locked",
        lambda language: letters.sign_in_locked(name=_NAME, login_id=_ID, until=timezone.now(), language=language),
    )
    account = {"name": _NAME, "login_id": _ID}
    add_sample(
        "otp-device-added",
        lambda language: letters.device_added(**account, device="내 휴대폰", language=language),
    )
    add_sample(
        "otp-device-deleted",
        lambda language: letters.device_deleted(**account, device="내 휴대폰", language=language),
    )
    add_sample("otp-reset", lambda language: letters.devices_reset(**account, language=language))
    add_sample(
        "second-factor-changed",
        lambda language: letters.second_factor_changed(**account, factor=SecondFactor.TOTP, language=language),
    )
    add_sample(
        "email-change",
        lambda language: letters.email_change(
            name=_NAME, email="new@example.com", url=_link("email"), language=language
        ),
    )
    add_sample(
        "email-changed",
        lambda language: letters.email_changed(name=_NAME, old=_ID, new="new@example.com", language=language),
    )


def _link(path: str) -> str:
    return platform_url(f"/{path}/{'x' * 43}/")
