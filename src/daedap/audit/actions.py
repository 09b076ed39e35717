"""Writing the audit log."""

from __future__ import annotations

from typing import Any

from daedap.audit.models import AuditEntry
from daedap.core.actors import Actor


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
