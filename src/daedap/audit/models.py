"""Who did what: append-only, written in the transaction of the change."""

from __future__ import annotations

from django.db import models

from daedap.core.scoping import OrganizationManager


class AuditEntry(models.Model):
    """One change worth answering for. `facts` never hold secrets, keys or contents."""

    organization_id = models.BigIntegerField(null=True, blank=True)
    service_id = models.BigIntegerField(null=True, blank=True)
    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_name = models.CharField(max_length=60, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    target = models.CharField(max_length=120, blank=True)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationManager["AuditEntry"]()

    class Meta:
        indexes = [models.Index(fields=["organization_id", "-created_at"], name="audit_by_organization")]
