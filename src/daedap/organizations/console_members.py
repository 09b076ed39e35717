"""Platform members in the console of an organization: who has which role, and giving it (spec 10, 2.3 and 7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import PLATFORM, User
from daedap.audit.actions import record
from daedap.core import events, limits
from daedap.core.actors import Actor
from daedap.core.database import violated_constraint
from daedap.core.errors import NotFound, PermissionRefused, TooManyAttempts
from daedap.organizations.errors import ConsoleMemberRefused, CreatorKept
from daedap.organizations.letters import queue_added_mail
from daedap.organizations.models import ConsoleMember, ConsoleRole, Organization
from daedap.organizations.rows import lock_organization

_all = ConsoleMember._base_manager  # noqa: SLF001  whoever opens the console is looked up before any scope is open

MANAGERS = frozenset({ConsoleRole.OWNER, ConsoleRole.ADMIN, ConsoleRole.ORG_MEMBER_ADMIN})
"""Who manages members."""

ADDED_PER_HOUR = 20
"""How many people one member may try to add, found or not."""

_RANKS = {ConsoleRole.OWNER: 3, ConsoleRole.ADMIN: 2, ConsoleRole.ORG_MEMBER_ADMIN: 1}
"""Nobody gives a role above their own, or touches somebody who has one."""


@dataclass(frozen=True)
class Person:
    """One platform member of an organization's console. `id` is the row's; None for the creator, who has none."""

    id: int | None
    user: User
    role: ConsoleRole
    since: datetime


# --- Reads ---------------------------------------------------------------------------------------


def find_role(organization: Organization, user: User) -> ConsoleRole | None:
    """Return what `user` is in the console of `organization`: the creator always OWNER, a stranger None."""
    if organization.creator_id == user.pk:
        return ConsoleRole.OWNER
    role = _all.filter(organization=organization, user=user).values_list("role", flat=True).first()
    return ConsoleRole(role) if role else None


def get_organization(*, user: User, public_id: str) -> tuple[Organization, ConsoleRole]:
    """Return the organization and the role of `user` in its console; raise NotFound for whoever has none."""
    organization = Organization.objects.filter(public_id=public_id).first()
    role = find_role(organization, user) if organization else None
    if organization is None or role is None:
        raise NotFound
    return organization, role


def list_organizations(*, user: User) -> list[Organization]:
    """Return the organizations whose console `user` may open, oldest first."""
    joined = _all.filter(user=user).values("organization_id")
    return list(Organization.objects.filter(Q(creator=user) | Q(pk__in=joined)).order_by("created_at", "pk"))


def list_people(organization: Organization, *, search: str = "") -> list[Person]:
    """Return the creator and then the others by name; those whose name or e-mail contains `search`."""
    creator = organization.creator
    rows = ConsoleMember.objects.select_related("user").order_by("user__name", "pk")
    people = [Person(None, creator, ConsoleRole.OWNER, organization.created_at)]
    people += [Person(row.pk, row.user, ConsoleRole(row.role), row.created_at) for row in rows]
    wanted = search.strip().casefold()
    return [person for person in people if wanted in f"{person.user.name}\n{person.user.email}".casefold()]


def roles_given_by(role: ConsoleRole) -> list[ConsoleRole]:
    """Return the roles that somebody with `role` may give, highest first; none for who manages no members."""
    if role not in MANAGERS:
        return []
    return [other for other in ConsoleRole if _rank(other) <= _rank(role)]


# --- Changes -------------------------------------------------------------------------------------


def add_console_member(*, organization: Organization, email: str, role: str, by: User, actor: Actor) -> ConsoleMember:
    """Add a platform member by ID (e-mail); they are told by mail and need no payment method (A9).

    Raises ConsoleMemberRefused if nobody has this ID or they are in already, PermissionRefused for a role above the
    giver's own, TooManyAttempts after twenty an hour: the answer says who has an account.
    """
    # Outside of the transaction, which a refusal undoes.
    if limits.count_up("console-member.added", str(by.pk), window=timedelta(hours=1)) > ADDED_PER_HOUR:
        raise TooManyAttempts(field="email")
    return _add(organization=organization, email=email, role=role, by=by, actor=actor)


@transaction.atomic
def _add(*, organization: Organization, email: str, role: str, by: User, actor: Actor) -> ConsoleMember:
    organization = lock_organization(organization)
    given = _check(organization, by, role)
    user = User.objects.filter(
        realm=PLATFORM, login_id=email.strip().lower(), is_active=True, platform_member__isnull=False
    ).first()
    if user is None:
        raise ConsoleMemberRefused(_("Nobody has signed up with this e-mail address."), field="email")
    already = ConsoleMemberRefused(_("This person is a member already."), field="email")
    if organization.creator_id == user.pk:
        raise CreatorKept(field="email")
    try:
        with transaction.atomic():
            member = ConsoleMember.objects.create(organization=organization, user=user, role=given)
    except IntegrityError as error:
        if violated_constraint(error) != "console_member_once":
            raise
        raise already from error
    queue_added_mail(organization, user, role=given.label, by=by.name)
    _tell("organizations.console_member_added", member, actor=actor, now=given.value)
    return member


@transaction.atomic
def change_console_role(
    *, organization: Organization, member_id: int, role: str, by: User, actor: Actor
) -> ConsoleMember:
    """Give another role, which counts from the person's next request on; raise NotFound or PermissionRefused."""
    organization = lock_organization(organization)
    member = _get(member_id)
    _check(organization, by, member.role)
    given = _check(organization, by, role)
    was, member.role = member.role, given
    member.save(update_fields=["role"])
    _tell("organizations.console_role_changed", member, actor=actor, was=was, now=given.value)
    return member


@transaction.atomic
def remove_console_member(*, organization: Organization, member_id: int, by: User, actor: Actor) -> None:
    """Take the person out: the organization is a 404 to them from the next request on."""
    organization = lock_organization(organization)
    member = _get(member_id)
    _check(organization, by, member.role)
    _tell("organizations.console_member_removed", member, actor=actor, was=member.role)
    member.delete()


@transaction.atomic
def leave_consoles(*, user: User, actor: Actor) -> None:
    """Take somebody who withdraws out of every console they were added to."""
    for member in _all.filter(user=user):
        _tell("organizations.console_member_removed", member, actor=actor, was=member.role)
        member.delete()


def _rank(role: ConsoleRole) -> int:
    return _RANKS.get(role, 0)


def _check(organization: Organization, by: User, role: str) -> ConsoleRole:
    """Return `role`, which `by` may give and take as things stand under the lock; raise otherwise."""
    own = find_role(organization, by)
    if role not in ConsoleRole.values:
        raise ConsoleMemberRefused(_("Choose a role."), field="role")
    if own is None or ConsoleRole(role) not in roles_given_by(own):
        raise PermissionRefused
    return ConsoleRole(role)


def _get(member_id: int) -> ConsoleMember:
    member = ConsoleMember.objects.select_related("user").filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member


def _tell(what: str, member: ConsoleMember, *, actor: Actor, was: str = "", now: str = "") -> None:
    target = f"user {member.user_id}"
    record(what, actor=actor, organization_id=member.organization_id, target=target, was=was, now=now)
    events.publish(what, organization_id=member.organization_id, user_id=member.user_id)
