"""The second step of a platform member's sign-in: a code by mail (spec 10, 4.4 and mail E6).

The password was right, but there is no session of the user yet: the browser's session only remembers who is waiting.
"""

from __future__ import annotations

import hmac
import secrets
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from daedap.accounts import letters, limits, owed_change
from daedap.accounts.language import adopt_language
from daedap.accounts.models import User
from daedap.accounts.passwords import PasswordPolicy
from daedap.core.crypto import keyed_hash
from daedap.core.errors import DaedapError
from daedap.core.mail import queue_letter

CODE_LIFETIME = timedelta(minutes=5)
_WAITING = "second_step"


class CodeNeeded(Exception):  # no refusal: sign-in goes on with `finish`
    """The password was right and a code is on its way."""


class CodeRefused(DaedapError):
    """The code is wrong; it can be entered again."""

    field = "code"
    message = _("The code does not match.")


class CodeOver(DaedapError):
    """Nobody is waiting here, or the code expired or was tried too often: sign-in starts over."""

    message = _("The code is no longer valid. Log in again to receive a new one.")


def is_waiting(request: HttpRequest) -> bool:
    """Tell whether this browser has given a right password and owes the code."""
    return _WAITING in request.session


def begin(request: HttpRequest, user: User) -> None:
    """Mail a code to `user` and remember in this browser's session that it is awaited. A newer code voids the older."""
    code, mark = f"{secrets.randbelow(10**6):06}", secrets.token_hex(16)
    request.session.cycle_key()
    request.session[_WAITING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "mark": mark,
        "code": _hash(mark, code),
        "until": time.time() + CODE_LIFETIME.total_seconds(),
    }
    with transaction.atomic():
        letter = letters.sign_in_code(name=user.name, code=code, language=user.language)
        queue_letter(letter, to=user.email, language=user.language, kind="sign-in-code")


def finish(request: HttpRequest, *, code: str, policy: PasswordPolicy | None = None) -> User:
    """Open the session of the user who was waited for; raise CodeRefused or CodeOver.

    Raise owed_change.ChangeOwed, with no session yet, if `policy` says that the password has to be changed first.

    A wrong code counts like a wrong password, so that the lock of the ID holds for both (spec 10, 4.4).
    """
    waiting: dict[str, Any] | None = request.session.get(_WAITING)
    user = User.objects.filter(pk=waiting["user"], is_active=True).first() if waiting else None
    if waiting is None or user is None or time.time() > waiting["until"]:
        forget(request)
        raise CodeOver
    if not hmac.compare_digest(user.get_session_auth_hash(), waiting["password"]) or not limits.may_try_code(
        waiting["mark"]
    ):
        forget(request)
        raise CodeOver
    if not hmac.compare_digest(_hash(waiting["mark"], code.strip()), waiting["code"]):
        limits.count_failure(realm=user.realm, login_id=user.login_id)
        raise CodeRefused
    forget(request)
    limits.clear_failures(realm=user.realm, login_id=user.login_id)
    if owed := owed_change.find_reason(user, policy=policy):
        owed_change.begin(request, user, reason=owed)
        raise owed_change.ChangeOwed
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    adopt_language(request, user)
    return user


def forget(request: HttpRequest) -> None:
    """Wait for nobody any more."""
    request.session.pop(_WAITING, None)


def _hash(mark: str, code: str) -> str:
    return keyed_hash(f"{mark}:{code}", purpose="second-step")
