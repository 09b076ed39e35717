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


class Operation(models.TextChoices):
    """What was done to somebody's rights (조작내용; spec 10, 5.8)."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    ASSIGNMENT_CONTROL = "assignment_control"
    ADD_ADMINISTRATOR = "add_administrator"
    REMOVE_ADMINISTRATOR = "remove_administrator"
    CHANGE_KEY = "change_key"


class PermissionChange(models.Model):
    """One row of the permission-change log (권한 변경 로그; spec 10, 5.8). Names are those of the moment.

    Written in the transaction of the change. A trigger refuses every UPDATE, and DELETE within three years.
    """

    organization_id = models.BigIntegerField()
    service_id = models.BigIntegerField(null=True, blank=True)
    service_name = models.CharField(max_length=100, blank=True)
    operation = models.CharField(max_length=30, choices=Operation)
    operator_name = models.CharField(max_length=60, blank=True)
    operator_account = models.CharField(max_length=254, blank=True)
    target_name = models.CharField(max_length=60, blank=True)
    target_account = models.CharField(max_length=254, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    before = models.JSONField(default=list)  # codes of rights, the role first
    after = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationManager["PermissionChange"]()

    class Meta:
        indexes = [models.Index(fields=["organization_id", "-created_at", "-id"], name="permission_change_newest")]
