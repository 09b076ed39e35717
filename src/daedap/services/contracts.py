"""The contract of a service: registering and editing it, suspending, terminating, and what follows (spec 10, 5.2).

Pages and the organization-level API call the same actions, so that a rule holds for both together.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.audit.actions import record
from daedap.core import events
from daedap.core.actors import SYSTEM, Actor
from daedap.core.errors import DaedapError, NotFound
from daedap.core.scoping import open_scope, service_scope
from daedap.organizations.rows import hold_in_use
from daedap.services import contract_items
from daedap.services.models import ContractItem, ItemUse, Service, ServiceState
from daedap.services.removal import remove_service

RECOVERABLE = timedelta(days=30)
"""How long the operator can bring a terminated service back; afterwards it is purged."""


class ContractRefused(DaedapError):
    """The contract does not allow it now; nothing was changed."""

    code = 409
    message = _("This is not possible in the present state of the service.")


class ItemsRefused(ContractRefused):
    """One of the items is not offered to services of this type."""

    code = 400
    field = "items"
    message = _("Choose from the offered items only.")


class AlreadyChangedToday(ContractRefused):
    """The contract was edited today already; `key` is the message key of the API (A61)."""

    code = 9015
    key = "billing.setting.today.already.changed"
    message = _("The contract details can be changed once a day. Please try again tomorrow.")


class StillInUse(ContractRefused):
    """Only a suspended service can be terminated; `key` is the answer of the API (A64)."""

    key = "ENABLE"
    message = _("Suspend the service first. Only a suspended service can be terminated.")


def billing_day(moment: datetime | None = None) -> date:
    """Return the day a moment (now) belongs to in the installation's calendar, Asia/Seoul (spec 10, Q4)."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def _lock(service_pk: int) -> Service:
    """Return the service of the open organization, locked; raise NotFound if there is none or it is terminated."""
    services = Service.objects.select_for_update(of=("self",), no_key=True)
    service = services.filter(pk=service_pk).exclude(state=ServiceState.STOPPED).first()
    if service is None:
        raise NotFound
    return service


def _record(action: str, service: Service, actor: Actor, **facts: object) -> None:
    record(
        f"services.{action}",
        actor=actor,
        organization_id=service.organization_id,
        service_id=service.pk,
        target=str(service),
        service=service.service_id,
        **facts,
    )


def _publish(event: str, service: Service) -> None:
    events.publish(f"services.{event}", organization_id=service.organization_id, service_id=service.pk)


# --- Items -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def register_contract(*, service_pk: int, items: Collection[str], actor: Actor) -> Service:
    """Put a service that is being set up into use with `items`; tickets are always among them.

    The first contract is no edit in the sense of once a day (Q3). Raise ItemsRefused, ContractRefused if it has a
    contract already, NotEnabled while Online Contact is disabled, or NotFound. Publishes `services.contract_changed`
    and `services.state_changed`.
    """
    hold_in_use(open_scope().organization_id)
    service = _lock(service_pk)
    if service.state != ServiceState.CREATE:
        raise ContractRefused(_("The service has a contract already."))
    codes = _complete(items, service)
    service.state, service.contracted_at = ServiceState.IN_USE, timezone.now()
    service.save(update_fields=["state", "contracted_at"])
    _set_items(service, codes)
    _record("contract_registered", service, actor, items=sorted(codes))
    _publish("contract_changed", service)
    _publish("state_changed", service)
    return service


@transaction.atomic
def change_contract_items(*, service_pk: int, items: Collection[str], actor: Actor) -> bool:
    """Let the contract have exactly `items`, and tickets; return whether that changed anything.

    A change is possible once a day of `billing_day`; a save without a change is always and does not count. Raise
    AlreadyChangedToday, ItemsRefused, ContractRefused before the first contract or while suspended, or NotFound. Of two
    at once one wins. Publishes `services.contract_changed`.
    """
    service = _lock(service_pk)
    if service.state != ServiceState.IN_USE:
        raise ContractRefused
    codes = _complete(items, service)
    if codes == list_item_codes(service):
        return False
    today = billing_day()
    if service.contract_edited_on == today:
        raise AlreadyChangedToday
    service.contract_edited_on = today
    service.save(update_fields=["contract_edited_on"])
    before = _set_items(service, codes)
    _record("contract_changed", service, actor, before=sorted(before), after=sorted(codes))
    _publish("contract_changed", service)
    return True


def _complete(items: Collection[str], service: Service) -> frozenset[str]:
    codes = contract_items.complete(items, service.type)
    if codes is None:
        raise ItemsRefused
    return codes


def list_item_codes(service: Service) -> frozenset[str]:
    """Return the codes of the items in the contract of a service of the open organization."""
    with service_scope(service.organization_id, service.pk):
        return frozenset(ContractItem.objects.values_list("code", flat=True))


def _set_items(service: Service, codes: frozenset[str]) -> frozenset[str]:
    """Make `codes` the contract and write down the days of use; return what it was before."""
    owned = {"organization_id": service.organization_id, "service": service}
    before = list_item_codes(service)
    with service_scope(service.organization_id, service.pk):
        ContractItem.objects.exclude(code__in=codes).delete()
        ContractItem.objects.bulk_create(ContractItem(**owned, code=code) for code in sorted(codes - before))
    _end_use(service, before - codes)
    _begin_use(service, codes - before)
    return before


def _begin_use(service: Service, codes: frozenset[str]) -> None:
    """From today on. What ended today goes on instead, so that no day is counted twice."""
    today = billing_day()
    uses = ItemUse.objects.filter(service_pk=service.pk, code__in=codes, last_day=today)
    continued = set(uses.values_list("code", flat=True))
    uses.update(last_day=None)
    ItemUse.objects.bulk_create(
        ItemUse(
            organization_id=service.organization_id,
            service_pk=service.pk,
            service_name=service.name,
            service_type=service.type,
            code=code,
            first_day=today,
        )
        for code in sorted(codes - continued)
    )


def _end_use(service: Service, codes: frozenset[str]) -> None:
    """Up to and including today: an item used at any time of a day is billed for that day."""
    ItemUse.objects.filter(service_pk=service.pk, code__in=codes, last_day=None).update(last_day=billing_day())


# --- State -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def pause_service(*, service_pk: int, actor: Actor) -> Service:
    """Suspend a service in use: nobody can use it, billing goes on unchanged. Suspending it again changes nothing.

    Raise ContractRefused before the first contract, or NotFound. Publishes `services.state_changed`.
    """
    return _switch(service_pk, ServiceState.PAUSED, "service_paused", actor)


@transaction.atomic
def resume_service(*, service_pk: int, actor: Actor) -> Service:
    """Put a suspended service into use again; what is in use stays so. Raises and publishes as `pause_service` does."""
    return _switch(service_pk, ServiceState.IN_USE, "service_resumed", actor)


def _switch(service_pk: int, state: ServiceState, action: str, actor: Actor) -> Service:
    service = _lock(service_pk)
    if service.state == ServiceState.CREATE:
        raise ContractRefused(_("Register the contract first."))
    if service.state != state:
        service.state = state
        service.save(update_fields=["state"])
        _record(action, service, actor)
        _publish("state_changed", service)
    return service


@transaction.atomic
def terminate_service(*, service_pk: int, actor: Actor) -> Service:
    """End the contract of a suspended service. Billing ends today; the operator can bring it back for 30 days (A66).

    Raise StillInUse (A64), ContractRefused before the first contract, or NotFound. Publishes `services.state_changed`.
    """
    service = _lock(service_pk)
    if service.state == ServiceState.IN_USE:
        raise StillInUse
    if service.state != ServiceState.PAUSED:
        raise ContractRefused
    service.state, service.stopped_at = ServiceState.STOPPED, timezone.now()
    service.save(update_fields=["state", "stopped_at"])
    _end_use(service, list_item_codes(service))
    _record("service_terminated", service, actor)
    _publish("state_changed", service)
    return service


@transaction.atomic
def recover_service(*, service_pk: int, actor: Actor) -> Service:
    """Bring a terminated service of the open organization back as suspended, with its items. For operators only.

    Billing begins again today. Raise NotFound if it is not terminated or purged already, and NotEnabled while Online
    Contact is disabled: nobody could terminate it again.
    """
    hold_in_use(open_scope().organization_id)
    services = Service.objects.select_for_update(of=("self",), no_key=True)
    service = services.filter(pk=service_pk, state=ServiceState.STOPPED).first()
    if service is None:
        raise NotFound
    service.state, service.stopped_at = ServiceState.PAUSED, None
    service.save(update_fields=["state", "stopped_at"])
    _begin_use(service, list_item_codes(service))
    _record("service_recovered", service, actor)
    _publish("state_changed", service)
    return service


@transaction.atomic
def delete_draft(*, service_pk: int, actor: Actor) -> None:
    """Delete a service that was never contracted; ID and name are free at once. Raise ContractRefused otherwise."""
    service = _lock(service_pk)
    if service.state != ServiceState.CREATE:
        raise ContractRefused
    _record("draft_deleted", service, actor)
    remove_service(service)


def purge_terminated_services() -> int:
    """Delete, of all organizations, what was terminated 30 days ago or earlier; return how many services went."""
    due = Service._base_manager.filter(state=ServiceState.STOPPED, stopped_at__lt=timezone.now() - RECOVERABLE)  # noqa: SLF001  across organizations
    purged = 0
    for pk in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            service = due.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if service is None:  # brought back, or purged by somebody else, a moment ago
                continue
            _record("service_purged", service, SYSTEM)
            remove_service(service)
            purged += 1
    return purged
