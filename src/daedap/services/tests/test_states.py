import pytest

from daedap.core.actors import SYSTEM
from daedap.core.errors import NotFound
from daedap.core.scoping import organization_scope, service_scope
from daedap.services.access import includes
from daedap.services.contracts import pause_service, resume_service, terminate_service
from daedap.services.models import Agent, ContractItem, Role, Service, ServiceState
from tests.factories import make_agent, make_service

LIST, STATE, END = "/admin/services/", "/admin/services/shop/state/", "/admin/services/shop/terminate/"


def text(response):
    return response.content.decode()


def state(service):
    return Service._base_manager.get(pk=service.pk).state


@pytest.fixture
def client(acme, owner, client_of):
    return client_of(acme, owner)


@pytest.fixture
def paused(shop):
    with organization_scope(shop.organization_id):
        return pause_service(service_pk=shop.pk, actor=SYSTEM)


@pytest.fixture
def stopped(paused):
    with organization_scope(paused.organization_id):
        return terminate_service(service_pk=paused.pk, actor=SYSTEM)


def test_given_service_when_suspended_and_used_again_then_asked_first_and_done(client, shop):
    assert "과금" in text(client.get(STATE))
    assert state(shop) == ServiceState.IN_USE
    assert client.post(STATE, {"to": "pause"}).url == LIST
    assert state(shop) == ServiceState.PAUSED
    assert "사용중지" in text(client.get(LIST))
    assert client.post(STATE, {"to": "inuse"}).url == LIST
    assert state(shop) == ServiceState.IN_USE


def test_given_paused_when_agent_opens_the_service_then_refused_and_the_tab_is_grey_A65(acme, paused, agent, client_of):
    client = client_of(acme, agent)
    page = client.get("/shop/tickets/")
    assert page.status_code == 403
    assert "서비스가 중지되었습니다." in text(page)
    assert "s-tab-off" in text(client.get("/console/me/"))


def test_given_paused_when_customer_comes_then_notice_and_public_api_403_A65(acme, paused, client_of):
    client = client_of(acme)
    for path in ("/shop/hc/", "/shop/hc/ticket/"):
        page = client.get(path)
        assert page.status_code == 503
        assert "서비스가 중지되었습니다." in text(page)
        assert client.post(path, {"subject": "a"}).status_code == 503
    assert client.get(f"/shop/api/v2/ticket/attachments/{'0' * 32}").status_code == 403


def test_given_paused_when_settings_opened_then_read_only(acme, paused, administrator, agent, client_of):
    client = client_of(acme, administrator)
    with service_scope(acme.pk, paused.pk):
        before = list(Agent.objects.order_by("pk").values())
    assert client.get("/shop/agents/").status_code == 200
    assert client.post(f"/shop/agents/{agent.pk}/", {"role": Role.ADMINISTRATOR}).status_code == 409
    assert client.post(f"/shop/agents/{agent.pk}/remove/").status_code == 409
    with service_scope(acme.pk, paused.pk):
        assert list(Agent.objects.order_by("pk").values()) == before


def test_given_paused_when_used_again_then_everything_is_back(acme, paused, agent, client_of):
    with organization_scope(acme.pk):
        resume_service(service_pk=paused.pk, actor=SYSTEM)
    page = client_of(acme, agent).get("/shop/tickets/")
    assert page.status_code == 200
    assert 's-tab-off"' not in text(page)
    assert client_of(acme).get("/shop/hc/").status_code == 200


def test_given_terminated_when_opened_then_gone_everywhere_A66(acme, stopped, owner, agent, administrator, client_of):
    assert client_of(acme).get("/shop/hc/").status_code == 404
    for who in (owner, agent, administrator):
        client = client_of(acme, who)
        assert client.get("/shop/tickets/").status_code == 404
        assert client.get("/shop/agents/").status_code == 404
    assert stopped.name not in text(client_of(acme, agent).get("/console/me/"))
    assert "shop" not in text(client_of(acme, owner).get(LIST))


def test_given_service_in_use_when_terminate_pressed_then_inactive_and_refused_A64(client, shop):
    assert f'href="{END}"' not in text(client.get(LIST))
    page = client.get(END)
    assert "disabled" in text(page)
    assert client.post(END, {"service_id": "shop"}).status_code == 422
    assert state(shop) == ServiceState.IN_USE


@pytest.mark.parametrize("typed", ["", "sho", "쇼핑몰", "other"])
def test_given_paused_when_wrong_id_typed_then_kept_A66(client, paused, typed):
    response = client.post(END, {"service_id": typed})
    assert response.status_code == 422
    assert state(paused) == ServiceState.PAUSED


def test_given_paused_when_id_typed_then_terminated_A66(client, paused):
    assert client.post(END, {"service_id": " SHOP "}).url == LIST
    assert state(paused) == ServiceState.STOPPED
    assert client.get(END).status_code == 404


def test_given_service_not_in_use_when_opened_then_nothing_works_and_it_can_be_deleted_A59(acme, client, client_of):
    draft = make_service(acme, "draft", state=ServiceState.CREATE, contracted_at=None)
    worker = client_of(acme, make_agent(draft, role=Role.ADMINISTRATOR))
    assert worker.get("/draft/tickets/").status_code == 403
    assert client_of(acme).get("/draft/hc/").status_code == 404
    page = text(client.get(LIST))
    assert "미사용" in page
    assert 'href="/admin/services/draft/state/"' not in page  # the toggle is disabled
    assert client.post("/admin/services/draft/state/", {"to": "inuse"}).status_code == 422
    assert client.post("/admin/services/draft/terminate/").url == LIST
    assert not Service._base_manager.filter(pk=draft.pk).exists()


def test_given_item_off_when_its_page_opened_then_404_and_back_when_on_again(shop):
    @includes("helpdoc")
    def page(request):
        return "page"

    with service_scope(shop.organization_id, shop.pk):
        with pytest.raises(NotFound):
            page(None)
        ContractItem.objects.create(organization_id=shop.organization_id, service=shop, code="helpdoc")
        assert page(None) == "page"


def test_given_terminated_service_when_operator_brings_it_back_then_paused(platform_client, founder, stopped, shop):
    founder.is_staff = founder.is_superuser = True
    founder.save()
    platform_client.force_login(founder)
    address = "/operator/services/service/"
    assert shop.name in text(platform_client.get(address))
    given = {"action": "recover", "_selected_action": [shop.pk]}
    answer = platform_client.post(address, given, follow=True)
    assert answer.status_code == 200
    assert state(shop) == ServiceState.PAUSED
    platform_client.post(address, given)
    assert state(shop) == ServiceState.PAUSED
