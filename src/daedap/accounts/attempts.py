"""One attempt at signing in: what holds it up, and what its end leaves behind (spec 10, 4.4 and L5)."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from django.http import HttpRequest
from django.utils.translation import ngettext

from daedap.accounts import limits
from daedap.accounts.models import SignInRecord, SignInResult, User
from daedap.accounts.policies import SignInPolicy
from daedap.core import jobs
from daedap.core.errors import TooManyAttempts
from daedap.core.requests import client_ip, user_agent


def begin(request: HttpRequest, *, realm: str, login_id: str, policy: SignInPolicy) -> None:
    """Count an attempt as a failure until it ends well; raise TooManyAttempts while ID or address are held up."""
    left = limits.ip_pause(client_ip(request)) or limits.begin_attempt(
        realm=realm, login_id=login_id, max_failures=policy.max_failures, lock=policy.lock
    )
    if left:
        record(request, realm=realm, login_id=login_id, result=SignInResult.LOCKED)
        raise locked(left)


def refuse(request: HttpRequest, *, realm: str, login_id: str, policy: SignInPolicy) -> None:
    """Let an attempt that was begun fail: after too many the ID is locked, and its owner told by mail (E7)."""
    limits.count_ip_failure(client_ip(request))
    fail(realm=realm, login_id=login_id, policy=policy)
    record(request, realm=realm, login_id=login_id, result=SignInResult.REFUSED)


def fail(*, realm: str, login_id: str, policy: SignInPolicy) -> None:
    """Lock the ID if this was one failure too many."""
    if limits.end_failed_attempt(realm=realm, login_id=login_id, max_failures=policy.max_failures, lock=policy.lock):
        # Also for an ID that nobody has, so that both take equally long.
        jobs.defer(
            "accounts.tell_of_lock",
            realm=realm,
            user_id=_find_id(realm=realm, login_id=login_id),
            minutes=policy.lock // timedelta(minutes=1),
        )


def record(request: HttpRequest, *, realm: str, login_id: str, result: SignInResult, user: User | None = None) -> None:
    """Write the attempt down."""
    SignInRecord.objects.create(
        realm=realm,
        login_id=login_id.strip().lower().replace("\x00", "")[:64],
        user=user,
        result=result,
        ip=client_ip(request) or None,
        user_agent=user_agent(request),
    )


def locked(left: timedelta) -> TooManyAttempts:
    """Return the refusal for as long as `left`."""
    minutes = max(1, ceil(left.total_seconds() / 60))
    return TooManyAttempts(
        ngettext(
            "Too many log-in attempts. You cannot log in for %(minutes)d minute.",
            "Too many log-in attempts. You cannot log in for %(minutes)d minutes.",
            minutes,
        )
        % {"minutes": minutes}
    )


def _find_id(*, realm: str, login_id: str) -> int:
    found = User.objects.filter(realm=realm, login_id=login_id.strip().lower(), is_active=True)
    return found.values_list("pk", flat=True).first() or 0
