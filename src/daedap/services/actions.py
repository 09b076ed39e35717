"""Adding services, and who works in them. Every change of rights is recorded with it (spec 10, 5.8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from daedap.audit.actions import record, record_permission_change
from daedap.audit.models import Operation
from daedap.core import events
from daedap.core.actors import SYSTEM, Actor
from daedap.core.crypto import new_key
from daedap.core.database import violated_constraint
from daedap.core.errors import DaedapError, NotFound, PermissionRefused
from daedap.core.scoping import service_scope
from daedap.organizations.models import IamMember, MemberStatus
from daedap.organizations.rows import hold_in_use
from daedap.services.models import (
    Agent,
    EditorType,
    Group,
    GroupMembership,
    Role,
    Service,
    ServiceLanguage,
    ServiceState,
    ServiceType,
)
from daedap.services.rules import (
    ServiceTaken,
    check_editor_type,
    check_languages,
    check_name,
    check_service_id,
    check_time_zone,
    name_language,
)
from daedap.services.selectors import list_agents_of_member
from daedap.services.states import ReadOnly


class AgentRefused(DaedapError):
    """A rule of agents forbids it; `field` says which input. Nothing was changed."""

    message = _("This agent cannot be changed.")


class LastAdministrator(DaedapError):
    """A service keeps at least one administrator (spec 55, 10)."""

    code = 409
    field = "role"
    message = _("A service needs at least one administrator. Make somebody else administrator first.")


@transaction.atomic
def add_service(
    *,
    organization_id: int,
    service_id: str,
    name: str,
    actor: Actor,
    type: ServiceType = ServiceType.CONSULTATION,  # noqa: A002  the product's word
    languages: Sequence[str] = ("ko",),
    language_names: Mapping[str, str] | None = None,
    default_language: str = "ko",
    time_zone: str = "",
    editor_type: str = EditorType.HTML,
) -> Service:
    """Add a service to the open organization, with a Key and one group, to be contracted by `register_contract`.

    An issue-management service has no help-centre languages and no editor type (A56). `language_names` are display
    names by code; a language without one is shown by its own. Raise ServiceRefused naming the field; of two that
    take one ID or name at once exactly one wins. Raise NotEnabled while Online Contact is disabled, and NotFound once
    the organization was deleted. Publishes `services.service_created`.
    """
    hold_in_use(organization_id)
    check_service_id(service_id)
    name = check_name(name)
    consults = type == ServiceType.CONSULTATION
    codes = check_languages(languages, default_language, language_names) if consults else {}
    zone = check_time_zone(time_zone, default_language)
    service = _create_service(
        organization_id=organization_id,
        service_id=service_id,
        name=name,
        type=type,
        default_language=default_language,
        time_zone=zone,
        editor_type=check_editor_type(editor_type) if consults else EditorType.HTML,
    )
    owned = {"organization_id": organization_id, "service": service}
    with service_scope(organization_id, service.pk):
        ServiceLanguage.objects.bulk_create(
            ServiceLanguage(**owned, code=code, name=name_language(code, shown), order=order)
            for order, (code, shown) in enumerate(codes.items())
        )
        with translation.override(default_language if default_language in ("ko", "en") else "ko"):
            Group.objects.create(**owned, name=gettext("Default group"))
    record(
        "services.service_added",
        actor=actor,
        organization_id=organization_id,
        service_id=service.pk,
        target=str(service),
        service=service_id,
    )
    events.publish("services.service_created", service_id=service.pk, organization_id=organization_id)
    return service


def _create_service(**facts: Any) -> Service:
    try:
        with transaction.atomic():
            return Service.objects.create(**facts, key=new_key())
    except IntegrityError as error:  # somebody else was a moment faster
        constraint = violated_constraint(error)
        if constraint == "service_name_unique_in_organization":
            raise ServiceTaken(_("This service name is already in use."), field="name") from error
        if constraint == "service_id_unique_in_organization":
            raise ServiceTaken(_("This service ID is already in use."), field="service_id") from error
        raise


def _lock_service(service: Service) -> None:
    """Let changes of one service's agents follow one another, so that a last administrator stays."""
    locked = Service.objects.select_for_update(of=("self",), no_key=True).get(pk=service.pk)
    if locked.state != ServiceState.IN_USE:
        raise ReadOnly


def _find_agent(agent_id: int) -> Agent | None:
    agents = Agent.objects.select_related("member__user", "service")
    return agents.filter(pk=agent_id, removed_at=None).first()


def _get_agent(agent_id: int) -> Agent:
    agent = _find_agent(agent_id)
    if agent is None:
        raise NotFound
    return agent


def _rights(agent: Agent | None) -> list[str]:
    """Return the codes of the rights an agent has, the role first; none for nobody. Assignment control is apart."""
    if agent is None or agent.removed_at is not None:
        return []
    switches = {
        "ticket": agent.may_tickets,
        "hand_over": agent.may_hand_over,
        "access_log": agent.may_read_access_log,
        "assignment": agent.takes_tickets,
    }
    return [str(agent.role), *(code for code, on in switches.items() if on)]


def _record_rights(
    action: str, operation: Operation, *, agent: Agent, before: list[str], after: list[str], actor: Actor
) -> None:
    """Write a change of rights into the audit log and the permission-change log (spec 10, 5.8)."""
    record(
        action,
        actor=actor,
        organization_id=agent.organization_id,
        service_id=agent.service_id,
        target=str(agent),
        name=agent.name,
        before=before,
        after=after,
    )
    record_permission_change(
        operation,
        actor=actor,
        organization_id=agent.organization_id,
        service_id=agent.service_id,
        service_name=agent.service.name,
        target_name=agent.name,
        target_account=agent.member.user.login_id,
        before=before,
        after=after,
    )


@transaction.atomic
def add_agent(
    *,
    service: Service,
    member_id: int,
    role: str,
    group_ids: Collection[int],
    actor: Actor,
    may_hand_over: bool = False,
    may_read_access_log: bool = False,
) -> Agent:
    """Make an active IAM member an agent of the open service, in at least one group (spec 55, 10).

    Somebody who was an agent here before comes back under the old row, so that their history stays theirs. Raise
    AgentRefused naming the field. Publishes `services.agent_added`.
    """
    _lock_service(service)
    member = IamMember.objects.select_related("user").filter(pk=member_id, status=MemberStatus.MEMBER).first()
    if member is None:
        raise AgentRefused(_("Choose a member from the list."), field="member")
    agent = Agent.objects.select_related("service").filter(member=member).first()
    if agent is not None and agent.removed_at is None:
        raise AgentRefused(_("This member is already an agent of the service."), field="member")
    agent = agent or Agent(organization_id=service.organization_id, service=service, member=member)
    agent.member, agent.name = member, member.user.name
    agent.role = _known_role(role)
    agent.may_tickets = agent.takes_tickets = True
    agent.may_hand_over = may_hand_over
    agent.controls_assignment = False
    _set_access_log(agent, may_read_access_log, service)
    agent.removed_at = None
    agent.save()
    _set_groups(agent, group_ids)
    _record_rights("services.agent_added", Operation.ADD, agent=agent, before=[], after=_rights(agent), actor=actor)
    events.publish(
        "services.agent_added", organization_id=agent.organization_id, service_id=agent.service_id, agent_id=agent.pk
    )
    return agent


@transaction.atomic
def change_agent(
    *,
    service: Service,
    agent_id: int,
    actor: Actor,
    role: str | None = None,
    may_hand_over: bool | None = None,
    may_read_access_log: bool | None = None,
    takes_tickets: bool | None = None,
    controls_assignment: bool | None = None,
    group_ids: Collection[int] | None = None,
) -> Agent:
    """Change what is given of an agent of the open service; None leaves as is. Effective with their next request.

    Raise LastAdministrator, AgentRefused naming the field, or NotFound. Publishes `services.agent_changed`.
    """
    _lock_service(service)
    agent = _get_agent(agent_id)
    before = _rights(agent)
    if role is not None and role != agent.role:
        _keep_an_administrator(agent)
        agent.role = _known_role(role)
        if not _can_have_access_log(agent, service):
            agent.may_read_access_log = False
    if may_hand_over is not None:
        agent.may_hand_over = may_hand_over
    if may_read_access_log is not None:
        _set_access_log(agent, may_read_access_log, service)
    if takes_tickets is not None:
        agent.takes_tickets = takes_tickets
    controlled = agent.controls_assignment
    if controls_assignment is not None:
        agent.controls_assignment = controls_assignment
    agent.save(update_fields=["role", "may_hand_over", "may_read_access_log", "takes_tickets", "controls_assignment"])
    if group_ids is not None:
        _set_groups(agent, group_ids)
    after = _rights(agent)
    if before != after:
        _record_rights("services.agent_changed", Operation.CHANGE, agent=agent, before=before, after=after, actor=actor)
    if controlled != agent.controls_assignment:
        _record_rights(
            "services.assignment_control_changed",
            Operation.ASSIGNMENT_CONTROL,
            agent=agent,
            before=["assignment_control"] if controlled else [],
            after=[] if controlled else ["assignment_control"],
            actor=actor,
        )
    events.publish(
        "services.agent_changed", organization_id=agent.organization_id, service_id=agent.service_id, agent_id=agent.pk
    )
    return agent


@transaction.atomic
def remove_agent(*, service: Service, agent_id: int, actor: Actor) -> None:
    """Take an agent out of the open service. The row stays for the history, the groups are left.

    Raise LastAdministrator or NotFound. Publishes `services.agent_removed`; whoever keeps work of theirs frees it.
    """
    _lock_service(service)
    agent = _get_agent(agent_id)
    _keep_an_administrator(agent)
    _take_out(agent, actor=actor)


def _take_out(agent: Agent, *, actor: Actor) -> None:
    before = _rights(agent)
    agent.removed_at = timezone.now()
    agent.save(update_fields=["removed_at"])
    GroupMembership.objects.filter(agent=agent).delete()
    _record_rights("services.agent_removed", Operation.REMOVE, agent=agent, before=before, after=[], actor=actor)
    events.publish(
        "services.agent_removed", organization_id=agent.organization_id, service_id=agent.service_id, agent_id=agent.pk
    )


def remove_agents_of_member(*, organization_id: int, member_id: int) -> None:
    """Take somebody who left the organization out of all its services, also where they were the last administrator."""
    agents = Agent._base_manager.filter(organization_id=organization_id, member_id=member_id, removed_at=None)  # noqa: SLF001  across services
    for service_id, agent_id in list(agents.values_list("service_id", "pk")):
        with service_scope(organization_id, service_id), transaction.atomic():
            Service.objects.select_for_update(of=("self",), no_key=True).get(pk=service_id)
            agent = _find_agent(agent_id)
            if agent is not None:
                _take_out(agent, actor=SYSTEM)


@transaction.atomic
def set_own_assignment(*, member: IamMember, service: Service, takes_tickets: bool, actor: Actor) -> Agent:
    """Have an agent of the open service take tickets, or not, by their own switch (할당; spec 10, 5.11).

    Raise PermissionRefused unless assignment control is on for them (A78), NotFound if they do not work there.
    """
    agents = Agent.objects.select_for_update(of=("self",), no_key=True)
    agent = agents.filter(member=member, service=service, removed_at=None).first()
    if agent is None:
        raise NotFound
    if not agent.controls_assignment:
        raise PermissionRefused
    if agent.takes_tickets != takes_tickets:
        agent.takes_tickets = takes_tickets
        agent.save(update_fields=["takes_tickets"])
        record(
            "services.own_assignment_set",
            actor=actor,
            organization_id=agent.organization_id,
            service_id=agent.service_id,
            target=str(agent),
            takes_tickets=takes_tickets,
        )
    return agent


@transaction.atomic
def move_tab(*, member: IamMember, service: Service, to_left: bool) -> None:
    """Move a service's tab one place among the tabs of `member`, for them alone; at the end nothing happens.

    Raise NotFound if they do not work in that service.
    """
    IamMember.objects.select_for_update(of=("self",), no_key=True).get(pk=member.pk)
    agents = list_agents_of_member(member)
    here = next((place for place, agent in enumerate(agents) if agent.service_id == service.pk), None)
    if here is None:
        raise NotFound
    there = here - 1 if to_left else here + 1
    if 0 <= there < len(agents):
        agents[here], agents[there] = agents[there], agents[here]
    for place, agent in enumerate(agents):
        agent.tab_place = place
    Agent._base_manager.bulk_update(agents, ["tab_place"])  # noqa: SLF001  across services


def _can_have_access_log(agent: Agent, service: Service) -> bool:
    """Whether the viewing permission (조회 권한) may be given: in issue management not to base role agent (R5)."""
    return service.type == ServiceType.CONSULTATION or agent.is_administrator


def _set_access_log(agent: Agent, wanted: bool, service: Service) -> None:
    if wanted and not _can_have_access_log(agent, service):
        raise AgentRefused(
            _("In issue management, only administrators can see access logs."), field="may_read_access_log"
        )
    agent.may_read_access_log = wanted


def _keep_an_administrator(agent: Agent) -> None:
    others = Agent.objects.filter(role=Role.ADMINISTRATOR, removed_at=None).exclude(pk=agent.pk)
    if agent.is_administrator and not others.exists():
        raise LastAdministrator


def _known_role(role: str) -> Role:
    if role not in Role.values:
        raise AgentRefused(_("Choose a role."), field="role")
    return Role(role)


def _set_groups(agent: Agent, group_ids: Collection[int]) -> None:
    """Put the agent into exactly these groups; who joins one stands at its end."""
    wanted = {group.pk: group for group in Group.objects.filter(pk__in=group_ids)}
    if not wanted or len(wanted) != len(set(group_ids)):
        raise AgentRefused(_("Choose at least one group."), field="groups")
    memberships = GroupMembership.objects.filter(agent=agent)
    memberships.exclude(group_id__in=wanted).delete()
    present = set(memberships.values_list("group_id", flat=True))
    for pk, group in wanted.items():
        if pk in present:
            continue
        last = GroupMembership.objects.filter(group=group).order_by("-order").values_list("order", flat=True).first()
        GroupMembership.objects.create(
            organization_id=agent.organization_id,
            service_id=agent.service_id,
            group=group,
            agent=agent,
            order=(last or 0) + 1,
        )
