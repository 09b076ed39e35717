"""Writing the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from daedap.audit.models import AuditEntry, Operation, PermissionChange
from daedap.core.actors import Actor, ActorKind


def record(
    action: str,
    *,
    actor: Actor,
    organization_id: int | None = None,
    service_id: int | None = None,
    target: str = "",
    **facts: Any,
) -> None:
    """Write down that `actor` did `action`. Call inside the transaction of the change; never pass secrets."""
    AuditEntry._base_manager.create(  # noqa: SLF001 - written from the platform too, where no scope is open
        organization_id=organization_id,
        service_id=service_id,
        action=action,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name[:60],
        ip=actor.ip or None,
        target=target,
        facts=facts,
    )


def forget_person(*, kind: ActorKind, person_id: int) -> None:
    """Take name and IP from what somebody who left did for themselves; entries of organizations are theirs and stay."""
    entries = AuditEntry._base_manager.filter(organization_id=None, actor_kind=kind, actor_id=person_id)  # noqa: SLF001
    entries.update(actor_name="", ip=None)


PERMISSION_CHANGES_KEPT = timedelta(days=3 * 366)
"""How long the permission-change log is kept at least: three years (spec 10, 5.8)."""


def record_permission_change(
    operation: Operation,
    *,
    actor: Actor,
    organization_id: int,
    service_id: int | None = None,
    service_name: str = "",
    target_name: str = "",
    target_account: str = "",
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> None:
    """Add a row to the permission-change log. Call inside the transaction of the change; never pass a Key.

    `before` and `after` are codes of rights, the role first; nothing stands for no right.
    """
    PermissionChange._base_manager.create(  # noqa: SLF001 - the console writes too, where no scope is open
        organization_id=organization_id,
        service_id=service_id,
        service_name=service_name,
        operation=operation,
        operator_name=actor.name[:60],
        operator_account=actor.account,
        target_name=target_name,
        target_account=target_account,
        ip=actor.ip or None,
        before=list(before),
        after=list(after),
    )


def purge_permission_changes() -> int:
    """Delete what has been kept long enough, of all organizations; return how many rows went."""
    old = PermissionChange._base_manager.filter(created_at__lt=timezone.now() - PERMISSION_CHANGES_KEPT)  # noqa: SLF001
    count, _by_model = old.delete()
    return count
