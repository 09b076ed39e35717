"""The tickets' part of the staff shell's rail."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from daedap.core.navigation import Item, Section
from daedap.core.scoping import current_scope
from daedap.services.models import Agent
from daedap.tickets.selectors import CAP, Menu, count_menus

ICONS = {
    Menu.MY_OPEN: "progress",
    Menu.MY_HELD: "player-pause",
    Menu.MY_SOLVED: "circle-check",
    Menu.ALL: "inbox",
    Menu.UNASSIGNED: "circle-dashed",
}


def rail(request: HttpRequest) -> Section | None:
    """Return the ticket menus with their counters for an agent with the ticket permission inside a service."""
    agent: Agent | None = getattr(request, "agent", None)
    scope = current_scope()
    # An error page is drawn after the service's scope has been closed: it has no counters to show.
    if agent is None or not agent.may_tickets or scope is None or scope.service_id != agent.service_id:
        return None
    counts = count_menus(agent)
    address = reverse("tickets:list", args=[request.service.service_id])  # type: ignore[attr-defined]  # set with agent
    current = getattr(request, "menu", None)
    items = [
        Item(menu.label, f"{address}?menu={menu}", ICONS[menu], capped(counts[menu]), current=menu == current)
        for menu in Menu
    ]
    return Section(_("Tickets"), items)


def capped(count: int) -> str:
    """Return the count as the menus show it: "999+" from a thousand on (spec 50, section 7)."""
    return f"{CAP - 1}+" if count >= CAP else str(count)
