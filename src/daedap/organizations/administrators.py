"""Organization administrators (조직관리자): who is one, adding and removing (spec 10, 5.5)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.audit.actions import record
from daedap.audit.models import Operation
from daedap.core import events
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError, NotFound
from daedap.organizations.members import record_administrator
from daedap.organizations.models import IamMember, MemberStatus

MOST_CANDIDATES = 20


class AlreadyAdministrator(DaedapError):
    """The member is OWNER or organization administrator already (spec 10, 5.5)."""

    code = 9007
    field = "member"
    message = _("This member is already an organization administrator.")


class OwnerStays(DaedapError):
    """The OWNER cannot be removed from inside Online Contact (spec 10, 2.1; A72)."""

    code = 409
    message = _("The OWNER cannot be removed.")


class SearchEmpty(DaedapError):
    """A search needs at least one of name, account and e-mail (spec 10, 5.5; A69)."""

    message = _("Enter at least one of name, account and e-mail.")


def list_administrators() -> list[IamMember]:
    """Return OWNER and organization administrators of the open organization: OWNER first, then in order of adding."""
    found = IamMember.objects.select_related("user").filter(
        Q(is_owner=True) | Q(is_administrator=True), status=MemberStatus.MEMBER
    )
    return list(found.order_by("-is_owner", "administrator_added_at", "pk"))


def find_candidates(*, name: str = "", account: str = "", email: str = "") -> list[IamMember]:
    """Return active members who are no administrators yet and match all that is given, by name; the first 20.

    Raise SearchEmpty if nothing is given.
    """
    given = {"name": name.strip(), "login_id": account.strip(), "email": email.strip()}
    wanted = {f"user__{field}__icontains": text for field, text in given.items() if text}
    if not wanted:
        raise SearchEmpty
    found = IamMember.objects.select_related("user").filter(
        **wanted, status=MemberStatus.MEMBER, is_owner=False, is_administrator=False
    )
    return list(found.order_by("user__name", "pk")[:MOST_CANDIDATES])


@transaction.atomic
def add_administrator(*, member_id: int, actor: Actor) -> IamMember:
    """Make an active member of the open organization an organization administrator, from their next request on.

    Raise AlreadyAdministrator, or NotFound for whoever is no active member here (R6).
    """
    member = _lock(member_id)
    if member.manages_organization:
        raise AlreadyAdministrator
    member.is_administrator = True
    member.administrator_added_at, member.administrator_added_by = timezone.now(), actor.name[:60]
    member.save(update_fields=["is_administrator", "administrator_added_at", "administrator_added_by"])
    _tell("organizations.administrator_added", member, actor=actor)
    record_administrator(Operation.ADD_ADMINISTRATOR, member, actor=actor)
    return member


@transaction.atomic
def remove_administrator(*, member_id: int, actor: Actor) -> IamMember:
    """Take the rights of an organization administrator away, effective with their next request; also from oneself.

    Raise OwnerStays for the OWNER, who therefore always remains, and NotFound for whoever is no administrator.
    """
    member = _lock(member_id)
    if member.is_owner:
        raise OwnerStays
    if not member.is_administrator:
        raise NotFound
    member.is_administrator = False
    member.administrator_added_at, member.administrator_added_by = None, ""
    member.save(update_fields=["is_administrator", "administrator_added_at", "administrator_added_by"])
    _tell("organizations.administrator_removed", member, actor=actor)
    record_administrator(Operation.REMOVE_ADMINISTRATOR, member, actor=actor)
    return member


def _lock(member_id: int) -> IamMember:
    members = IamMember.objects.select_for_update(of=("self",), no_key=True).select_related("user")
    member = members.filter(pk=member_id, status=MemberStatus.MEMBER).first()
    if member is None:
        raise NotFound
    return member


def _tell(what: str, member: IamMember, *, actor: Actor) -> None:
    record(what, actor=actor, organization_id=member.organization_id, target=str(member))
    events.publish(what, organization_id=member.organization_id, member_id=member.pk)
