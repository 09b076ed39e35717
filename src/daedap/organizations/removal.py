"""Deleting an organization for good: unreachable at once, its rows cleared away by a job (spec 10, 4.4)."""

# ruff: noqa: SLF001  Django's own _meta, and managers that see what the usual ones hide
from __future__ import annotations

from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter

from django.apps import apps
from django.db import connection, models, transaction
from django.utils import timezone

from daedap.accounts.links import void_links_in
from daedap.accounts.models import User
from daedap.accounts.sessions import end_sessions_in
from daedap.accounts.tidying import delete_realm
from daedap.audit.actions import record
from daedap.core import events, jobs
from daedap.core.actors import SYSTEM, Actor
from daedap.core.errors import PermissionRefused
from daedap.files.actions import delete_files_of
from daedap.organizations.domains import release_domain
from daedap.organizations.errors import StillEnabled, StillUsed
from daedap.organizations.letters import queue_deleted_mail
from daedap.organizations.models import ConsoleMember, Organization
from daedap.organizations.rows import lock_organization, require_typed

KEPT = frozenset({"audit.AuditEntry", "audit.PermissionChange"})
"""What outlives the organization: who did what, and the permission-change log for its three years."""

BATCH = 5000

Model = type[models.Model]
Link = tuple[Model, str]


@transaction.atomic
def delete_organization(
    *, organization: Organization, user: User, typed: str, still_used: Callable[[], bool], actor: Actor
) -> None:
    """Delete the organization for its creator; `typed` is its name, as confirmation. Nothing can be restored.

    From the commit on nobody finds it: no host, no sessions, no console. Its name is free again, a domain that was in
    use quarantined; rows and files go by a job. Raises PermissionRefused, StillEnabled, StillUsed or NotTyped.
    """
    organization = lock_organization(organization, alone=True)
    if user.pk != organization.creator_id:
        raise PermissionRefused
    if organization.is_active:
        raise StillEnabled
    if still_used():
        raise StillUsed
    require_typed(organization.name, typed)
    was = organization.domain or ""
    release_domain(organization)
    organization.deleted_at = timezone.now()
    organization.key = organization.old_key = ""
    organization.name_key = f"deleted {organization.public_id}"
    organization.save(update_fields=["deleted_at", "domain", "key", "old_key", "name_key"])
    ConsoleMember._base_manager.filter(organization=organization).delete()
    end_sessions_in(organization.public_id)
    void_links_in(organization.public_id)
    queue_deleted_mail(organization)
    record(
        "organizations.deleted",
        actor=actor,
        organization_id=organization.pk,
        target=organization.public_id,
        name=organization.name,
        domain=was,
    )
    events.publish("organizations.deleted", organization_id=organization.pk)
    jobs.defer("organizations.clear_away", organization_id=organization.pk)


def clear_away(organization_id: int) -> None:
    """Delete every row and file of a deleted organization but KEPT, in batches; safe to stop and to run again."""
    rows = Organization._base_manager
    organization = rows.filter(pk=organization_id, deleted_at__isnull=False).first()
    if organization is None:
        return
    order, loose = deletion_order()
    for model, column in loose:
        _in_batches(model, "UPDATE {table} SET {column} = NULL", organization_id, column=column)
    for model in order:
        _in_batches(model, "DELETE FROM {table}", organization_id)
    delete_realm(organization.public_id, batch=BATCH)
    delete_files_of(organization_id)
    with transaction.atomic():
        record("organizations.cleared_away", actor=SYSTEM, organization_id=organization_id)
        organization.delete()


def unfinished() -> list[int]:
    """Return the deleted organizations whose rows are not all gone yet."""
    rows = Organization._base_manager
    return list(rows.filter(deleted_at__isnull=False).values_list("pk", flat=True))


def deletion_order() -> tuple[list[Model], list[Link]]:
    """Return every model whose rows name an organization, children first, and the columns to be emptied before.

    Those are columns that lead back: to the model's own table, or around a circle.
    """
    ours = [model for model in apps.get_models() if _names_organization(model) and model._meta.label not in KEPT]
    links = {
        (model, field.remote_field.model, field.column or "", field.null)
        for model in ours
        for field in model._meta.concrete_fields
        if field.remote_field and field.remote_field.model in ours
    }
    loose = [(model, column) for model, target, column, null in links if model is target and null]
    links = {link for link in links if link[0] is not link[1]}
    while True:
        sorter: TopologicalSorter[Model] = TopologicalSorter({model: set() for model in ours})
        for model, target, _column, _null in links:
            sorter.add(target, model)
        try:
            return list(sorter.static_order()), loose
        except CycleError as error:
            around = set(error.args[1])
            back = next(link for link in links if link[3] and link[0] in around and link[1] in around)
            links.remove(back)
            loose.append((back[0], back[2]))


def _names_organization(model: Model) -> bool:
    return any(field.attname == "organization_id" for field in model._meta.concrete_fields)


def _in_batches(model: Model, change: str, organization_id: int, *, column: str = "") -> None:
    """Carry out `change` for the organization's rows, each batch in a transaction of its own."""
    quote = connection.ops.quote_name
    table, key = quote(model._meta.db_table), quote(model._meta.pk.column or "")
    change = change.format(table=table, column=quote(column) if column else "")
    still = f"AND {quote(column)} IS NOT NULL" if column else ""
    some = f"SELECT {key} FROM {table} WHERE organization_id = %s {still} LIMIT {BATCH}"  # noqa: S608  names of ours
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{change} WHERE {key} IN ({some})", [organization_id])
            if cursor.rowcount < BATCH:
                return
