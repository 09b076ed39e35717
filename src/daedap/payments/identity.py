"""The identity check before any data are entered (spec 10, 2.3). Resident numbers are never asked for."""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import PlatformMember
from daedap.core import limits
from daedap.core.crypto import keyed_hash, new_key
from daedap.core.errors import TooManyAttempts
from daedap.core.mail import queue_letter
from daedap.payments import letters
from daedap.payments.kinds import MethodKind
from daedap.payments.models import Registration
from daedap.payments.providers import IdentityRefused, Way, WindowProvider, get_provider

CODE_LIFETIME = timedelta(minutes=10)
CODE_TRIES = 5
CODES_PER_HOUR = 10
TRIES_PER_HOUR = 20
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Answer:
    """What a member entered for the check; which of it counts depends on the way."""

    code: str = ""
    business_number: str = ""
    company_name: str = ""
    representative: str = ""


def way_of(kind: MethodKind, *, provider: str) -> Way:
    """Return how this provider checks the identity for a method of this kind."""
    return get_provider(provider).ways[kind.identity]


def prepare(registration: Registration, way: Way, member: PlatformMember) -> None:
    """Begin the check: mail a code, or make a reference for the provider's window. Call inside a transaction.

    A newer code voids the older one. Raises TooManyAttempts.
    """
    if way is Way.MAILED_CODE:
        if limits.count_up("payments.identity-code", str(member.user_id), window=_HOUR) > CODES_PER_HOUR:
            raise TooManyAttempts
        code = f"{secrets.randbelow(10**6):06}"
        registration.challenge = _hash(registration, code)
        _queue_code_letter(member, code)
    elif way is Way.WINDOW:
        registration.challenge = new_key()
    registration.challenged_at = timezone.now()


def check(registration: Registration, way: Way, member: PlatformMember, answer: Answer) -> None:
    """Raise IdentityRefused, TooManyAttempts or ProviderUnavailable unless `answer` confirms the member.

    May ask the provider: not inside a transaction.
    """
    if limits.count_up("payments.identity", str(member.user_id), window=_HOUR) > TRIES_PER_HOUR:
        raise TooManyAttempts
    _CHECKS[way](registration, member, answer)


def _mailed_code(registration: Registration, member: PlatformMember, answer: Answer) -> None:
    tries = limits.count_up("payments.identity-try", registration.challenge, window=_HOUR)
    too_old = registration.challenged_at is None or timezone.now() - registration.challenged_at > CODE_LIFETIME
    if too_old or tries > CODE_TRIES:
        raise IdentityRefused(_("The code is no longer valid. Have a new one sent."), field="code")
    if not hmac.compare_digest(_hash(registration, answer.code.strip()), registration.challenge):
        raise IdentityRefused(_("The code does not match."), field="code")


def _business_number(registration: Registration, member: PlatformMember, answer: Answer) -> None:
    if _digits(answer.business_number) != _digits(member.business_number):
        raise IdentityRefused(
            _("This is not the business registration number of your membership."), field="business_number"
        )


def _business_data(registration: Registration, member: PlatformMember, answer: Answer) -> None:
    _business_number(registration, member, answer)
    for name in ("company_name", "representative"):
        if _plain(getattr(answer, name)) != _plain(getattr(member, name)):
            raise IdentityRefused(_("This differs from the verified business data."), field=name)


def _window(registration: Registration, member: PlatformMember, answer: Answer) -> None:
    provider = get_provider(registration.provider)
    if not isinstance(provider, WindowProvider):
        raise IdentityRefused
    provider.finish_identity_check(registration.challenge, mobile=_digits(member.mobile), name=member.user.name)


def _with_data(registration: Registration, member: PlatformMember, answer: Answer) -> None:
    """Nothing to show beforehand."""


_CHECKS: dict[Way, Callable[[Registration, PlatformMember, Answer], None]] = {
    Way.MAILED_CODE: _mailed_code,
    Way.BUSINESS_NUMBER: _business_number,
    Way.BUSINESS_DATA: _business_data,
    Way.WINDOW: _window,
    Way.WITH_DATA: _with_data,
}


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def _hash(registration: Registration, code: str) -> str:
    return keyed_hash(f"{registration.public_id}:{code}", purpose="payment-identity")


def _queue_code_letter(member: PlatformMember, code: str) -> None:
    user = member.user
    letter = letters.identity_code(name=user.name, code=code, language=user.language)
    queue_letter(letter, to=user.email, language=user.language, kind="payment-identity-code")
