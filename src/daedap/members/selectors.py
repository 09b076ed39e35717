"""Reads of member integration."""

from __future__ import annotations

from daedap.members.models import IntegrationSettings
from daedap.services.models import Service


def get_integration(service: Service) -> IntegrationSettings:
    """Return the integration settings of the open service; an unsaved row of defaults if none were saved yet."""
    found = IntegrationSettings.objects.first()
    return found or IntegrationSettings(organization_id=service.organization_id, service=service)
