"""What the Open API keeps: who may call a service, and which signatures were accepted lately (spec 40, 3)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from daedap.core.scoping import OrganizationManager, ServiceManager
from daedap.organizations.models import OrganizationOwned
from daedap.services.models import ServiceOwned


class ApiAccess(ServiceOwned):
    """Whether the Open API of a service is on, and from where it may be called (3.1, 3.7).

    A service without a row is on and open to every address; its key was made with it.
    """

    enabled = models.BooleanField(default=True)
    addresses = ArrayField(models.CharField(max_length=50), default=list, blank=True)

    objects = ServiceManager["ApiAccess"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service"], name="api_access_once")]


class UsedSignature(OrganizationOwned):
    """A signature that was accepted, and a hash of what it was accepted for (3.10). Kept until it is expired."""

    signature_hash = models.CharField(max_length=64)
    request_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationManager["UsedSignature"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "signature_hash"], name="used_signature_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="used_signature_age")]
