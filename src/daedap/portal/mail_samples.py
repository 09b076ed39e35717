"""Samples of the mails of the platform site."""

from __future__ import annotations

from daedap.core.hosts import platform_url
from daedap.core.mail.samples import add_sample
from daedap.portal import letters

_BUSINESS = {"name": "김대답", "company": "(주)예스24"}


def register() -> None:
    url = platform_url(f"/signup/verify/{'x' * 43}/")
    add_sample("sign-up-verification", lambda language: letters.sign_up_verification(url=url, language=language))
    add_sample("business-verified", lambda language: letters.business_verified(**_BUSINESS, language=language))
    add_sample("business-refused", lambda language: letters.business_refused(**_BUSINESS, language=language))
    add_sample(
        "withdrawal",
        lambda language: letters.withdrawal_done(name="김대답", email="kim@example.com", language=language),
    )
