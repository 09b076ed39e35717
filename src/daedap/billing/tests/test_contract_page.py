import pytest
import time_machine

from daedap.billing.models import ItemPrice, PriceTier
from daedap.core.scoping import organization_scope, service_scope
from daedap.services.models import ContractItem, Service, ServiceState, ServiceType
from tests.factories import make_service

PAGE = "/admin/services/shop/contract/"


def text(response):
    return response.content.decode()


def items(service):
    with service_scope(service.organization_id, service.pk):
        return set(ContractItem.objects.values_list("code", flat=True))


@pytest.fixture
def client(acme, owner, client_of):
    return client_of(acme, owner)


@pytest.fixture
def draft(acme):
    service = make_service(acme, "draft", state=ServiceState.CREATE, contracted_at=None)
    with service_scope(acme.pk, service.pk):
        ContractItem.objects.all().delete()
    return service


def test_given_draft_when_contract_registered_then_in_use_and_on_to_agents_A59(client, draft):
    page = text(client.get("/admin/services/draft/contract/"))
    assert "10,000원" in page
    assert "333원" in page
    response = client.post("/admin/services/draft/contract/", {"items": ["chat"], "op": "save"})
    assert response.url == "/draft/agents/"
    assert items(draft) == {"ticket", "chat"}
    assert Service._base_manager.get(pk=draft.pk).state == ServiceState.IN_USE


def test_given_contract_when_edited_twice_in_a_day_then_second_refused_A61(client, shop):
    with time_machine.travel("2026-05-10T10:00:00+09:00", tick=False):
        assert client.post(PAGE, {"items": ["chat"], "op": "save"}).url == "/admin/services/"
        assert client.post(PAGE, {"items": ["ticket", "chat"], "op": "save"}).status_code == 302  # no change
        response = client.post(PAGE, {"items": ["helpdoc"], "op": "save"})
    assert response.status_code == 422
    assert "하루에 한 번" in text(response)
    assert items(shop) == {"ticket", "chat"}


def test_given_ticket_unticked_when_saved_then_it_stays_A60(client, shop):
    page = text(client.get(PAGE))
    box = page[page.index('value="ticket"') :]
    assert "disabled" in box[: box.index(">")]
    client.post(PAGE, {"items": [], "op": "save"})
    assert items(shop) == {"ticket"}


def test_given_numbers_when_reckoned_then_estimate_only(client, shop):
    given = {"items": ["chat"], "users_ticket": "2", "volume_ticket": "3,100", "users_chat": "1", "op": "estimate"}
    part = text(client.post(PAGE, given, headers={"hx-request": "true"}))
    assert "<html" not in part
    assert "38,500원" in part  # (2 × 10,000 + 100 × 50 + 10,000) and 10 % VAT
    assert "3,500원" in part
    page = text(client.post(PAGE, given))  # without JavaScript
    assert "<html" in page
    assert "38,500원" in page
    assert items(shop) == {"ticket"}


@pytest.mark.parametrize("count", ["-1", "1000001", "1.5", "다섯", "1e3"])
def test_given_bad_count_when_reckoned_or_saved_then_said_and_nothing_changed(client, shop, count):
    given = {"items": ["chat"], "users_ticket": count}
    assert "0부터 1,000,000" in text(client.post(PAGE, given | {"op": "estimate"}, headers={"hx-request": "true"}))
    assert client.post(PAGE, given | {"op": "save"}).status_code == 422
    assert items(shop) == {"ticket"}


@pytest.mark.parametrize("code", ["ticketevaluation", "nothing"])
def test_given_item_not_offered_when_saved_then_refused(client, shop, code):
    assert client.post(PAGE, {"items": [code], "op": "save"}).status_code == 422
    assert items(shop) == {"ticket"}


def test_given_issue_service_when_opened_then_its_six_items(client, acme):
    make_service(acme, "issue", type=ServiceType.ISSUE)
    page = text(client.get("/admin/services/issue/contract/"))
    assert page.count('name="items"') == 6
    assert 'value="chat"' not in page


def test_given_suspended_service_when_saved_then_refused(client, acme, shop):
    with organization_scope(acme.pk):
        Service.objects.update(state=ServiceState.PAUSED)
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE, {"items": ["chat"], "op": "save"}).status_code == 422
    assert items(shop) == {"ticket"}


def test_given_price_changed_by_operator_when_opened_then_shown(platform_client, founder, client, shop):
    founder.is_staff = founder.is_superuser = True
    founder.save()
    platform_client.force_login(founder)
    price = ItemPrice.objects.get(code="ticket")
    tier = PriceTier.objects.get(item=price)
    address = f"/operator/billing/itemprice/{price.pk}/change/"
    given = {
        "monthly_base": "12345",
        "per_user": "on",
        "unit": "ticket",
        "included": "10",
        "tiers-TOTAL_FORMS": "1",
        "tiers-INITIAL_FORMS": "1",
        "tiers-0-id": tier.pk,
        "tiers-0-item": price.pk,
        "tiers-0-up_to": "",
        "tiers-0-unit_price": "7",
    }
    assert platform_client.post(address, given | {"tiers-0-up_to": "20"}).status_code == 200  # no last tier
    assert "12,345원" not in text(client.get(PAGE))
    assert platform_client.post(address, given).status_code == 302
    assert "12,345원" in text(client.get(PAGE))
