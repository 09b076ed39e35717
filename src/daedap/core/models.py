"""Rows that belong to no business noun: outgoing mail and counters of limits."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from daedap.core.crypto import EncryptedTextField


class MailStatus(models.TextChoices):
    """Where an outgoing mail stands."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class OutgoingMail(models.Model):
    """One mail on its way out. Address and content are encrypted, and emptied once it has been handed over.

    Not a tenant row: platform mail belongs to no organization. `organization_id` and `reference` say whose it is and
    what it answers (`ticket-entry:41`), for the sender to follow up.
    """

    organization_id = models.BigIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=40)
    reference = models.CharField(max_length=60, blank=True)
    message_id = models.CharField(max_length=120, unique=True)
    recipient = EncryptedTextField()
    content = EncryptedTextField()
    status = models.CharField(max_length=10, choices=MailStatus, default=MailStatus.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=MailStatus.values), name="outgoing_mail_status_known")
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="outgoing_mail_waiting", condition=~models.Q(status=MailStatus.SENT)
            ),
            models.Index(fields=["reference"], name="outgoing_mail_reference", condition=~models.Q(reference="")),
            models.Index(  # an organization is deleted with its mail
                fields=["organization_id"],
                name="outgoing_mail_organization",
                condition=models.Q(organization_id__isnull=False),
            ),
        ]


class LimitCounter(models.Model):
    """How often something happened in the current window. The key is a keyed hash: no address or ID is stored."""

    key = models.CharField(max_length=64, primary_key=True)
    window_started_at = models.DateTimeField()
    count = models.PositiveIntegerField()
