"""What help centres add to the staff shell."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from daedap.core.navigation import Item, Section, is_current
from daedap.services.models import ServiceType


def service_management(request: HttpRequest) -> Section | None:
    """Service Management → Composition, for administrators of the open service if it has a help centre."""
    service, agent = getattr(request, "service", None), getattr(request, "agent", None)
    if service is None or agent is None or not agent.is_administrator or service.type != ServiceType.CONSULTATION:
        return None
    address = reverse("helpcenter_admin:composition", args=[service.service_id])
    item = Item(_("Help-centre composition"), address, icon="template", current=is_current(request, address))
    return Section(_("Service Management"), [item])
