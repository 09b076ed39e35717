"""A password that has to be changed before there is a session (spec 10, L2 and 4.3).

The password was right, but nobody is signed in yet: the browser's session only remembers who is waiting. So nothing
else is reachable until the password was changed, or the change postponed where that is allowed.
"""

from __future__ import annotations

import hmac
import time
from datetime import timedelta
from enum import Enum
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from daedap.accounts import sessions
from daedap.accounts.models import User
from daedap.accounts.passwords import PasswordPolicy, has_expired, list_broken_rules
from daedap.core.errors import DaedapError

WAITING_LIFETIME = timedelta(minutes=10)
_WAITING = "owed_change"


class Reason(Enum):
    """Why the password has to be changed."""

    EXPIRED = "expired"
    BREAKS_RULES = "rules"


class ChangeOwed(Exception):  # no refusal: sign-in goes on with `actions.change_owed_password`
    """The password was right, but has to be changed before the session opens."""


class ChangeOver(DaedapError):
    """Nobody is waiting here any more: sign-in starts over."""

    message = _("This took too long. Log in again.")


def find_reason(user: User, *, password: str, policy: PasswordPolicy | None) -> Reason | None:
    """Return why `password`, which was right, has to be changed now, or None. Broken rules cannot wait."""
    if policy is None:
        return None
    if policy.at_sign_in and list_broken_rules(password, policy=policy, login_id=user.login_id):
        return Reason.BREAKS_RULES
    return Reason.EXPIRED if has_expired(user, policy=policy) else None


def begin(request: HttpRequest, user: User, *, reason: Reason) -> None:
    """Remember in this browser's session that `user` owes a change."""
    sessions.start_over(request)
    request.session[_WAITING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "reason": reason.value,
        "until": time.time() + WAITING_LIFETIME.total_seconds(),
    }


def find_waiting(request: HttpRequest) -> tuple[User, Reason]:
    """Return who owes a change in this browser and why; raise ChangeOver if nobody does."""
    waiting: dict[str, Any] | None = request.session.get(_WAITING)
    user = None
    if waiting is not None and time.time() <= waiting["until"]:
        user = User.objects.filter(pk=waiting["user"], is_active=True, realm=request.realm).first()  # type: ignore[attr-defined]
    if waiting is None or user is None or not _is_same(user, waiting):
        forget(request)
        raise ChangeOver
    return user, Reason(waiting["reason"])


def lock_waiting(request: HttpRequest) -> User:
    """Return the user who owes a change, their row locked; of two forms sent at once the second finds nobody."""
    user, _reason = find_waiting(request)
    user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    if not _is_same(user, request.session[_WAITING]):
        raise ChangeOver
    return user


def may_postpone(request: HttpRequest, *, policy: PasswordPolicy | None) -> bool:
    """Whether the change can wait for one more period."""
    _user, reason = find_waiting(request)
    return reason == Reason.EXPIRED and policy is not None and policy.may_extend


def forget(request: HttpRequest) -> None:
    """Wait for nobody any more."""
    request.session.pop(_WAITING, None)


def _is_same(user: User, waiting: dict[str, Any]) -> bool:
    return hmac.compare_digest(user.get_session_auth_hash(), waiting["password"])
