"""Deleting what is over: sessions of people who did not log out, and mailed links long expired."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from daedap.accounts.models import EmailChange, MailLink, SignedInSession
from daedap.accounts.policies import HARD_LIMIT

LINKS_KEPT = timedelta(days=30)
"""After their end; a sign-up that was verified by one is over long before."""


def tidy() -> None:
    """Delete rows that can have no effect any more; safe to run at any time and again."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    SignedInSession.objects.filter(created_at__lte=now - HARD_LIMIT).delete()
    MailLink.objects.filter(expires_at__lt=now - LINKS_KEPT).delete()
    EmailChange.objects.filter(expires_at__lt=now).delete()
