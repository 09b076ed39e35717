"""The mails of payments."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from daedap.core.mail import Letter


def identity_code(*, name: str, code: str, language: str) -> Letter:
    """The code that stands for an identity check where no telephone company is connected."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s] Your code for registering a payment method")
            % {"product": settings.PRODUCT_NAME},
            reason=gettext("You receive this mail because a payment method is being registered with your account."),
            greeting=gettext("Hello %(name)s,") % {"name": name},
            paragraphs=[gettext("Enter this code on the page for the payment method. It is valid for 10 minutes.")],
            facts=[(gettext("Code"), code)],
            footnotes=[gettext("If this was not you, set a new password now: somebody knows yours.")],
        )
