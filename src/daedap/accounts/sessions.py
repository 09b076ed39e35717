"""Sessions of IAM members: how many, how long, and when they end (spec 10, 4.4). Platform members have Django's."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import SignedInSession, User
from daedap.accounts.policies import HARD_LIMIT, SessionPolicy
from daedap.core.crypto import hash_token
from daedap.core.requests import is_background, is_mobile
from daedap.core.views import CHOSEN_LANGUAGE

WRITE_INTERVAL = timedelta(minutes=1)
"""Activity is written down at most this often."""


class Ending(Enum):
    """Why a session is over that its browser may still believe in."""

    REPLACED = "replaced"
    EXPIRED = "expired"


NOTICES = {
    Ending.REPLACED: _("You were logged out because you logged in on another device."),
    Ending.EXPIRED: _("You were logged out because your session has expired."),
}
"""What the browser is told."""


@transaction.atomic
def open_session(request: HttpRequest, user: User, *, policy: SessionPolicy) -> None:
    """Sign `user` in: session identifier and anti-forgery token are renewed. The newest wins; the oldest ends (A44)."""
    forget(request)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    if user.is_platform:
        return
    if request.session.session_key is None:  # Django has emptied the session of an older password
        request.session.save()
    register(user, session_key=request.session.session_key or "", policy=policy, mobile=is_mobile(request))


@transaction.atomic
def register(user: User, *, session_key: str, policy: SessionPolicy, mobile: bool = False) -> SignedInSession:
    """Write down that `user` is signed in under `session_key`, and end the oldest ones beyond the allowed number."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)  # two sign-ins at once count each other
    now = timezone.now()
    user.signed_in_sessions.filter(created_at__lte=now - HARD_LIMIT).delete()
    newest_first = user.signed_in_sessions.filter(replaced_at=None).order_by("-created_at", "-pk")
    surplus = [row.pk for row in newest_first if now < _end(row)][policy.at_once - 1 :]
    SignedInSession.objects.filter(pk__in=surplus).update(replaced_at=now)
    return SignedInSession.objects.create(
        user=user,
        key_hash=hash_token(session_key),
        is_mobile=mobile,
        life=policy.life_mobile if mobile else policy.life_pc,
        is_fixed=policy.is_fixed,
        created_at=now,
        last_active_at=now,
    )


def find_user(request: HttpRequest, *, realm: str) -> tuple[User | None, Ending | None]:
    """Return the IAM member of `realm` who is signed in here, and note the activity; or why the session is over.

    Does what Django's `get_user` does, in the one query that also finds the session's row. What a page asks by itself
    does not count as activity (A45).
    """
    user_id = request.session.get(SESSION_KEY)
    if user_id is None:
        return None, None
    rows = SignedInSession.objects.select_related("user")
    row = rows.filter(key_hash=_key_hash(request), user_id=user_id, user__realm=realm, user__is_active=True).first()
    if row is None or not constant_time_compare(
        request.session.get(HASH_SESSION_KEY, ""), row.user.get_session_auth_hash()
    ):
        return None, None
    now = timezone.now()
    if row.replaced_at is not None:
        return None, Ending.REPLACED
    if now >= _end(row):
        return None, Ending.EXPIRED
    if now - row.last_active_at >= WRITE_INTERVAL and not is_background(request):
        SignedInSession.objects.filter(pk=row.pk).update(last_active_at=now)
    return row.user, None


def start_over(request: HttpRequest) -> None:
    """Leave whatever this browser's session held behind, but for the language, and give it a new identifier."""
    forget(request)
    chosen = request.session.get(CHOSEN_LANGUAGE)
    request.session.flush()
    if chosen:
        request.session[CHOSEN_LANGUAGE] = chosen


def forget(request: HttpRequest) -> None:
    """Strike this browser's session off; it is worth nothing from here on."""
    if request.session.session_key:
        SignedInSession.objects.filter(key_hash=_key_hash(request)).delete()


def end_sessions_of(user: User) -> None:
    """End every session of `user` at once: new password, left, removed."""
    user.signed_in_sessions.all().delete()


def end_sessions_in(realm: str) -> None:
    """End every session of everybody in the realm at once: its address changed, or it is gone."""
    SignedInSession.objects.filter(user__realm=realm).delete()


def _end(row: SignedInSession) -> datetime:
    since = row.created_at if row.is_fixed else row.last_active_at
    return min(since + row.life, row.created_at + HARD_LIMIT)


def _key_hash(request: HttpRequest) -> str:
    return hash_token(request.session.session_key or "")
