"""Uploaded files: stored outside the web root, found by a random ID, bound to what they belong to."""

from __future__ import annotations

from django.db import models

from daedap.core.scoping import OrganizationManager


class StoredFile(models.Model):
    """One uploaded file of an organization. `public_id` is 32 hex characters (design, public identifiers).

    An upload belongs to its `uploader` (keyed hash of the uploading session) until `bound_at`; unbound ones are purged.
    """

    public_id = models.CharField(max_length=32, unique=True, editable=False)
    organization_id = models.BigIntegerField()
    service_id = models.BigIntegerField()
    name = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200)
    uploader = models.CharField(max_length=64, blank=True)
    is_public = models.BooleanField(default=True)
    bound_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationManager["StoredFile"]()

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="stored_file_unbound", condition=models.Q(bound_at__isnull=True)),
            models.Index(  # services and organizations are deleted with their files
                fields=["organization_id", "service_id"], name="stored_file_organization"
            ),
        ]


class PlatformFile(models.Model):
    """A file of a platform member, before there is any organization: the business registration certificate."""

    public_id = models.CharField(max_length=32, unique=True, editable=False)
    name = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
