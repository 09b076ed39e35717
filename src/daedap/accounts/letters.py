"""What the mails of accounts say, each in the language it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext

from daedap.accounts.models import SecondFactor
from daedap.core.mail import Letter


def password_reset(*, name: str, login_id: str, url: str, place: str, language: str) -> Letter:
    """Mail E4: a link to a new password. `place` is the name of the site the account is for."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(place)s] Set a new password") % {"place": place},
            reason=gettext("You receive this mail because a new password was requested for your account."),
            greeting=_greeting(name),
            paragraphs=[gettext("Press the button and enter your new password. The link is valid for 30 minutes.")],
            facts=[(gettext("Account"), login_id)],
            button_label=gettext("Set password"),
            button_url=url,
            footnotes=[gettext("If you did not request this, ignore this mail. Your password stays as it is.")],
        )


def sign_in_code(*, name: str, code: str, language: str) -> Letter:
    """Mail E6: the code of 2-step login."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(place)s] Your log-in code") % {"place": settings.PRODUCT_NAME},
            reason=gettext("You receive this mail because your password was just used to log in."),
            greeting=_greeting(name),
            paragraphs=[gettext("Enter this code on the log-in page. It is valid for 5 minutes.")],
            facts=[(gettext("Code"), code)],
            footnotes=[gettext("If this was not you, set a new password now: somebody knows yours.")],
        )


def sign_in_locked(*, name: str, login_id: str, until: datetime, language: str) -> Letter:
    """Mail E7: the ID is locked, and until when."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(place)s] Log-in was locked") % {"place": settings.PRODUCT_NAME},
            reason=gettext(
                "You receive this mail because somebody entered a wrong password for your account repeatedly."
            ),
            greeting=_greeting(name),
            paragraphs=[
                gettext("You can log in again from %(time)s. To log in sooner, use Find password.")
                % {"time": f"{timezone.localtime(until):%Y-%m-%d %H:%M %Z}"}
            ],
            facts=[(gettext("Account"), login_id)],
            footnotes=[gettext("If this was not you, nobody got in. We recommend that you choose a new password.")],
        )


def device_added(*, name: str, login_id: str, device: str, language: str) -> Letter:
    """A device can show log-in codes for the account now."""
    with translation.override(language):
        return _second_step(
            gettext("[%(place)s] A device for 2-step login was registered.") % {"place": settings.PRODUCT_NAME},
            gettext("From now on this device shows log-in codes for your account."),
            name=name,
            login_id=login_id,
            facts=[(gettext("Device"), device)],
        )


def device_deleted(*, name: str, login_id: str, device: str, language: str) -> Letter:
    """A device shows no log-in codes for the account any more."""
    with translation.override(language):
        return _second_step(
            gettext("[%(place)s] A device for 2-step login was deleted.") % {"place": settings.PRODUCT_NAME},
            gettext("The codes of this device do not work any more."),
            name=name,
            login_id=login_id,
            facts=[(gettext("Device"), device)],
        )


def devices_reset(*, name: str, login_id: str, language: str) -> Letter:
    """An administrator made the account forget all its devices."""
    with translation.override(language):
        return _second_step(
            gettext("[%(place)s] Your 2-step login was reset.") % {"place": settings.PRODUCT_NAME},
            gettext(
                "An administrator deleted all devices of your account. The page of your next log-in says what to do."
            ),
            name=name,
            login_id=login_id,
        )


def second_factor_changed(*, name: str, login_id: str, factor: SecondFactor, language: str) -> Letter:
    """A platform member logs in another way."""
    with translation.override(language):
        return _second_step(
            gettext("[%(place)s] Your 2-step login was changed.") % {"place": settings.PRODUCT_NAME},
            gettext("This applies from your next log-in."),
            name=name,
            login_id=login_id,
            facts=[(gettext("2-step login"), str(factor.label))],
        )


def _second_step(
    subject: str, sentence: str, *, name: str, login_id: str, facts: Sequence[tuple[str, str]] = ()
) -> Letter:
    return Letter(
        subject=subject,
        reason=gettext("You receive this mail because the 2-step login of your account was changed."),
        greeting=_greeting(name),
        paragraphs=[sentence],
        facts=[
            (gettext("Account"), login_id),
            *facts,
            (gettext("Time"), f"{timezone.localtime():%Y-%m-%d %H:%M %Z}"),
        ],
        footnotes=[gettext("If you know nothing of this, choose a new password and tell your administrator at once.")],
    )


def email_change(*, name: str, email: str, url: str, language: str) -> Letter:
    """To the new address: a link that makes it the member's ID."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(place)s] Please confirm your new e-mail address.") % {"place": settings.PRODUCT_NAME},
            reason=gettext("You receive this mail because a member entered this address as their new ID."),
            greeting=_greeting(name),
            paragraphs=[gettext("Press the button to change your ID. Until then you log in with the old address.")],
            facts=[(gettext("New ID (e-mail)"), email)],
            button_label=gettext("Confirm"),
            button_url=url,
            footnotes=[
                gettext("The link works once and for 24 hours."),
                gettext("If you did not ask for this, ignore this mail and do not press the button."),
            ],
        )


def email_changed(*, name: str, old: str, new: str, language: str) -> Letter:
    """To the old address: the ID is another one now."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(place)s] Your e-mail address was changed.") % {"place": settings.PRODUCT_NAME},
            reason=gettext("You receive this mail because this was the e-mail address of your account."),
            greeting=_greeting(name),
            paragraphs=[gettext("From now on you log in with the new address. All other devices were logged out.")],
            facts=[(gettext("Old ID (e-mail)"), old), (gettext("New ID (e-mail)"), new)],
            footnotes=[gettext("If this was not you, contact the operator of this site at once.")],
        )


def _greeting(name: str) -> str:
    return gettext("Hello %(name)s,") % {"name": name}
