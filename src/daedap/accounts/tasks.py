"""Jobs of accounts."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from daedap.accounts import limits, texts, tidying
from daedap.accounts.actions import queue_lock_letter
from daedap.accounts.models import User
from daedap.core.jobs import job


@job(name="accounts.tell_of_lock")
def tell_of_lock(realm: str, user_id: int, minutes: int = limits.LOCK // timedelta(minutes=1)) -> None:
    """Mail the notice of a lock, if the ID belongs to anybody."""
    user = User.objects.filter(pk=user_id, realm=realm, is_active=True).first()
    if user is not None:
        queue_lock_letter(user, lock=timedelta(minutes=minutes))


@job(name="accounts.send_text", retry=None)
def send_text(text_id: int) -> None:
    """Hand one queued text message to the provider. Never tried again: its code is worth nothing soon."""
    texts.send_text(text_id)


@app.periodic(cron="29 3 * * *")
@job(name="accounts.tidy")
def tidy(timestamp: int = 0) -> None:
    """Every night: sessions and links that are over go."""
    tidying.tidy()
