"""Reads of services, agents and groups."""

from __future__ import annotations

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from daedap.core.errors import NotFound
from daedap.core.scoping import open_scope
from daedap.organizations.models import IamMember, MemberStatus
from daedap.services.models import Agent, ContractItem, Group, Service, ServiceLanguage, ServiceState

_BY_ID = "SELECT * FROM services_service WHERE organization_id = %s AND LOWER(service_id) = %s AND state <> %s"
"""Written by hand: every page inside a service asks it, and building the queryset cost twice what running it does."""


def get_service(service_id: str) -> Service:
    """Return the service with this ID (any case) in the open organization; raise NotFound if none or terminated."""
    found = Service.objects.raw(_BY_ID, [open_scope().organization_id, service_id.lower(), ServiceState.STOPPED])
    service = next(iter(found), None)
    if service is None:
        raise NotFound
    return service


def list_all_services() -> list[Service]:
    """Return the services of the open organization, terminated ones too, by name."""
    return list(Service.objects.order_by("name"))


def has_service_in_use() -> bool:
    """Whether any service of the open organization is in use or only suspended, which is charged all the same."""
    return Service.objects.filter(state__in=(ServiceState.IN_USE, ServiceState.PAUSED)).exists()


def list_agents_of_member(member: IamMember) -> list[Agent]:
    """Return `member` as an agent of each service they work in, `service` at hand, in the order of their tabs.

    That is their own order, and the oldest service first where they chose none. Suspended services are among them.
    """
    own = Agent._base_manager.filter(member=member, removed_at__isnull=True)  # noqa: SLF001  across services
    shown = own.filter(service__state__in=(ServiceState.IN_USE, ServiceState.PAUSED))
    return list(shown.select_related("service__banner").order_by("tab_place", "service__created_at", "service_id"))


def list_services_of_member(member: IamMember) -> list[Service]:
    """Return the services in which `member` is an agent, suspended ones too, in the order of their tabs."""
    return [agent.service for agent in list_agents_of_member(member)]


def find_remembered_service(service_pk: int | None) -> Service | None:
    """Return the usable service with this row number in the open organization, else the oldest, or None without any.

    For pages outside of services, whose menus go by the service that was opened last (spec 10, section 5).
    """
    usable = Service.objects.exclude(state=ServiceState.STOPPED).annotate(is_other=~Q(pk=service_pk or 0))
    return usable.select_related("banner").order_by("is_other", "created_at", "pk").first()


def find_agent(member: IamMember, service_id: str) -> Agent | None:
    """Return `member` as an agent of the service with this ID (any case), `service` at hand, or None.

    For the doors of agents' pages, before the service's scope is open: both in one query.
    """
    agents = Agent._base_manager.filter(member=member, removed_at__isnull=True)  # noqa: SLF001  as said
    found: Agent | None = (
        agents.select_related("service")
        .filter(service__service_id__iexact=service_id)
        .exclude(service__state=ServiceState.STOPPED)
        .first()
    )
    return found


def list_agents() -> list[Agent]:
    """Return the agents of the open service, administrators first, then by name."""
    return list(
        Agent.objects.filter(removed_at__isnull=True)
        .select_related("member__user")
        .prefetch_related("groups")
        .order_by("role", "name", "pk")
    )


def has_item(code: str) -> bool:
    """Whether the contract of the open service includes the item."""
    return ContractItem.objects.filter(code=code).exists()


def count_agents(service: Service) -> int:
    """Return how many agents work in a service of the open organization."""
    return Agent._base_manager.filter(service=service, removed_at__isnull=True).count()  # noqa: SLF001  across services


def list_groups_of_agent(agent: Agent) -> list[Group]:
    """Return the groups `agent` belongs to, in the order of joining."""
    return list(Group.objects.filter(memberships__agent=agent).order_by("memberships__order", "pk"))


def list_languages() -> list[ServiceLanguage]:
    """Return the help-centre languages of the open service in display order."""
    return list(ServiceLanguage.objects.all())


def list_services_with_agents() -> list[Service]:
    """Return the services of the open organization with `agent_count`, oldest first; terminated ones are left out."""
    agents = Agent._base_manager.filter(service=OuterRef("pk"), removed_at__isnull=True).order_by()  # noqa: SLF001
    count = agents.values("service").annotate(count=Count("pk")).values("count")
    services = Service.objects.exclude(state=ServiceState.STOPPED)
    return list(services.annotate(agent_count=Coalesce(Subquery(count), 0)).order_by("created_at", "pk"))


def list_groups() -> list[Group]:
    """Return the groups of the open service by name."""
    return list(Group.objects.order_by("name"))


def get_agent(agent_id: int) -> Agent:
    """Return the agent with this row number in the open service; raise NotFound if none or removed."""
    agents = Agent.objects.select_related("member__user").prefetch_related("groups")
    agent = agents.filter(pk=agent_id, removed_at__isnull=True).first()
    if agent is None:
        raise NotFound
    return agent


def list_candidates(search: str = "", *, limit: int = 20) -> list[IamMember]:
    """Return active IAM members who are not yet agents of the open service, by name.

    `search` narrows them to those whose name, account or e-mail contains it.
    """
    already = Agent.objects.filter(removed_at__isnull=True).values("member_id")
    members = IamMember.objects.select_related("user").filter(status=MemberStatus.MEMBER).exclude(pk__in=already)
    if search:
        members = members.filter(
            Q(user__name__icontains=search) | Q(user__login_id__icontains=search) | Q(user__email__icontains=search)
        )
    return list(members.order_by("user__name", "pk")[:limit])
