"""Sessions of members: signed-in browsers of one service, kept apart from those of staff (spec 20, section 10).

Everything here works inside the service's scope. A session of another service, of another organization or of a time
before the organization Key was changed is no session.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from daedap.core.crypto import hash_token, new_token
from daedap.members.models import AccessToken, LoginType, Member, MemberSession
from daedap.organizations.models import Organization
from daedap.services.access import CustomerRequest
from daedap.services.models import Service

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
WRITE_EVERY = timedelta(minutes=1)
"""How often at most the time of last use is written; a session may therefore end that much early."""

logger = logging.getLogger(__name__)


class TakesCookies(Protocol):
    """A response of Django or of Starlette."""

    @property
    def set_cookie(self) -> Callable[..., None]: ...


# --- the cookie ------------------------------------------------------------------------------------------------


def cookie_name() -> str:
    """Return the cookie's name; browsers take the `__Secure-` prefix over https only."""
    return "__Secure-hcsid" if settings.SECURE else "hcsid"


def set_help_centre_cookie(
    response: TakesCookies, service: Service, name: str, value: str, *, max_age: int | None = None
) -> None:
    """Give the browser a cookie that only this service's pages get; `max_age` None lasts until it is closed."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=f"/{service.service_id}/",
        secure=settings.SECURE,
        httponly=True,
        samesite="lax",
    )


def set_session_cookie(response: TakesCookies, service: Service, secret: str) -> None:
    """Give the browser its session."""
    set_help_centre_cookie(response, service, cookie_name(), secret)


def remove_session_cookie(response: TakesCookies, service: Service) -> None:
    """Make the browser forget its session."""
    set_help_centre_cookie(response, service, cookie_name(), "", max_age=0)


# --- reading ---------------------------------------------------------------------------------------------------


def find_session(secret: str, organization: Organization) -> MemberSession | None:
    """Return the live session behind a cookie's value, or None."""
    if not secret:
        return None
    session = MemberSession.objects.select_related("member").filter(token_hash=hash_token(secret)).first()
    return session if session is not None and _is_live(session, organization, timezone.now()) else None


def _is_live(session: MemberSession, organization: Organization, now: datetime) -> bool:
    cut = organization.key_cut_at
    return (
        now - session.last_used_at < IDLE
        and now - session.created_at < ABSOLUTE
        and (cut is None or session.created_at > cut)  # example 37, also before the clean-up job has run
    )


def current_session(request: CustomerRequest) -> MemberSession | None:
    """Return the visitor's session, or None for a guest. Looked up once per request; counts as use of the session."""
    if not hasattr(request, "member_session"):
        session = find_session(request.COOKIES.get(cookie_name(), ""), request.organization)
        if session is not None:
            _touch(session)
        request.member_session = session  # type: ignore[attr-defined]
    found: MemberSession | None = request.member_session  # type: ignore[attr-defined]
    return found


def _touch(session: MemberSession) -> None:
    now = timezone.now()
    if now - session.last_used_at >= WRITE_EVERY:
        session.last_used_at = now
        MemberSession.objects.filter(pk=session.pk).update(last_used_at=now)


def current_member(request: CustomerRequest) -> Member | None:
    """Return the member who is signed in on this help centre, or None for a guest."""
    session = current_session(request)
    return session.member if session is not None else None


# --- writing ---------------------------------------------------------------------------------------------------


def open_session(*, service: Service, member: Member, login_type: LoginType) -> str:
    """Open a new session and return the cookie's value, which is stored nowhere."""
    secret = new_token()
    MemberSession.objects.create(
        organization_id=service.organization_id,
        service=service,
        token_hash=hash_token(secret),
        member=member,
        login_type=login_type,
        last_used_at=timezone.now(),
    )
    return secret


def end_session_of(secret: str, *, cause: str) -> bool:
    """End the session behind a cookie's value, live or not; say whether there was one."""
    return bool(secret) and _end(MemberSession.objects.filter(token_hash=hash_token(secret)), cause) > 0


def end_session(request: CustomerRequest, response: TakesCookies, *, cause: str = "logout") -> None:
    """End the visitor's session, for example at log-out; a guest stays a guest."""
    end_session_of(request.COOKIES.get(cookie_name(), ""), cause=cause)
    remove_session_cookie(response, request.service)
    request.member_session = None  # type: ignore[attr-defined]


def end_all_sessions(service: Service, *, cause: str) -> int:
    """End every member session of a service and return how many there were (spec 20, 2.4); access tokens go too."""
    AccessToken.objects.filter(service=service).delete()
    return _end(MemberSession.objects.filter(service=service), cause)


def end_sessions_of_organization(organization_id: int, *, before: datetime, cause: str) -> int:
    """End every member session of an organization opened until `before`; needs no scope (spec 20, section 3).

    Access tokens from before go too.
    """
    AccessToken._base_manager.filter(organization_id=organization_id, created_at__lte=before).delete()  # noqa: SLF001
    sessions = MemberSession._base_manager.filter(organization_id=organization_id, created_at__lte=before)  # noqa: SLF001
    return _end(sessions, cause)


def _end(sessions: QuerySet[MemberSession], cause: str) -> int:
    ended, _ = sessions.delete()
    if ended:
        logger.info("member.session.end", extra={"cause": cause, "sessions": ended})
    return ended
