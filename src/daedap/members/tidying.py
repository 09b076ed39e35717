"""Deleting what is over: dead sessions, used and expired tokens, old sign-in events. Across all tenants."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from daedap.members.models import AccessToken, LoginEvent, MemberSession, UsedToken
from daedap.members.remote import access_tokens
from daedap.members.sessions import ABSOLUTE, IDLE

EVENTS_KEPT = timedelta(days=30)


def tidy() -> None:
    """Delete rows that can have no effect any more; safe to run at any time and again."""
    now = timezone.now()
    dead = Q(last_used_at__lt=now - IDLE) | Q(created_at__lt=now - ABSOLUTE)
    MemberSession._base_manager.filter(dead).delete()  # noqa: SLF001
    UsedToken._base_manager.filter(expires_at__lte=now).delete()  # noqa: SLF001
    AccessToken._base_manager.filter(created_at__lt=now - access_tokens.LIFETIME).delete()  # noqa: SLF001
    LoginEvent._base_manager.filter(created_at__lt=now - EVENTS_KEPT).delete()  # noqa: SLF001
