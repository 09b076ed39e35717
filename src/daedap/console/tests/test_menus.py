"""The menus around every page: the tabs of services and what Global Management holds (spec 10, section 5)."""

from __future__ import annotations

import re

import pytest

from daedap.services.models import Agent, Role, ServiceType
from tests import factories

COMPANY = "회사정보 관리"
LOG = "권한 변경 로그 관리"
CONTRACT = "계약 서비스 현황"


def rail(page):
    assert page.status_code == 200
    return re.findall(r'<span class="d-rail-label">([^<]+)</span>', page.text)


def tabs(page):
    return re.findall(r'<a class="s-tab"[^>]*>([^<]+)</a>', page.text)


@pytest.fixture
def issues(acme):
    return factories.make_service(acme, "issues", name="이슈", type=ServiceType.ISSUE)


def test_given_no_service_when_global_management_opened_then_two_entries_and_the_log_A80(acme, owner, client_of):
    assert rail(client_of(acme, owner).get("/admin/services/")) == [CONTRACT, "조직관리자", LOG]


def test_given_issue_service_open_when_global_management_opened_then_no_company_information_A80(
    acme, shop, issues, client_of
):
    chief = factories.make_iam_member(acme, "chief", is_administrator=True)
    client = client_of(acme, chief)
    for service, has_it in (("shop", True), ("issues", False), ("shop", True)):
        assert (COMPANY in rail(client.get(f"/{service}/agents/"))) is has_it
        page = client.get("/admin/services/")
        assert (COMPANY in rail(page)) is has_it
        assert tabs(page) == ["쇼핑몰" if service == "shop" else "이슈"]


def test_given_a_remembered_service_of_another_tenant_when_opened_then_the_own_oldest(
    acme, shop, owner, beta_shop, client_of
):
    client = client_of(acme, owner)
    session = client.session
    session["open_service"] = beta_shop.pk
    session.save()
    assert tabs(client.get("/admin/services/")) == ["쇼핑몰"]


def test_given_agents_and_administrators_of_a_service_when_looking_then_no_global_management(
    acme, shop, agent, administrator, client_of
):
    for who in (agent, administrator):
        labels = rail(client_of(acme, who).get("/shop/tickets/"))
        assert not {CONTRACT, COMPANY, LOG} & set(labels)


# --- Order of tabs ---------------------------------------------------------------------------------------------


@pytest.fixture
def three(acme, shop, agent):
    """Two more services in which the agent works."""
    for key, name in (("second", "둘째"), ("third", "셋째")):
        factories.make_agent(factories.make_service(acme, key, name=name), member=agent.member)
    return agent


def test_given_three_services_when_a_tab_is_moved_then_the_order_is_theirs_alone(acme, three, client_of):
    client = client_of(acme, three)
    assert tabs(client.get("/console/me/")) == ["쇼핑몰", "둘째", "셋째"]
    assert client.post("/console/me/tabs/", {"service": "third", "to": "left"}).status_code == 302
    assert tabs(client.get("/console/me/")) == ["쇼핑몰", "셋째", "둘째"]
    client.post("/console/me/tabs/", {"service": "shop", "to": "right"})
    assert tabs(client.get("/shop/tickets/")) == ["셋째", "쇼핑몰", "둘째"]
    assert client.get("/").headers["Location"] == "/third/tickets/"
    client.post("/console/me/tabs/", {"service": "third", "to": "left"})
    assert tabs(client.get("/console/me/")) == ["셋째", "쇼핑몰", "둘째"]
    colleague = factories.make_agent(three.service, "colleague")
    factories.make_agent(Agent._base_manager.get(service__service_id="third").service, member=colleague.member)
    assert tabs(client_of(acme, colleague).get("/console/me/")) == ["쇼핑몰", "셋째"]


@pytest.mark.parametrize("service", ["other", "nothing", ""])
def test_given_a_service_one_does_not_work_in_when_its_tab_is_moved_then_404(acme, three, client_of, service):
    factories.make_service(acme, "other")
    answer = client_of(acme, three).post("/console/me/tabs/", {"service": service, "to": "left"})
    assert answer.status_code == 404
    assert set(Agent._base_manager.values_list("tab_place", flat=True)) == {0}


# --- Managing without a role -----------------------------------------------------------------------------------


def test_given_who_only_manages_the_organization_when_tickets_are_opened_then_told_how_to_get_in_A51(
    acme, shop, owner, client_of
):
    chief = factories.make_iam_member(acme, "chief", is_administrator=True)
    for who in (owner, chief):
        client = client_of(acme, who)
        for path in ("/shop/tickets/", "/shop/settings/member-integration/"):
            page = client.get(path)
            assert page.status_code == 403
            assert 'href="/shop/agents/"' in page.text
            assert "본인을 관리자로 추가" in page.text
            assert page.text.count("<h1") == 1
        assert client.get("/shop/agents/").status_code == 200


def test_given_organization_administrator_without_role_when_settings_are_opened_then_refused_A52(acme, shop, client_of):
    chief = factories.make_iam_member(acme, "chief", is_administrator=True)
    client = client_of(acme, chief)
    before = client.post("/shop/settings/member-integration/", {"enabled": "on"})
    assert before.status_code == 403


def test_given_administrator_of_one_service_when_settings_of_another_are_opened_then_refused_A53(
    acme, shop, administrator, client_of
):
    other = factories.make_service(acme, "other")
    client = client_of(acme, administrator)
    for path in ("tickets/", "settings/member-integration/", "settings/help-center/composition/", "agents/"):
        page = client.get(f"/{other.service_id}/{path}")
        assert page.status_code == 403
        assert "본인을 관리자로 추가" not in page.text


def test_given_an_owner_who_added_themselves_when_tickets_are_opened_then_open_A51(acme, shop, owner, client_of):
    factories.make_agent(shop, member=owner, role=Role.ADMINISTRATOR)
    assert client_of(acme, owner).get("/shop/tickets/").status_code == 200
