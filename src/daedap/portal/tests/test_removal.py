"""Disabling Online Contact, enabling it again, and deleting the organization (spec 10, 2.3 and 4.4)."""

from pathlib import Path

import pytest
from django.utils import timezone

from daedap.accounts.models import SignedInSession, SignInRecord, SignInResult, User
from daedap.audit.models import AuditEntry, Operation, PermissionChange
from daedap.core.actors import SYSTEM
from daedap.core.errors import NotFound, PermissionRefused
from daedap.core.models import OutgoingMail
from daedap.core.scoping import organization_scope
from daedap.organizations import activation, domains, errors, founding, members, removal
from daedap.organizations.console_members import list_organizations
from daedap.organizations.members import record_administrator
from daedap.organizations.models import IamMember, Organization, RetiredDomain
from daedap.services import contracts
from daedap.services.actions import add_service
from daedap.services.models import Service, ServiceState
from daedap.services.selectors import has_service_in_use
from tests import factories
from tests.jobs import queued, run_jobs
from tests.together import together


def unused():
    return False


def disable(organization, *, typed=None, still_used=has_service_in_use):
    with organization_scope(organization.pk):
        return activation.deactivate(
            organization=organization,
            typed=organization.domain if typed is None else typed,
            still_used=still_used,
            actor=organization.creator.as_actor(),
        )


def enable(organization, member):
    with organization_scope(organization.pk):
        return activation.activate(
            organization=organization, owner_member_id=member.pk, actor=organization.creator.as_actor()
        )


def delete(organization, *, user=None, typed=None, still_used=has_service_in_use):
    user = user or organization.creator
    with organization_scope(organization.pk):
        removal.delete_organization(
            organization=organization,
            user=user,
            typed=organization.name if typed is None else typed,
            still_used=still_used,
            actor=user.as_actor(),
        )


def stop(service):
    Service._base_manager.filter(pk=service.pk).update(state=ServiceState.STOPPED, stopped_at=timezone.now())


# --- Disabling and enabling ----------------------------------------------------------------------


def test_given_no_service_in_use_when_disabled_then_site_is_404_and_sessions_are_over(acme, owner, client_of):
    signed_in = client_of(acme, owner)

    disabled = disable(acme)

    assert not disabled.is_active
    assert disabled.has_been_active
    assert signed_in.get("/").status_code == client_of(acme).get("/login/").status_code == 404
    assert not SignedInSession.objects.exists()
    assert AuditEntry._base_manager.filter(action="organizations.deactivated").exists()


@pytest.mark.parametrize("state", [ServiceState.IN_USE, ServiceState.PAUSED])
def test_given_service_in_use_or_suspended_when_disabled_then_refused(acme, shop, state):
    Service._base_manager.filter(pk=shop.pk).update(state=state)
    with pytest.raises(errors.StillUsed):
        disable(acme)
    assert Organization.objects.get(pk=acme.pk).is_active


def test_given_domain_not_typed_or_not_enabled_when_disabled_then_refused(acme):
    with pytest.raises(errors.NotTyped):
        disable(acme, typed="acm")
    assert Organization.objects.get(pk=acme.pk).is_active
    disable(acme)
    with pytest.raises(errors.NotEnabled):
        disable(acme)


def test_given_disabled_when_enabled_again_with_another_owner_then_everything_is_there(acme, owner, shop, client_of):
    kim = factories.make_iam_member(acme, "kim")
    stop(shop)
    disabled = disable(acme)

    enabled = enable(disabled, kim)

    assert enabled.is_active
    with organization_scope(acme.pk):
        assert [member.user.login_id for member in IamMember.objects.filter(is_owner=True)] == ["kim"]
        assert Service.objects.count() == 1
    assert client_of(enabled).get("/login/").status_code == 200


def test_given_disabled_when_member_removed_then_left_as_if_in_use(acme, agent):
    stop(agent.service)
    disabled = disable(acme)
    with organization_scope(acme.pk):
        members.remove_iam_member(organization=disabled, member_id=agent.member_id, actor=acme.creator.as_actor())
        assert IamMember.objects.get(pk=agent.member_id).status == "leaved"


def test_given_disabled_when_its_domain_changes_then_the_old_one_is_quarantined(acme):
    disabled = disable(acme)
    with organization_scope(acme.pk):
        domains.save_domain(organization=disabled, domain="acme-new", actor=acme.creator.as_actor())
    assert RetiredDomain.objects.filter(domain="acme").exists()


# --- Deleting ------------------------------------------------------------------------------------


def test_given_product_enabled_when_deleted_then_refused(acme):
    with pytest.raises(errors.StillEnabled):
        delete(acme)
    assert Organization.objects.filter(pk=acme.pk).exists()


def test_given_somebody_else_when_deleted_then_refused_even_for_an_owner_of_the_console(acme):
    disabled = disable(acme)
    helper = factories.make_console_member(acme, "OWNER").user
    with pytest.raises(PermissionRefused):
        delete(disabled, user=helper)
    assert Organization.objects.filter(pk=acme.pk).exists()


def test_given_name_not_typed_when_deleted_then_refused(acme):
    disabled = disable(acme)
    with pytest.raises(errors.NotTyped):
        delete(disabled, typed="acme")
    assert Organization.objects.filter(pk=acme.pk).exists()


def test_given_deleted_when_looked_for_then_gone_at_once_and_name_free_and_domain_quarantined(acme, owner, beta):
    helper = factories.make_console_member(acme, "ADMIN").user
    disabled = disable(acme)

    delete(disabled)

    assert not Organization.objects.filter(pk=acme.pk).exists()
    assert list_organizations(user=acme.creator) == list_organizations(user=helper) == []
    with pytest.raises(NotFound):
        enable(disabled, owner)
    assert domains.check_domain("acme", organization=beta) is not None
    again = founding.create_organization(user=acme.creator, name="Acme", actor=acme.creator.as_actor())
    assert again.name == "Acme"
    assert OutgoingMail.objects.get(kind="organization-deleted").recipient == "founder@example.com"


def test_given_deleted_when_the_job_ran_then_rows_and_files_are_gone_and_the_log_stays(
    acme, owner, shop, agent, beta_shop, stranger, settings
):
    factories.make_ticket(shop)
    others = factories.make_ticket(beta_shop)
    SignInRecord.objects.create(realm=acme.public_id, login_id="owner", user=owner.user, result=SignInResult.OK)
    with organization_scope(acme.pk):
        record_administrator(Operation.ADD_ADMINISTRATOR, owner, actor=acme.creator.as_actor())
    folder = Path(settings.MEDIA_ROOT) / str(acme.pk) / "ab"
    folder.mkdir(parents=True)
    (folder / "abc").write_text("a")
    stop(shop)
    delete(disable(acme))

    run_jobs()
    removal.clear_away(acme.pk)  # a second time does nothing

    assert not Organization._base_manager.filter(pk=acme.pk).exists()
    assert not User.objects.filter(realm=acme.public_id).exists()
    assert not SignInRecord.objects.filter(realm=acme.public_id).exists()
    assert not folder.exists()
    assert User.objects.filter(pk=acme.creator_id).exists()
    assert PermissionChange._base_manager.filter(organization_id=acme.pk).count() == 1
    kept = AuditEntry._base_manager.filter(organization_id=acme.pk).values_list("action", flat=True)
    assert {"organizations.deleted", "organizations.cleared_away"} <= set(kept)
    others.refresh_from_db()
    assert User.objects.filter(pk=stranger.member.user_id).exists()


def test_given_living_organization_when_the_job_runs_then_nothing_happens(acme, owner):
    removal.clear_away(acme.pk)
    assert Organization.objects.filter(pk=acme.pk).exists()
    with organization_scope(acme.pk):
        assert IamMember.objects.count() == 1


def test_given_more_rows_than_a_batch_when_cleared_then_all_go(acme, shop, monkeypatch):
    monkeypatch.setattr(removal, "BATCH", 2)
    for _ in range(5):
        factories.make_ticket(shop)
    stop(shop)
    delete(disable(acme))
    removal.clear_away(acme.pk)
    assert not Service._base_manager.filter(organization_id=acme.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_given_deletion_and_enabling_at_once_then_one_wins_and_nothing_is_half_done():
    for _ in range(4):
        organization = factories.make_organization(activated_at=None)
        owner = factories.make_iam_member(organization)
        outcomes = together(
            lambda one=organization: delete(one, still_used=unused),
            lambda one=organization, who=owner: enable(one, who),
        )
        left = Organization._base_manager.get(pk=organization.pk)
        if left.deleted_at:
            assert isinstance(outcomes[1], NotFound)
            assert (left.domain, left.activated_at) == (None, None)
        else:
            assert isinstance(outcomes[0], errors.StillEnabled)
            assert left.is_active


def add(organization):
    with organization_scope(organization.pk):
        return add_service(organization_id=organization.pk, service_id="draft", name="초안", actor=SYSTEM)


def contract(service):
    with organization_scope(service.organization_id):
        return contracts.register_contract(service_pk=service.pk, items=[], actor=SYSTEM)


@pytest.mark.parametrize(("gone", "refusal"), [(False, errors.NotEnabled), (True, NotFound)])
def test_given_disabled_or_deleted_when_service_is_added_contracted_or_brought_back_then_refused(acme, gone, refusal):
    draft, stopped = add(acme), factories.make_service(acme, service_id="old", name="예전")
    stop(stopped)
    disable(acme)
    if gone:
        delete(acme)
    queued_before = len(queued())

    for wanted in (
        lambda: add(acme),
        lambda: contract(draft),
        lambda: recover(stopped),
    ):
        with pytest.raises(refusal):
            wanted()

    states = Service._base_manager.filter(organization_id=acme.pk).values_list("service_id", "state")
    assert set(states) == {("draft", ServiceState.CREATE), ("old", ServiceState.STOPPED)}
    assert len(queued()) == queued_before


def recover(service):
    with organization_scope(service.organization_id):
        return contracts.recover_service(service_pk=service.pk, actor=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_given_disabling_and_contracting_at_once_then_one_wins_and_no_service_is_in_use_unreachably():
    for _ in range(4):
        organization = factories.make_organization()
        draft = add(organization)
        outcomes = together(lambda one=organization: disable(one), lambda one=draft: contract(one))
        if Organization.objects.get(pk=organization.pk).is_active:
            assert isinstance(outcomes[0], errors.StillUsed)
        else:
            assert isinstance(outcomes[1], errors.NotEnabled)
            assert Service._base_manager.get(pk=draft.pk).state == ServiceState.CREATE


def test_given_organization_or_service_gone_when_their_jobs_run_then_they_end_quietly(acme, agent, shop):
    draft = add(acme)
    with organization_scope(acme.pk):
        contracts.delete_draft(service_pk=draft.pk, actor=SYSTEM)
        members.remove_iam_member(organization=acme, member_id=agent.member_id, actor=SYSTEM)
    stop(shop)
    delete(disable(acme))
    names = {job.task_name for job in queued()}
    assert {"tickets.create_default_category", "services.remove_agents_of_member"} <= names
    removal.clear_away(acme.pk)

    run_jobs()

    assert queued() == []


@pytest.mark.parametrize("page", ["settings/domain/", "settings/disable/", "settings/delete/"])
def test_given_organization_in_use_when_a_change_with_consequences_is_opened_then_inside_the_frame_of_the_console(
    platform_client, acme, page
):
    platform_client.force_login(acme.creator)

    opened = platform_client.get(f"/console/{acme.public_id}/{page}").text

    assert opened.count("<h1") == 1
    assert 'id="content"' in opened
    assert f'href="/console/{acme.public_id}/members/"' in opened
