"""Deleting what is over: sessions of people who did not log out, mailed links long expired, old log-in records."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from daedap.accounts.models import EmailChange, MailLink, OutgoingText, SignedInSession, SignInRecord, User
from daedap.accounts.policies import HARD_LIMIT

LINKS_KEPT = timedelta(days=30)
"""After their end; a sign-up that was verified by one is over long before."""

TEXTS_KEPT = timedelta(days=1)
"""For the page that waits for the code, which lives a few minutes."""


def tidy() -> None:
    """Delete rows that can have no effect any more; safe to run at any time and again."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    SignedInSession.objects.filter(created_at__lte=now - HARD_LIMIT).delete()
    MailLink.objects.filter(expires_at__lt=now - LINKS_KEPT).delete()
    EmailChange.objects.filter(expires_at__lt=now).delete()
    OutgoingText.objects.filter(expires_at__lt=now - TEXTS_KEPT).delete()
    SignInRecord.objects.filter(created_at__lt=now - timedelta(days=settings.ACCESS_LOG_DAYS)).delete()


def delete_realm(realm: str, *, batch: int) -> None:
    """Delete everybody of a realm that is gone, with what they left here; each batch in a transaction of its own."""
    if not realm:
        raise ValueError("Platform members belong to no organization.")
    for rows in (SignInRecord.objects.filter(realm=realm), User.objects.filter(realm=realm)):
        while some := list(rows.values_list("pk", flat=True)[:batch]):
            rows.filter(pk__in=some).delete()
