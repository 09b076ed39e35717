import threading
from datetime import date

import pytest
import time_machine
from django.db import connection

from daedap.audit.models import AuditEntry
from daedap.core import events
from daedap.core.actors import SYSTEM
from daedap.core.errors import NotFound
from daedap.core.scoping import organization_scope, service_scope
from daedap.files.models import StoredFile
from daedap.services import contracts
from daedap.services.actions import add_service
from daedap.services.contract_items import ITEMS, list_offered
from daedap.services.models import ContractItem, ItemUse, Service, ServiceState, ServiceType
from daedap.services.rules import ServiceRefused
from tests.factories import make_agent, make_iam_member, make_organization, make_service

MORNING, EVENING = "2026-05-10T10:00:00+09:00", "2026-05-10T15:00:00+09:00"


def items(service):
    with service_scope(service.organization_id, service.pk):
        return set(ContractItem.objects.values_list("code", flat=True))


def days(service, code):
    with organization_scope(service.organization_id):
        uses = ItemUse.objects.filter(service_pk=service.pk, code=code).order_by("pk")
        return [(use.first_day.day, use.last_day and use.last_day.day) for use in uses]


def facts(service):
    return {
        name: value for name, value in vars(Service._base_manager.get(pk=service.pk)).items() if name != "_state"
    } | {"items": items(service), "audit": AuditEntry._base_manager.count()}


@pytest.fixture
def draft(open_acme):
    return add_service(organization_id=open_acme.pk, service_id="shop", name="쇼핑몰", actor=SYSTEM)


@pytest.fixture
def contracted(draft):
    with time_machine.travel("2026-05-01T09:00:00+09:00", tick=False):
        return contracts.register_contract(service_pk=draft.pk, items=["helpdoc"], actor=SYSTEM)


def change(service, *codes):
    return contracts.change_contract_items(service_pk=service.pk, items=codes, actor=SYSTEM)


def test_given_draft_when_contracted_then_in_use_with_items_and_told(draft, monkeypatch):
    published = []
    monkeypatch.setattr(events, "publish", lambda event, **ids: published.append((event, ids["service_id"])))
    with time_machine.travel(MORNING, tick=False):
        service = contracts.register_contract(service_pk=draft.pk, items=["helpdoc", "chat"], actor=SYSTEM)
    service.refresh_from_db()
    assert service.state == ServiceState.IN_USE
    assert service.contracted_at.isoformat() == "2026-05-10T01:00:00+00:00"
    assert items(service) == {"ticket", "helpdoc", "chat"}
    assert days(service, "chat") == [(10, None)]
    assert published == [("services.contract_changed", draft.pk), ("services.state_changed", draft.pk)]
    entry = AuditEntry._base_manager.get(action="services.contract_registered")
    assert entry.facts["items"] == ["chat", "helpdoc", "ticket"]


def test_given_contract_when_registered_again_then_refused_and_unchanged(contracted):
    before = facts(contracted)
    with pytest.raises(contracts.ContractRefused):
        contracts.register_contract(service_pk=contracted.pk, items=["chat"], actor=SYSTEM)
    assert facts(contracted) == before


@pytest.mark.parametrize("code", ["ticketevaluation", "nothing", ""])
def test_given_item_not_offered_when_contracted_then_refused_and_unchanged(draft, code):
    before = facts(draft)
    with pytest.raises(contracts.ItemsRefused):
        contracts.register_contract(service_pk=draft.pk, items=[code], actor=SYSTEM)
    assert facts(draft) == before


def test_given_issue_service_when_items_listed_then_its_six():
    offered = {item.code for item in list_offered(ServiceType.ISSUE)}
    assert offered == {"ticket", "knowledge", "smssend", "smssendingstatus", "issuetransferstatistics", "security"}
    assert len(list_offered(ServiceType.CONSULTATION)) == len(ITEMS) - 1


def test_given_contract_when_ticket_left_out_then_it_stays_A60(contracted):
    with time_machine.travel(MORNING, tick=False):
        assert change(contracted, "chat") is True
    assert items(contracted) == {"ticket", "chat"}


def test_given_edit_today_when_edited_again_then_9015_and_unchanged_A61(contracted):
    with time_machine.travel(MORNING, tick=False):
        change(contracted, "chat")
    before = facts(contracted)
    with time_machine.travel(EVENING, tick=False), pytest.raises(contracts.AlreadyChangedToday) as refused:
        change(contracted, "chat", "helpdoc")
    assert (refused.value.code, refused.value.key) == (9015, "billing.setting.today.already.changed")
    assert facts(contracted) == before


def test_given_edit_one_minute_before_midnight_in_seoul_when_edited_after_it_then_accepted_A62(contracted):
    with time_machine.travel("2026-05-10T23:59:00+09:00", tick=False):
        change(contracted, "chat")
    with time_machine.travel("2026-05-11T00:01:00+09:00", tick=False):
        assert change(contracted, "helpdoc") is True
    assert items(contracted) == {"ticket", "helpdoc"}


def test_given_first_contract_today_when_edited_then_accepted_and_nothing_changed_does_not_count_A61(draft):
    with time_machine.travel(MORNING, tick=False):
        contracts.register_contract(service_pk=draft.pk, items=["chat"], actor=SYSTEM)
        assert change(draft, "chat") is False  # a save without a change
        assert change(draft, "helpdoc") is True
        assert change(draft, "helpdoc", "ticket") is False  # the same, after the edit of the day
    assert items(draft) == {"ticket", "helpdoc"}


def test_given_edit_today_when_state_switched_then_accepted_A63(contracted):
    with time_machine.travel(MORNING, tick=False):
        change(contracted, "chat")
        assert contracts.pause_service(service_pk=contracted.pk, actor=SYSTEM).state == ServiceState.PAUSED
        assert contracts.resume_service(service_pk=contracted.pk, actor=SYSTEM).state == ServiceState.IN_USE


def test_given_edit_in_one_service_when_other_edited_then_accepted(open_acme, contracted):
    other = make_service(open_acme)
    with time_machine.travel(MORNING, tick=False):
        assert change(contracted, "chat")
        assert change(other, "chat")


def test_given_item_off_and_on_when_days_read_then_each_day_of_use_is_there_once(contracted):
    assert days(contracted, "helpdoc") == [(1, None)]
    with time_machine.travel(MORNING, tick=False):
        change(contracted, "chat")
    assert days(contracted, "helpdoc") == [(1, 10)]  # used on the 10th, so billed for the 10th
    with time_machine.travel("2026-05-12T10:00:00+09:00", tick=False):
        change(contracted, "helpdoc")
    assert days(contracted, "helpdoc") == [(1, 10), (12, None)]
    assert days(contracted, "chat") == [(10, 12)]
    assert days(contracted, "ticket") == [(1, None)]


def test_given_draft_when_switched_or_terminated_then_refused_and_unchanged(draft):
    before = facts(draft)
    for action in (contracts.pause_service, contracts.resume_service, contracts.terminate_service):
        with pytest.raises(contracts.ContractRefused):
            action(service_pk=draft.pk, actor=SYSTEM)
    with pytest.raises(contracts.ContractRefused):
        change(draft, "chat")
    assert facts(draft) == before


def test_given_paused_when_paused_again_then_nothing_is_written(contracted):
    contracts.pause_service(service_pk=contracted.pk, actor=SYSTEM)
    before = facts(contracted)
    contracts.pause_service(service_pk=contracted.pk, actor=SYSTEM)
    with pytest.raises(contracts.ContractRefused):
        change(contracted, "chat")
    assert facts(contracted) == before


def test_given_service_in_use_when_terminated_then_enable_and_unchanged_A64(contracted):
    before = facts(contracted)
    with pytest.raises(contracts.StillInUse) as refused:
        contracts.terminate_service(service_pk=contracted.pk, actor=SYSTEM)
    assert refused.value.key == "ENABLE"
    assert facts(contracted) == before


def test_given_paused_when_days_pass_then_use_goes_on_A65(contracted):
    contracts.pause_service(service_pk=contracted.pk, actor=SYSTEM)
    assert days(contracted, "ticket") == [(1, None)]


def test_given_paused_when_terminated_then_stopped_and_use_ends_that_day_A66(contracted):
    with time_machine.travel(MORNING, tick=False):
        contracts.pause_service(service_pk=contracted.pk, actor=SYSTEM)
        service = contracts.terminate_service(service_pk=contracted.pk, actor=SYSTEM)
    assert service.state == ServiceState.STOPPED
    assert days(contracted, "ticket") == [(1, 10)]
    with pytest.raises(NotFound):
        contracts.resume_service(service_pk=contracted.pk, actor=SYSTEM)


def test_given_terminated_when_recovered_the_same_day_then_paused_and_no_day_counts_twice(contracted):
    with time_machine.travel(MORNING, tick=False):
        contracts.pause_service(service_pk=contracted.pk, actor=SYSTEM)
        contracts.terminate_service(service_pk=contracted.pk, actor=SYSTEM)
    with time_machine.travel(EVENING, tick=False):
        service = contracts.recover_service(service_pk=contracted.pk, actor=SYSTEM)
    assert (service.state, service.stopped_at) == (ServiceState.PAUSED, None)
    assert items(service) == {"ticket", "helpdoc"}
    assert days(service, "ticket") == [(1, None)]
    with pytest.raises(NotFound):
        contracts.recover_service(service_pk=contracted.pk, actor=SYSTEM)


def test_given_terminated_30_days_ago_when_purged_then_gone_with_its_rows_and_its_id_is_free_again(
    open_acme, contracted
):
    make_agent(contracted)
    owned = {"organization_id": open_acme.pk, "service_id": contracted.pk}
    StoredFile.objects.create(public_id="a" * 32, name="a", size=1, content_type="x", sha256="", path="x", **owned)
    with time_machine.travel(MORNING, tick=False):
        contracts.pause_service(service_pk=contracted.pk, actor=SYSTEM)
        contracts.terminate_service(service_pk=contracted.pk, actor=SYSTEM)
    with time_machine.travel("2026-06-09T09:59:00+09:00", tick=False):
        assert contracts.purge_terminated_services() == 0
        with pytest.raises(ServiceRefused):
            add_service(organization_id=open_acme.pk, service_id="SHOP", name="다른 이름", actor=SYSTEM)
    with time_machine.travel("2026-06-09T10:01:00+09:00", tick=False):
        assert contracts.purge_terminated_services() == 1
        assert contracts.purge_terminated_services() == 0
    assert not Service._base_manager.filter(pk=contracted.pk).exists()
    assert not ContractItem._base_manager.filter(service_id=contracted.pk).exists()
    assert not StoredFile.objects.exists()
    assert days(contracted, "ticket") == [(1, 10)]  # still to be charged
    add_service(organization_id=open_acme.pk, service_id="SHOP", name="쇼핑몰", actor=SYSTEM)


def test_given_draft_when_deleted_then_gone_and_a_contracted_one_is_refused(open_acme, draft):
    contracts.delete_draft(service_pk=draft.pk, actor=SYSTEM)
    assert not Service.objects.exists()
    again = add_service(organization_id=open_acme.pk, service_id="shop", name="쇼핑몰", actor=SYSTEM)
    contracts.register_contract(service_pk=again.pk, items=[], actor=SYSTEM)
    with pytest.raises(contracts.ContractRefused):
        contracts.delete_draft(service_pk=again.pk, actor=SYSTEM)
    assert Service.objects.get() == again


def test_given_service_of_other_organization_when_touched_then_not_found_A82(open_acme, beta_shop):
    before = facts(beta_shop)
    for action in (
        contracts.pause_service,
        contracts.resume_service,
        contracts.terminate_service,
        contracts.recover_service,
        contracts.delete_draft,
    ):
        with pytest.raises(NotFound):
            action(service_pk=beta_shop.pk, actor=SYSTEM)
    for action in (contracts.register_contract, contracts.change_contract_items):
        with pytest.raises(NotFound):
            action(service_pk=beta_shop.pk, items=["chat"], actor=SYSTEM)
    assert facts(beta_shop) == before


@pytest.mark.django_db(transaction=True)
def test_given_two_at_once_when_editing_then_one_wins_A61():
    service = make_service(make_organization())
    start, results = threading.Barrier(2), []

    def edit(code):
        try:
            with organization_scope(service.organization_id):
                start.wait()
                change(service, code)
            results.append(code)
        except contracts.AlreadyChangedToday:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=edit, args=[code]) for code in ("chat", "helpdoc")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("refused") == 1
    assert items(service) == {"ticket", *results} - {"refused"}


def test_given_moment_when_asked_for_its_day_then_that_of_seoul():
    with time_machine.travel("2026-05-10T15:00:00+00:00", tick=False):
        assert contracts.billing_day() == date(2026, 5, 11)


def test_given_member_without_service_when_service_terminated_then_agents_keep_their_identity(open_acme, contracted):
    """Purging a service never takes IAM members with it."""
    member = make_iam_member(open_acme, "kim")
    make_agent(contracted, member=member)
    Service.objects.filter(pk=contracted.pk).update(state=ServiceState.STOPPED, stopped_at="2020-01-01T00:00:00Z")
    assert contracts.purge_terminated_services() == 1
    member.refresh_from_db()
    assert member.user.login_id == "kim"
