"""Jobs of payments."""

from __future__ import annotations

from procrastinate.contrib.django import app

from daedap.core.jobs import job
from daedap.payments import notices, registration
from daedap.payments.models import DiscardedToken
from daedap.payments.providers import ProviderUnavailable, get_provider


@job(name="payments.verify")
def verify(registration_id: int) -> None:
    """Verify a registered token with its provider; tried again while the provider gives no answer."""
    registration.verify(registration_id)


@job(name="payments.take_notice")
def take_notice(notice_id: int) -> None:
    """Act on a notice of the provider."""
    notices.take(notice_id)


@job(name="payments.discard_token")
def discard_token(discarded_id: int) -> None:
    """Have the provider forget a token."""
    kept = DiscardedToken.objects.filter(pk=discarded_id).first()
    if kept is not None:
        get_provider(kept.provider).discard(kept.token)
        kept.delete()


@app.periodic(cron="*/10 * * * *")
@job(name="payments.verify_waiting", retry=None)
def verify_waiting(timestamp: int = 0) -> None:
    """Every ten minutes: what still waits for the provider is tried again."""
    for registration_id in registration.list_waiting():
        try:
            registration.verify(registration_id)
        except ProviderUnavailable:
            continue


@app.periodic(cron="37 3 * * *")
@job(name="payments.tidy")
def tidy(timestamp: int = 0) -> None:
    """Every night: registrations and notices that are over go; tokens not yet forgotten are tried again."""
    registration.tidy()
    notices.tidy()
    for discarded_id in DiscardedToken.objects.values_list("pk", flat=True):
        try:
            discard_token(discarded_id)
        except ProviderUnavailable:
            continue
