"""The organization Key (조직 Key): who looked at it, changing it, and the time two of them are valid (spec 10, 5.4)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.audit.actions import record, record_permission_change
from daedap.audit.models import Operation
from daedap.core import events
from daedap.core.actors import Actor
from daedap.core.crypto import new_key
from daedap.core.errors import DaedapError, NotFound
from daedap.organizations.models import Organization

LONGEST_OVERLAP = 72
"""For how many hours an old key may stay valid beside the new one (1 at least)."""
NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use of a key is known: a busy key costs one write a minute."""


class KeyRefused(DaedapError):
    """The Key cannot be changed in this way; nothing was changed."""

    field = "hours"
    message = _("Choose 1 to 72 hours.")


class NoOldKey(DaedapError):
    """There is no old key to cut: it ran out, or somebody was faster."""

    code = 409
    message = _("There is no old key that is still valid.")


def valid_keys(organization: Organization) -> list[str]:
    """Return the keys that sign for the organization at this moment: the current one, then an old one in its overlap.

    Empty while there is no domain. An old key counts by the clock, whether or not it was erased yet.
    """
    keys = [organization.key] if organization.key else []
    return [*keys, organization.old_key] if organization.has_old_key else keys


def lock_keys(organization_id: int) -> Organization:
    """Return the organization as it is now; its keys stay what they are until the transaction ends. NotFound if none.

    Who signs somebody in holds them so: what is written before a change of the Key ends with it, and nothing is written
    after it by the old one. To be locked before rows of services.
    """
    organization = Organization.objects.select_for_update(of=("self",), no_key=True).filter(pk=organization_id).first()
    if organization is None:
        raise NotFound
    return organization


def note_use(organization: Organization, key: str) -> None:
    """Remember that `key`, one of the valid ones, signed something just now. Writes at most once a minute."""
    field = "key_used_at" if key == organization.key else "old_key_used_at"
    now = timezone.now()
    noted = getattr(organization, field)
    if noted is not None and now - noted < NOTED_EVERY:
        return
    stale = Q(**{field: None}) | Q(**{f"{field}__lte": now - NOTED_EVERY})
    unchanged = Organization.objects.filter(stale, pk=organization.pk, key_changed_at=organization.key_changed_at)
    unchanged.update(**{field: now})
    setattr(organization, field, now)


@transaction.atomic
def reveal_key(*, organization_id: int, actor: Actor) -> str:
    """Return the organization Key and record who looked at it."""
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is None:
        raise NotFound
    record("organizations.key_revealed", actor=actor, organization_id=organization_id, target=str(organization))
    return organization.key


@transaction.atomic
def change_key(*, organization_id: int, actor: Actor, overlap_hours: int = 0) -> None:
    """Replace the organization Key by a new random one.

    The replaced key is worth nothing from this moment on, or stays valid for `overlap_hours` (1 to 72; KeyRefused
    otherwise). There are never more than two: an old key still in its overlap dies. Publishes
    `organizations.key_changed`. The permission-change log says who did it and when, never a key.
    """
    if not 0 <= overlap_hours <= LONGEST_OVERLAP:
        raise KeyRefused
    organization = lock_keys(organization_id)
    now = timezone.now()
    if organization.has_old_key or not overlap_hours:
        organization.key_cut_at = now
    _forget_old_key(organization)
    if overlap_hours:
        organization.old_key, organization.old_key_used_at = organization.key, organization.key_used_at
        organization.old_key_until = now + timedelta(hours=overlap_hours)
    organization.key, organization.key_changed_at, organization.key_used_at = new_key(), now, None
    _save(organization, "organizations.key_changed", actor=actor, overlap_hours=overlap_hours)


@transaction.atomic
def cut_old_key(*, organization_id: int, actor: Actor) -> None:
    """End the overlap now: only the current Key is valid. Raise NoOldKey if there is nothing to cut.

    Recorded and published like a change of the Key.
    """
    organization = lock_keys(organization_id)
    if not organization.has_old_key:
        raise NoOldKey
    organization.key_cut_at = timezone.now()
    _forget_old_key(organization)
    _save(organization, "organizations.old_key_cut", actor=actor)


def erase_old_keys() -> int:
    """Erase the old keys of all organizations whose overlap is over; return how many. They were ignored already."""
    over = Organization.objects.filter(old_key_until__lte=timezone.now())
    return over.update(old_key="", old_key_until=None, old_key_used_at=None)


_KEY_FIELDS = [
    "key",
    "key_changed_at",
    "key_used_at",
    "key_cut_at",
    "old_key",
    "old_key_until",
    "old_key_used_at",
]


def _forget_old_key(organization: Organization) -> None:
    organization.old_key, organization.old_key_until, organization.old_key_used_at = "", None, None


def _save(organization: Organization, done: str, *, actor: Actor, **facts: int) -> None:
    organization.save(update_fields=_KEY_FIELDS)
    record(done, actor=actor, organization_id=organization.pk, target=str(organization), **facts)
    record_permission_change(Operation.CHANGE_KEY, actor=actor, organization_id=organization.pk)
    events.publish("organizations.key_changed", organization_id=organization.pk)
