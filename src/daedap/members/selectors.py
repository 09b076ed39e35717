"""Reads of member integration."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count

from daedap.core.scoping import open_scope
from daedap.members.models import IntegrationSettings, LoginEvent
from daedap.members.reasons import Outcome, outcome
from daedap.services.models import Service

_OF_SERVICE = "SELECT * FROM members_integrationsettings WHERE service_id = %s"
"""Written by hand: every help-centre page asks it, and building the queryset cost twice what running it does."""


def get_integration(service: Service) -> IntegrationSettings:
    """Return the integration settings of the open service; an unsaved row of defaults if none were saved yet."""
    rows = IntegrationSettings.objects.raw(_OF_SERVICE, [open_scope().service_id])
    found = next(iter(rows), None)
    return found or IntegrationSettings(organization_id=service.organization_id, service=service)


def count_outcomes(*, since: datetime) -> list[Outcome]:
    """Return how entries with a token ended in the open service: members first, then reasons, most frequent first."""
    rows = LoginEvent.objects.filter(created_at__gte=since).values_list("reason").annotate(number=Count("pk"))
    return sorted((outcome(*row) for row in rows), key=lambda each: (each.reason != "", -each.count, each.reason))
