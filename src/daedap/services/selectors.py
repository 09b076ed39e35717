"""Reads of services, agents and groups."""

from __future__ import annotations

from daedap.core.errors import NotFound
from daedap.organizations.models import IamMember
from daedap.services.models import Agent, Group, Service, ServiceLanguage, ServiceState


def get_service(service_id: str) -> Service:
    """Return the service with this ID (any case) in the open organization; raise NotFound if none or terminated."""
    service = Service.objects.filter(service_id__iexact=service_id).exclude(state=ServiceState.STOPPED).first()
    if service is None:
        raise NotFound
    return service


def list_services() -> list[Service]:
    """Return the services of the open organization that are not terminated, oldest first."""
    return list(Service.objects.exclude(state=ServiceState.STOPPED).order_by("created_at", "pk"))


def list_services_of_member(member: IamMember) -> list[Service]:
    """Return the usable services in which `member` is an agent, oldest first."""
    own = Agent._base_manager.filter(member=member, removed_at__isnull=True).values("service_id")
    return list(Service.objects.filter(pk__in=own, state=ServiceState.IN_USE).order_by("created_at", "pk"))


def find_agent(member: IamMember) -> Agent | None:
    """Return `member` as an agent of the open service, or None."""
    return Agent.objects.filter(member=member, removed_at__isnull=True).first()


def list_agents() -> list[Agent]:
    """Return the agents of the open service, administrators first, then by name."""
    return list(
        Agent.objects.filter(removed_at__isnull=True)
        .select_related("member__user")
        .prefetch_related("groups")
        .order_by("role", "name", "pk")
    )


def list_groups_of_agent(agent: Agent) -> list[Group]:
    """Return the groups `agent` belongs to, in the order of joining."""
    return list(Group.objects.filter(memberships__agent=agent).order_by("memberships__order", "pk"))


def list_languages() -> list[ServiceLanguage]:
    """Return the help-centre languages of the open service in display order."""
    return list(ServiceLanguage.objects.all())
