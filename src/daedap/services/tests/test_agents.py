import threading

import pytest
from django.db import connection

from daedap.audit.models import AuditEntry
from daedap.core import events
from daedap.core.actors import SYSTEM
from daedap.core.errors import Conflict, NotFound
from daedap.core.scoping import service_scope
from daedap.organizations.models import MemberStatus
from daedap.services.actions import (
    AgentRefused,
    LastAdministrator,
    add_agent,
    change_agent,
    remove_agent,
)
from daedap.services.models import Agent, Group, Role, Service, ServiceState
from daedap.services.selectors import list_candidates
from tests.factories import make_agent, make_iam_member, make_organization, make_service

AGENTS, ADD = "/shop/agents/", "/shop/agents/add/"


def text(response):
    return response.content.decode()


def entries(prefix="services.agent"):
    return list(AuditEntry._base_manager.filter(action__startswith=prefix).order_by("pk"))


@pytest.fixture
def group(shop):
    with service_scope(shop.organization_id, shop.pk):
        return Group.objects.get()


@pytest.fixture
def kim(acme):
    return make_iam_member(acme, "kim", name="김상담", email="kim@shop.example")


def the_agent(shop, member):
    with service_scope(shop.organization_id, shop.pk):
        return Agent.objects.get(member=member)


def given(kim, group, **facts):
    return {"member": kim.pk, "role": Role.AGENT.value, "groups": [group.pk]} | facts


def test_given_owner_without_role_when_adding_then_member_is_agent_with_defaults_A51(
    acme, owner, shop, kim, group, client_of, monkeypatch
):
    published = []
    monkeypatch.setattr(events, "publish", lambda event, **ids: published.append((event, ids)))
    client = client_of(acme, owner, REMOTE_ADDR="203.0.113.7")
    assert client.get(AGENTS).status_code == 200
    assert client.post(ADD, given(kim, group)).url == AGENTS
    agent = the_agent(shop, kim)
    assert (agent.name, agent.role) == ("김상담", Role.AGENT)
    assert (agent.may_tickets, agent.takes_tickets) == (True, True)
    assert (agent.may_hand_over, agent.may_read_access_log, agent.controls_assignment) == (False, False, False)
    (entry,) = entries()
    assert (entry.action, entry.organization_id, entry.service_id) == ("services.agent_added", acme.pk, shop.pk)
    assert (entry.actor_id, entry.ip) == (owner.user.pk, "203.0.113.7")
    assert entry.facts == {
        "name": "김상담",
        "before": [],
        "after": ["ROLE_FRONT_AGENT", "ticket", "assignment"],
    }
    ids = {"organization_id": acme.pk, "service_id": shop.pk, "agent_id": agent.pk}
    assert published == [("services.agent_added", ids)]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"groups": []}, "그룹을 하나 이상 선택해 주세요."),  # B50
        ({"role": "ROLE_ROOT"}, "d-error"),
        ({"member": ""}, "목록에서 멤버를 선택해 주세요."),
        ({"member": 0}, "d-error"),
        ({"groups": [0]}, "d-error"),
    ],
)
def test_given_bad_fact_when_adding_then_422_and_nothing_changes(
    acme, owner, shop, kim, group, client_of, facts, sentence
):
    response = client_of(acme, owner).post(ADD, given(kim, group) | facts)
    assert response.status_code == 422
    assert sentence in text(response)
    assert not Agent._base_manager.exists()
    assert not entries()


def test_given_foreign_member_or_group_when_adding_then_refused(acme, owner, shop, kim, group, stranger, client_of):
    with service_scope(stranger.organization_id, stranger.service_id):
        foreign_group = Group.objects.get()
    client = client_of(acme, owner)
    assert client.post(ADD, given(stranger.member, group)).status_code == 422
    assert client.post(ADD, given(kim, foreign_group)).status_code == 422
    with service_scope(shop.organization_id, shop.pk):
        with pytest.raises(AgentRefused):
            add_agent(service=shop, member_id=stranger.member_id, role=Role.AGENT, group_ids=[group.pk], actor=SYSTEM)
        with pytest.raises(AgentRefused):
            add_agent(service=shop, member_id=kim.pk, role=Role.AGENT, group_ids=[foreign_group.pk], actor=SYSTEM)
        assert not Agent.objects.exists()


def test_given_search_when_adding_then_only_matching_members_who_are_not_agents(
    acme, owner, agent, kim, beta, client_of
):
    make_iam_member(beta, "kim")
    make_iam_member(acme, "gone", name="김퇴사", status=MemberStatus.LEFT)
    client = client_of(acme, owner)
    for search in ("상담", "KIM", "@shop.example"):
        page = text(client.get(ADD, {"q": search}))
        assert "김상담 · kim · kim@shop.example" in page
        assert page.count('name="member"') == 1
    assert "검색 결과가 없습니다" in text(client.get(ADD, {"q": "김퇴사"}))
    assert "검색 결과가 없습니다" in text(client.get(ADD, {"q": agent.name}))
    empty = client.get(ADD, {"q": " "})
    assert empty.status_code == 422
    assert "이름, 계정, 이메일 중 하나를 입력해 주세요." in text(empty)


def test_given_removed_agent_when_added_again_then_same_row(open_shop, administrator, agent, group):
    remove_agent(service=open_shop, agent_id=agent.pk, actor=SYSTEM)
    assert agent.member in list_candidates()
    again = add_agent(service=open_shop, member_id=agent.member_id, role=Role.AGENT, group_ids=[group.pk], actor=SYSTEM)
    assert again.pk == agent.pk
    assert list(again.groups.all()) == [group]


def test_given_agent_when_role_changed_then_before_and_after_are_recorded_A73(
    acme, administrator, agent, shop, group, client_of
):
    client = client_of(acme, administrator, REMOTE_ADDR="203.0.113.9")
    data = {
        "role": Role.ADMINISTRATOR.value, "groups": [group.pk], "may_hand_over": "on", "takes_tickets": "on",
    }  # fmt: skip
    assert client.post(f"{AGENTS}{agent.pk}/", data).url == AGENTS
    agent.refresh_from_db()
    assert (agent.role, agent.may_hand_over) == (Role.ADMINISTRATOR, True)
    (entry,) = entries()
    assert (entry.action, entry.actor_kind, entry.actor_id) == ("services.agent_changed", "agent", administrator.pk)
    assert entry.ip == "203.0.113.9"
    assert entry.facts["before"] == ["ROLE_FRONT_AGENT", "ticket", "assignment"]
    assert entry.facts["after"] == ["ROLE_FRONT_ADMIN", "ticket", "hand_over", "assignment"]


def test_given_nothing_changed_when_saved_then_no_record(open_shop, administrator, agent, group):
    change_agent(
        service=open_shop, agent_id=agent.pk, role=agent.role, may_hand_over=False, group_ids=[group.pk], actor=SYSTEM
    )
    assert not entries()


def test_given_last_administrator_when_demoted_or_removed_then_refused(acme, administrator, agent, group, client_of):
    client = client_of(acme, administrator)
    data = {"role": Role.AGENT.value, "groups": [group.pk]}
    for path, sent in ((f"{AGENTS}{administrator.pk}/", data), (f"{AGENTS}{administrator.pk}/remove/", {})):
        response = client.post(path, sent)
        assert response.status_code == 422
        assert "관리자가 한 명 이상 있어야 합니다." in text(response)
    administrator.refresh_from_db()
    assert (administrator.role, administrator.removed_at) == (Role.ADMINISTRATOR, None)
    assert not entries()


def test_given_two_administrators_when_one_leaves_then_accepted(open_shop, administrator, agent):
    change_agent(service=open_shop, agent_id=agent.pk, role=Role.ADMINISTRATOR, actor=SYSTEM)
    remove_agent(service=open_shop, agent_id=administrator.pk, actor=SYSTEM)
    administrator.refresh_from_db()
    assert administrator.removed_at is not None
    assert not administrator.groups.exists()
    assert [entry.action for entry in entries()] == ["services.agent_changed", "services.agent_removed"]
    assert entries()[1].facts["after"] == []


def test_given_removed_agent_when_changed_then_not_found(open_shop, administrator, agent):
    remove_agent(service=open_shop, agent_id=agent.pk, actor=SYSTEM)
    for act in (
        lambda: remove_agent(service=open_shop, agent_id=agent.pk, actor=SYSTEM),
        lambda: change_agent(service=open_shop, agent_id=agent.pk, role=Role.AGENT, actor=SYSTEM),
    ):
        with pytest.raises(NotFound):
            act()


def test_given_removed_agent_when_next_page_opened_then_403(acme, shop, administrator, agent, client_of):
    client = client_of(acme, administrator)
    other = make_agent(shop, "other", role=Role.ADMINISTRATOR)
    assert client.get(AGENTS).status_code == 200
    client_of(acme, other).post(f"{AGENTS}{administrator.pk}/remove/")
    assert client.get(AGENTS).status_code == 403


def test_given_suspended_service_when_agent_added_then_refused(open_shop, kim, group):
    Service.objects.update(state=ServiceState.PAUSED)
    with pytest.raises(Conflict):
        add_agent(service=open_shop, member_id=kim.pk, role=Role.AGENT, group_ids=[group.pk], actor=SYSTEM)
    assert not Agent.objects.exists()


def test_given_viewers_when_agents_opened_then_only_administrators(acme, shop, owner, administrator, agent, client_of):
    expected = {owner: 200, administrator: 200, agent: 403, make_iam_member(acme, "plain"): 403}
    for who, status in expected.items():
        client = client_of(acme, who)
        for path in (AGENTS, ADD, f"{AGENTS}{agent.pk}/", f"{AGENTS}{agent.pk}/remove/"):
            assert client.get(path).status_code == status


def test_given_administrator_of_other_service_when_opened_then_403_A53(acme, shop, client_of):
    other = make_agent(make_service(acme, "club"), "club-admin", role=Role.ADMINISTRATOR)
    assert client_of(acme, other).get("/club/agents/").status_code == 200
    assert client_of(acme, other).get(AGENTS).status_code == 403


def test_given_other_tenants_agent_or_service_when_opened_then_404_A82(acme, owner, shop, beta, stranger, client_of):
    make_service(beta, "betaonly")
    client = client_of(acme, owner)
    assert client.get("/betaonly/agents/").status_code == 404
    assert client.get(f"{AGENTS}{stranger.pk}/").status_code == 404
    assert client.post(f"{AGENTS}{stranger.pk}/remove/").status_code == 404
    stranger.refresh_from_db()
    assert stranger.removed_at is None


def test_given_suspended_service_when_help_centre_opened_then_page_says_so(acme, shop, client_of):
    from django.shortcuts import render
    from django.test import RequestFactory

    request = RequestFactory().get("/", headers={"host": "acme.oc.localhost"})
    page = text(render(request, "services/paused.html", {"service": shop}))
    assert "서비스가 중지되었습니다." in page
    assert "쇼핑몰" in page


@pytest.mark.django_db(transaction=True)
def test_given_two_administrators_when_both_removed_at_once_then_one_stays():
    service = make_service(make_organization(), "shop")
    agents = [make_agent(service, role=Role.ADMINISTRATOR) for _ in range(2)]
    start, results = threading.Barrier(2), []

    def remove(agent):
        try:
            with service_scope(service.organization_id, service.pk):
                start.wait()
                remove_agent(service=service, agent_id=agent.pk, actor=SYSTEM)
            results.append("removed")
        except LastAdministrator:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=[agent]) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "removed"]
