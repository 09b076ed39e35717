"""Reads of member integration."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Max
from django.utils import timezone

from daedap.audit.models import AuditEntry
from daedap.core.scoping import open_scope
from daedap.members.logins import BURST_RECORDED
from daedap.members.models import IntegrationSettings, LoginEvent, MemberSession
from daedap.members.reasons import Burst, Outcome, burst, outcome
from daedap.members.sessions import ABSOLUTE, IDLE
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


def list_bursts(*, since: datetime) -> list[Burst]:
    """Return the bursts of suspicious failures at the open service by reason, latest first."""
    recorded = AuditEntry.objects.filter(
        action=BURST_RECORDED, service_id=open_scope().service_id, created_at__gte=since
    )
    rows = recorded.values_list("facts__reason").annotate(times=Count("pk"), last_at=Max("created_at"))
    return sorted((burst(*row) for row in rows), key=lambda each: each.last_at, reverse=True)


def count_entries_by_old_key(*, since: datetime) -> int:
    """Return how many entries at the open service were signed with the organization Key before the current one."""
    return LoginEvent.objects.filter(created_at__gte=since, by_old_key=True).count()


def count_sessions() -> int:
    """Return how many members are signed in at the open service."""
    now = timezone.now()
    return MemberSession.objects.filter(last_used_at__gt=now - IDLE, created_at__gt=now - ABSOLUTE).count()
