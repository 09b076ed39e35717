"""Approving a log-in by the button in a mail (spec 10, 4.4 and mail E5).

An approval counts for the one browser that waits under its mark; the browser that presses the button is not signed in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction

from daedap.accounts.links import LinkRefused, issue_link, read_link, use_link
from daedap.accounts.models import LinkKind, MailLink, User
from daedap.audit.actions import record

LIFETIME = timedelta(minutes=10)
_KINDS = (LinkKind.APPROVE_SIGN_IN,)


def issue(user: User, *, mark: str) -> str:
    """Return the token of a link that approves the wait with this mark; older links of the wait are void."""
    return issue_link(kind=LinkKind.APPROVE_SIGN_IN, lifetime=LIFETIME, user=user, subject=mark)


def is_approved(user: User, *, mark: str) -> bool:
    """Whether any link of the wait was used."""
    used = MailLink.objects.filter(kind__in=_KINDS, user=user, subject=mark, used_at__isnull=False)
    return used.exists()


def read(token: str, *, realm: str, may_enter: Callable[[User], bool]) -> User:
    """Return whose log-in the link approves, without approving it; raise LinkRefused."""
    user = read_link(token, _KINDS, realm=realm).user
    if user is None or not may_enter(user):
        raise LinkRefused
    return user


@transaction.atomic
def approve(token: str, *, realm: str, may_enter: Callable[[User], bool], ip: str) -> User:
    """Approve the log-in that the link was mailed for; raise LinkRefused. Return whose it is."""
    read(token, realm=realm, may_enter=may_enter)
    user = use_link(token, _KINDS, realm=realm).user
    if user is None:
        raise LinkRefused
    record("accounts.sign_in_approved", actor=user.as_actor(ip), target=str(user))
    return user
