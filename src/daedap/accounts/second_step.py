"""The second step of signing in, after the right password (spec 10, L2 and 4.4).

There is no session of the user yet: the browser's session only remembers who is waiting, and for what. Nothing else is
reachable until the step was taken; a password that has to be changed comes after it (see owed_change).
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from daedap.accounts import approvals, attempts, limits, mailed_codes, otp, owed_change, sessions
from daedap.accounts.language import adopt_language
from daedap.accounts.models import SignInResult, User
from daedap.accounts.policies import SignInPolicy
from daedap.core.crypto import decrypt, encrypt
from daedap.core.errors import DaedapError, TooManyAttempts
from daedap.core.requests import client_ip

WAITING_LIFETIME = timedelta(minutes=10)
_WAITING = "second_step"


class Step(Enum):
    """What is asked for."""

    CODE = "code"  # a code from a mail (E6)
    APPROVAL = "approval"  # the button in a mail (E5)
    OTP = "otp"  # a code of an authenticator app; at first, that a device is registered


class StepNeeded(Exception):  # no refusal: sign-in goes on with `finish_by_…`
    """The password was right and the step is waited for."""

    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self.step = step


class StepOver(DaedapError):
    """Nobody is waiting here, or for too long, or after too many tries: sign-in starts over."""

    message = _("This took too long. Log in again.")


class CodeRefused(DaedapError):
    """The code is wrong; it can be entered again."""

    field = "code"
    message = _("The code does not match.")


class NotApproved(DaedapError):
    """The button in the mail has not been pressed; nothing was changed and nothing counted."""

    message = _("Not approved yet. Press the button in the mail first, then Confirm here.")


class MailsUsedUp(TooManyAttempts):
    """No further mail for this account for a while."""

    message = _("Too many log-in mails were sent. Try again in an hour.")


@dataclass(frozen=True)
class Waiting:
    """Who has given the right password in this browser, and what they owe. `mark` names this wait and no other."""

    user: User
    step: Step
    mark: str
    code_hash: str
    owed: owed_change.Reason | None


def begin(request: HttpRequest, user: User, *, step: Step, owed: owed_change.Reason | None = None) -> None:
    """Remember in a fresh session that `user` owes the step; a code (E6) leaves at once. Raise MailsUsedUp.

    The mail of an approval (E5) is sent by whoever knows the site: see `approvals.issue`.
    """
    if step is not Step.OTP:
        _count_mail(user)
    sessions.start_over(request)
    mark = secrets.token_hex(16)
    lifetime = mailed_codes.LIFETIME if step is Step.CODE else WAITING_LIFETIME
    request.session[_WAITING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "step": step.value,
        "mark": mark,
        "code": mailed_codes.send(user, mark=mark) if step is Step.CODE else "",
        "owed": owed.value if owed else "",
        "until": time.time() + lifetime.total_seconds(),
    }


def find_waiting(request: HttpRequest) -> Waiting:
    """Return who is waiting in this browser; raise StepOver if nobody is any more."""
    kept: dict[str, Any] | None = request.session.get(_WAITING)
    user = None
    if kept is not None and time.time() <= kept["until"]:
        user = User.objects.filter(pk=kept["user"], is_active=True, realm=request.realm).first()  # type: ignore[attr-defined]
    if kept is None or user is None or not hmac.compare_digest(user.get_session_auth_hash(), kept["password"]):
        forget(request)
        raise StepOver
    owed = owed_change.Reason(kept["owed"]) if kept["owed"] else None
    return Waiting(user=user, step=Step(kept["step"]), mark=kept["mark"], code_hash=kept["code"], owed=owed)


def wait_on(request: HttpRequest) -> Waiting:
    """Let the wait for an approval begin anew, for another mail. Raise StepOver or MailsUsedUp."""
    waiting = find_waiting(request)
    if waiting.step is not Step.APPROVAL:
        raise StepOver
    _count_mail(waiting.user)
    until = time.time() + WAITING_LIFETIME.total_seconds()
    request.session[_WAITING] = request.session[_WAITING] | {"until": until}
    return waiting


def finish_by_code(request: HttpRequest, *, code: str, policy: SignInPolicy) -> User:
    """Sign in whoever waits, if the code of the mail or of the app is right.

    A wrong one counts like a wrong password (spec 10, 4.4). Raise CodeRefused, StepOver, TooManyAttempts while the ID
    is locked, or owed_change.ChangeOwed.
    """
    waiting = find_waiting(request)
    account = {"realm": waiting.user.realm, "login_id": waiting.user.login_id}
    if waiting.step is Step.APPROVAL or not limits.may_try_code(waiting.mark, user_id=waiting.user.pk):
        forget(request)
        raise StepOver
    attempts.begin(request, **account, policy=policy)
    if not _is_right(waiting, code):
        attempts.refuse(request, **account, policy=policy)
        raise CodeRefused
    return _finish(request, waiting, policy=policy)


def finish_by_approval(request: HttpRequest, *, policy: SignInPolicy) -> User:
    """Sign in whoever waits, once the button in the mail was pressed (A41).

    Raise NotApproved, StepOver, TooManyAttempts while the ID is locked, or owed_change.ChangeOwed.
    """
    waiting = find_waiting(request)
    if waiting.step is not Step.APPROVAL:
        raise StepOver
    _refuse_while_locked(waiting.user, policy)
    if not is_approved(waiting):
        raise NotApproved
    return _finish(request, waiting, policy=policy)


def finish_by_registration(request: HttpRequest, *, name: str, code: str, policy: SignInPolicy) -> User:
    """Register the first device of whoever waits, and sign them in.

    Raise what `otp.add_device` raises, StepOver, TooManyAttempts while the ID is locked, or owed_change.ChangeOwed.
    """
    waiting = find_waiting(request)
    if waiting.step is not Step.OTP:
        raise StepOver
    _refuse_while_locked(waiting.user, policy)
    actor = waiting.user.as_actor(client_ip(request))
    otp.add_device(user=waiting.user, secret=offer_secret(request), code=code, name=name, actor=actor, is_first=True)
    return _finish(request, waiting, policy=policy)


def is_approved(waiting: Waiting) -> bool:
    """Whether the button in the mail was pressed for this wait."""
    return approvals.is_approved(waiting.user, mark=waiting.mark)


def forget(request: HttpRequest) -> None:
    """Wait for nobody any more."""
    request.session.pop(_WAITING, None)


# --- The device that is being registered, here or by somebody signed in ---------------------------

_SECRET = "otp_secret"  # noqa: S105  a name


def offer_secret(request: HttpRequest) -> str:
    """Return the secret of the device that is being registered in this browser; the same one until it was used."""
    if _SECRET not in request.session:
        request.session[_SECRET] = encrypt(otp.new_secret())
    return decrypt(request.session[_SECRET])


def forget_secret(request: HttpRequest) -> None:
    """Let the next registration have a secret of its own."""
    request.session.pop(_SECRET, None)


def _is_right(waiting: Waiting, code: str) -> bool:
    if waiting.step is Step.OTP:
        return otp.accept_code(user=waiting.user, code=code)
    return mailed_codes.is_right(code, mark=waiting.mark, code_hash=waiting.code_hash)


def _finish(request: HttpRequest, waiting: Waiting, *, policy: SignInPolicy) -> User:
    user = waiting.user
    forget(request)
    forget_secret(request)
    limits.clear_failures(realm=user.realm, login_id=user.login_id)
    attempts.record(request, realm=user.realm, login_id=user.login_id, result=SignInResult.OK, user=user)
    if waiting.owed is not None:
        owed_change.begin(request, user, reason=waiting.owed)
        raise owed_change.ChangeOwed
    sessions.open_session(request, user, policy=policy.sessions)
    adopt_language(request, user)
    return user


def _refuse_while_locked(user: User, policy: SignInPolicy) -> None:
    left = limits.lock_left(realm=user.realm, login_id=user.login_id, lock=policy.lock)
    if policy.max_failures is not None and left:
        raise attempts.locked(left)


def _count_mail(user: User) -> None:
    if not limits.may_mail_step(user.pk):
        raise MailsUsedUp
