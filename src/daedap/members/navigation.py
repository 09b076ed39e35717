"""What members add to the staff shell."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from daedap.core.navigation import Item, Section, is_current


def service_management(request: HttpRequest) -> Section | None:
    """Service Management → Member integration, for administrators of the open service."""
    service, agent = getattr(request, "service", None), getattr(request, "agent", None)
    if service is None or agent is None or not agent.is_administrator:
        return None
    address = reverse("members:integration", args=[service.service_id])
    item = Item(_("Member integration"), address, icon="user-check", current=is_current(request, address))
    return Section(_("Service Management"), [item])
