"""Whether a mobile number is the visitor's: a code by text message (spec 10, step 1; off without an SMS provider).

The browser's session remembers the number that waits and a keyed hash of the code. What a right code earns is a signed
*proof* for exactly this number, which the action that stores the number asks for.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from daedap.accounts import sms, texts
from daedap.accounts.models import TextStatus
from daedap.core import limits
from daedap.core.crypto import keyed_hash
from daedap.core.errors import DaedapError, TooManyAttempts
from daedap.core.requests import client_ip

LIFETIME = timedelta(minutes=3)
TRIES = 5
PAUSE = timedelta(seconds=60)
PROOF_LIFETIME = timedelta(hours=2)

MESSAGES_PER_NUMBER = 5  # an hour
MESSAGES_PER_NUMBER_AND_DAY = 10
MESSAGES_PER_ADDRESS = 20  # an hour
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

_KEY = "mobile_check"
_SALT = "daedap.mobile-check"


class CodeRefused(DaedapError):
    """The code is wrong; it can be entered again."""

    field = "code"
    message = _("The verification code does not match.")


class CodeExpired(DaedapError):
    """Nobody waits here, or for longer than three minutes; a new code is needed."""

    field = "code"
    message = _("The code has expired. Have a new one sent.")


class TriesUsedUp(DaedapError):
    """Five wrong codes; a new one is needed."""

    field = "code"
    message = _("Too many wrong codes. Have a new one sent.")


class MobileUnverified(DaedapError):
    """The number was not proved to be the member's; nothing was changed."""

    field = "mobile"
    message = _("Verify your mobile number first.")


@dataclass(frozen=True)
class Waiting:
    """A number (E.164) whose code is on its way, how many seconds until another may be sent, and where it stands."""

    number: str
    pause_seconds: int
    status: TextStatus | None

    @property
    def is_leaving(self) -> bool:
        """Whether the message has not reached the provider yet."""
        return self.status in (TextStatus.QUEUED, TextStatus.SENDING)

    @property
    def has_failed(self) -> bool:
        """Whether the provider refused the message, or nobody knows."""
        return self.status == TextStatus.FAILED


def send_code(request: HttpRequest, *, number: str) -> None:
    """Have a new code sent to `number` by a job; an older one in this browser is void. Raise TooManyAttempts."""
    _count(number, ip=client_ip(request))
    code, mark = f"{secrets.randbelow(10**6):06}", secrets.token_hex(16)
    message = texts.queue_text(number=number, text=_text(code), lifetime=LIFETIME)
    request.session[_KEY] = {
        "text": message.pk,
        "number": number,
        "mark": mark,
        "code": _hash(mark, number, code),
        "until": time.time() + LIFETIME.total_seconds(),
    }


def find_waiting(request: HttpRequest) -> Waiting | None:
    """Return whose code is waited for in this browser, also when it has expired."""
    kept = request.session.get(_KEY)
    if not kept:
        return None
    left = limits.time_left("mobile-check.pause", kept["number"], window=PAUSE)
    status = texts.status_of(kept.get("text", 0))
    return Waiting(number=kept["number"], pause_seconds=-int(-left.total_seconds() // 1), status=status)


def confirm(request: HttpRequest, *, code: str) -> str:
    """Return the proof if the code is right; raise CodeRefused, CodeExpired or TriesUsedUp."""
    kept = request.session.get(_KEY)
    if not kept or time.time() > kept["until"]:
        raise CodeExpired
    if limits.count_up("mobile-check.tries", kept["mark"], window=_HOUR) > TRIES:
        raise TriesUsedUp
    if not hmac.compare_digest(_hash(kept["mark"], kept["number"], code.strip()), kept["code"]):
        raise CodeRefused
    forget(request)
    return prove(kept["number"])


def forget(request: HttpRequest) -> None:
    """Wait for no code any more."""
    request.session.pop(_KEY, None)


def prove(number: str) -> str:
    """Return a proof for `number` (E.164) without asking: for numbers that nobody has, as in the demo."""
    return signing.dumps(number, salt=_SALT)


def proved_number(proof: str) -> str:
    """Return the number (E.164) that `proof` is for; empty if it is none, or older than two hours."""
    try:
        return str(signing.loads(proof, salt=_SALT, max_age=PROOF_LIFETIME))
    except signing.BadSignature:
        return ""


def demand_proof(number: str, *, proof: str) -> None:
    """Raise MobileUnverified unless numbers are not checked here, or `proof` is for this one."""
    if sms.is_on() and proved_number(proof) != number:
        raise MobileUnverified


def _count(number: str, *, ip: str) -> None:
    """Count one message; nobody's phone is to be bombed, whoever asks and from however many addresses."""
    if limits.count_up("mobile-check.address", limits.origin(ip), window=_HOUR) > MESSAGES_PER_ADDRESS:
        raise TooManyAttempts(_("Too many text messages were sent. Try again in an hour."), field="mobile")
    if limits.count_up("mobile-check.pause", number, window=PAUSE) > 1:
        raise TooManyAttempts(_("A new code can be sent once a minute. Please wait a moment."), field="mobile")
    if (
        limits.count_up("mobile-check.number", number, window=_HOUR) > MESSAGES_PER_NUMBER
        or limits.count_up("mobile-check.day", number, window=_DAY) > MESSAGES_PER_NUMBER_AND_DAY
    ):
        raise TooManyAttempts(_("Too many text messages were sent to this number. Try again later."), field="mobile")


def _hash(mark: str, number: str, code: str) -> str:
    return keyed_hash(f"{mark}:{number}:{code}", purpose="mobile-check")


def _text(code: str) -> str:
    # 90 bytes at most. Providers ask for a word such as "verification" in messages that hold a code.
    return gettext("[%(product)s] verification code: %(code)s") % {"product": settings.PRODUCT_NAME, "code": code}
