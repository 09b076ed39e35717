"""Reads of member integration."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count

from daedap.members.models import IntegrationSettings, LoginEvent
from daedap.members.reasons import Outcome, outcome
from daedap.services.models import Service


def get_integration(service: Service) -> IntegrationSettings:
    """Return the integration settings of the open service; an unsaved row of defaults if none were saved yet."""
    found = IntegrationSettings.objects.first()
    return found or IntegrationSettings(organization_id=service.organization_id, service=service)


def count_outcomes(*, since: datetime) -> list[Outcome]:
    """Return how entries with a token ended in the open service: members first, then reasons, most frequent first."""
    rows = LoginEvent.objects.filter(created_at__gte=since).values_list("reason").annotate(number=Count("pk"))
    return sorted((outcome(*row) for row in rows), key=lambda each: (each.reason != "", -each.count, each.reason))
