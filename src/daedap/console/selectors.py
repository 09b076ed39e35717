"""Where people start."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from daedap.services.models import Service


def service_home(service: Service, *, works: bool = True) -> str:
    """Return the first page of a service: its tickets for those who work there, its agents for others."""
    name = "tickets:list" if works else "services:agents"
    try:
        return reverse(name, args=[service.service_id])
    except NoReverseMatch:
        return reverse("services:agents", args=[service.service_id])
