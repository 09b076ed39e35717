"""Notices of the payment provider (webhooks): taken once each, then looked at by a job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from daedap.core import jobs
from daedap.core.errors import NotFound
from daedap.payments.models import ReceivedWebhook
from daedap.payments.providers import NoticeRefused, WindowProvider, get_provider
from daedap.payments.registration import RegistrationOver, take_notice

KEPT = timedelta(days=7)
LONGEST_ID = 200


def receive(*, body: bytes, headers: Mapping[str, str]) -> None:
    """Take a notice whose signature holds; the same one again does nothing. Raises NotFound or NoticeRefused."""
    provider = get_provider()
    if not isinstance(provider, WindowProvider):
        raise NotFound
    try:
        notice = provider.read_notice(body.decode(), headers)
    except UnicodeDecodeError as error:
        raise NoticeRefused from error
    if len(notice.webhook_id) > LONGEST_ID:
        raise NoticeRefused
    with transaction.atomic():
        kept, is_new = ReceivedWebhook.objects.get_or_create(
            webhook_id=notice.webhook_id,
            defaults={"provider": provider.code, "kind": notice.kind, "subject": notice.subject},
        )
        if is_new and notice.kind:
            jobs.defer("payments.take_notice", notice_id=kept.pk)


def take(notice_id: int) -> None:
    """Act on a notice. What is not about a registration of ours is left alone. Raises ProviderUnavailable."""
    notice = ReceivedWebhook.objects.filter(pk=notice_id).first()
    if notice is None:
        return
    provider = get_provider(notice.provider)
    if not isinstance(provider, WindowProvider):
        return
    try:
        take_notice(kind=notice.kind, subject=notice.subject, provider=provider)
    except (NotFound, RegistrationOver):
        return


def tidy() -> None:
    """Forget old notices: a repeated one is refused by its time long before."""
    ReceivedWebhook.objects.filter(received_at__lt=timezone.now() - KEPT).delete()
