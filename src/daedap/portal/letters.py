"""What the mails of the platform site say, each in the language it is asked for."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from daedap.core.hosts import platform_url
from daedap.core.mail import Letter


def sign_up_verification(*, url: str, language: str) -> Letter:
    """Mail E1: a link that proves the address. The same for known and unknown addresses."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s] Please verify your e-mail address.") % _product(),
            reason=gettext("You receive this mail because this address was entered at sign-up."),
            paragraphs=[gettext("Press the button to verify your address, then continue where you are signing up.")],
            button_label=gettext("Verify"),
            button_url=url,
            footnotes=[
                gettext("The link works once and for 24 hours."),
                gettext("If you are not signing up yourself, ignore this mail and do not press the button."),
            ],
        )


def business_verified(*, name: str, company: str, language: str) -> Letter:
    """Mail E9: the business was approved."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s] Your business has been verified.") % _product(),
            reason=_business_reason(),
            greeting=_greeting(name),
            paragraphs=[gettext("You can now register a payment method and create organizations.")],
            facts=[(gettext("Company name"), company)],
            button_label=gettext("Payment methods"),
            button_url=platform_url("/me/payment/"),
        )


def business_refused(*, name: str, company: str, language: str) -> Letter:
    """Mail E9: the business was refused."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s] Your business could not be verified.") % _product(),
            reason=_business_reason(),
            greeting=_greeting(name),
            paragraphs=[
                gettext("What you entered does not match your certificate. Please contact the operator of this site.")
            ],
            facts=[(gettext("Company name"), company)],
        )


def withdrawal_done(*, name: str, email: str, language: str) -> Letter:
    """Mail E9: the membership has ended. The last mail to this address."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s] Your membership has ended.") % _product(),
            reason=gettext("You receive this mail because you withdrew from membership."),
            greeting=_greeting(name),
            paragraphs=[
                gettext("Your personal data and payment methods have been deleted. Thank you for having been with us.")
            ],
            facts=[(gettext("ID (e-mail)"), email)],
            footnotes=[gettext("You can sign up again with this address at any time.")],
        )


def _business_reason() -> str:
    return gettext("You receive this mail because you signed up as a business member.")


def _greeting(name: str) -> str:
    return gettext("Hello %(name)s,") % {"name": name}


def _product() -> dict[str, str]:
    return {"product": settings.PRODUCT_NAME}
