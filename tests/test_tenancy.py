"""Every tenant model refuses an unscoped read and hides the other tenant. A new model fails until it is made here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.utils import timezone

from daedap.accounts.models import User
from daedap.audit import actions as audit
from daedap.audit.models import AuditEntry, Operation, PermissionChange
from daedap.core.actors import SYSTEM
from daedap.core.crypto import new_key, new_token
from daedap.core.scoping import OrganizationManager, ScopeMissing, ServiceManager, organization_scope, service_scope
from daedap.files.models import StoredFile
from daedap.helpcenter.models import CompanyInformation, CompanyText, Composition
from daedap.members.models import AccessToken, IntegrationSettings, LoginEvent, Member, MemberSession, UsedToken
from daedap.openapi.models import ApiAccess, UsedSignature
from daedap.organizations import removal
from daedap.organizations.models import ConsoleMember, IamMember, LoginSecurity, Organization, PasswordPolicy
from daedap.services.models import Agent, ContractItem, Group, GroupMembership, ItemUse, Service, ServiceLanguage
from daedap.tickets.models import Addition, Attachment, Category, CategoryName, Entry, Ticket, TicketEvent
from tests import factories

NOT_SCOPED = {
    "core.OutgoingMail": "platform mail has no organization; nothing but the sending job reads it",
}


def tenant_models() -> list[type[models.Model]]:
    """All models of ours that carry a tenant."""
    ours = [model for model in apps.get_models() if model.__module__.startswith("daedap.")]
    carry = [
        model for model in ours if any(field.attname == "organization_id" for field in model._meta.concrete_fields)
    ]
    return [model for model in carry if model._meta.label not in NOT_SCOPED]


def _stored_file(service: Service) -> StoredFile:
    key = new_key()
    return StoredFile.objects.create(
        public_id=key,
        organization_id=service.organization_id,
        service_id=service.pk,
        name="a.txt",
        size=1,
        content_type="text/plain",
        sha256="0" * 64,
        path=f"x/{key}",
    )


def _row(model: type[models.Model], **facts: Any) -> Callable[[Service], models.Model]:
    def make(service: Service) -> models.Model:
        made = {name: fact(service) if callable(fact) else fact for name, fact in facts.items()}
        return model._default_manager.create(organization_id=service.organization_id, service=service, **made)

    return make


def _audit(service: Service) -> models.Model:
    audit.record("test", actor=SYSTEM, organization_id=service.organization_id)
    return AuditEntry.objects.latest("pk")


def _permission_change(service: Service) -> models.Model:
    audit.record_permission_change(Operation.ADD, actor=SYSTEM, organization_id=service.organization_id)
    return PermissionChange.objects.latest("pk")


def _membership(service: Service) -> models.Model:
    return GroupMembership.objects.get(agent=factories.make_agent(service))


MAKERS: dict[type[models.Model], Callable[[Service], models.Model]] = {
    AuditEntry: _audit,
    PermissionChange: _permission_change,
    StoredFile: _stored_file,
    ConsoleMember: lambda service: factories.make_console_member(service.organization),
    IamMember: lambda service: factories.make_iam_member(service.organization),
    LoginSecurity: lambda service: LoginSecurity.objects.create(organization=service.organization),
    PasswordPolicy: lambda service: PasswordPolicy.objects.create(organization=service.organization),
    Service: lambda service: factories.make_service(service.organization),
    ServiceLanguage: _row(ServiceLanguage, code="en", name="English"),
    ContractItem: _row(ContractItem, code="helpdoc"),
    ItemUse: lambda service: ItemUse.objects.create(
        organization=service.organization,
        service_pk=service.pk,
        service_name=service.name,
        service_type=service.type,
        code="helpdoc",
        first_day=timezone.localdate(),
    ),
    Agent: lambda service: factories.make_agent(service),
    Group: _row(Group, name="결제"),
    GroupMembership: _membership,
    CompanyInformation: factories.make_company_information,
    CompanyText: lambda service: CompanyText.objects.get(information=factories.make_company_information(service)),
    Composition: lambda service: factories.make_company_information(service).compositions.get(),
    Member: lambda service: factories.make_member(service),
    IntegrationSettings: _row(IntegrationSettings),
    MemberSession: _row(
        MemberSession,
        token_hash=lambda _: new_token(),
        member=factories.make_member,
        login_type="get",
        last_used_at=lambda _: timezone.now(),
    ),
    AccessToken: _row(AccessToken, token_hash=lambda _: new_token(), member=factories.make_member),
    UsedToken: _row(UsedToken, token_hash=lambda _: new_token(), expires_at=lambda _: timezone.now()),
    LoginEvent: _row(LoginEvent, ok=True, login_type="get"),
    ApiAccess: _row(ApiAccess),
    UsedSignature: lambda service: UsedSignature.objects.create(
        organization=service.organization, signature_hash=new_token(), request_hash="0" * 64
    ),
    Category: lambda service: factories.make_category(service, "환불"),
    CategoryName: lambda service: factories.make_category(service, "교환").names.get(),
    Ticket: lambda service: factories.make_ticket(service),
    Entry: _row(
        Entry,
        ticket=factories.make_ticket,
        type="comment",
        body="<p>a</p>",
        status="new",
        created_at=lambda _: timezone.now(),
    ),
    Addition: _row(Addition, id_hash=lambda _: new_token(), content="VIP", created_at=lambda _: timezone.now()),
    Attachment: _row(Attachment, ticket=factories.make_ticket, file=_stored_file),
    TicketEvent: _row(
        TicketEvent,
        ticket=factories.make_ticket,
        code="CREATED",
        actor_kind="system",
        created_at=lambda _: timezone.now(),
    ),
}


def test_given_all_models_when_counted_then_each_tenant_model_is_made_here():
    assert {model._meta.label for model in tenant_models()} == {model._meta.label for model in MAKERS}


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)
def test_given_no_scope_when_a_tenant_model_is_read_then_refused(model):
    assert isinstance(model._default_manager, OrganizationManager | ServiceManager)
    for read in (model._default_manager.all, model._default_manager.count, model._default_manager.first):
        with pytest.raises(ScopeMissing):
            read()


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)
def test_given_rows_of_two_tenants_when_one_is_open_then_the_other_is_hidden(model, shop, beta_shop):
    # given
    made = {}
    for service in (shop, beta_shop):
        with service_scope(service.organization_id, service.pk):
            made[service] = MAKERS[model](service)
    # when, then
    for service, other in ((shop, beta_shop), (beta_shop, shop)):
        with service_scope(service.organization_id, service.pk):
            seen = set(model._default_manager.values_list("pk", flat=True))
        assert made[service].pk in seen
        assert made[other].pk not in seen


def test_given_two_services_of_one_tenant_when_one_is_open_then_the_other_is_hidden(shop):
    other = factories.make_service(shop.organization)
    mine, theirs = factories.make_ticket(shop), factories.make_ticket(other)
    with service_scope(shop.organization_id, shop.pk):
        assert list(Ticket.objects.all()) == [mine]
    with organization_scope(shop.organization_id), pytest.raises(ScopeMissing):
        Ticket.objects.filter(pk=theirs.pk).exists()


def test_given_a_row_of_every_tenant_model_when_deleted_with_its_organization_then_only_the_kept_stay(shop, beta_shop):
    # given
    for service in (shop, beta_shop):
        with service_scope(service.organization_id, service.pk):
            for make in MAKERS.values():
                make(service)
    theirs = {model: model._base_manager.filter(organization_id=beta_shop.organization_id).count() for model in MAKERS}
    Organization.objects.filter(pk=shop.organization_id).update(
        deleted_at=timezone.now(), domain=None, activated_at=None
    )
    # when
    removal.clear_away(shop.organization_id)
    # then
    for model in MAKERS:
        left = model._base_manager.filter(organization_id=shop.organization_id)
        assert left.exists() == (model._meta.label in removal.KEPT), model
    assert not User.objects.filter(realm=shop.organization.public_id).exists()
    assert theirs == {
        model: model._base_manager.filter(organization_id=beta_shop.organization_id).count() for model in MAKERS
    }
