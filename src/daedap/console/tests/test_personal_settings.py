"""Personal settings: assignment switches and the own password (spec 10, 5.11)."""

import pytest
from django.contrib.auth import SESSION_KEY

from daedap.accounts.links import SET_PASSWORD_LIFETIME, issue_link
from daedap.accounts.models import LinkKind, MailLink
from daedap.audit.models import AuditEntry, PermissionChange
from daedap.services.models import Agent
from tests.factories import PASSWORD, make_agent, make_iam_member, make_service

ME, PAGE, ASSIGNMENT = "/console/me/", "/console/me/password/", "/console/me/assignment/"
NEW = "River?58q"


def text(response):
    return response.content.decode()


def takes(agent):
    return Agent._base_manager.get(pk=agent.pk).takes_tickets


# --- Assignment ----------------------------------------------------------------------------------


def test_given_assignment_control_off_when_opened_and_forged_then_disabled_and_refused_A78(acme, agent, client_of):
    client = client_of(acme, agent)
    page = text(client.get(ME))
    switch = page.split(f'id="assignment_{agent.pk}"')[1].split(">")[0]
    assert "checked" in switch
    assert "disabled" in switch
    assert "티켓 할당: 쇼핑몰" in page
    assert client.post(ASSIGNMENT, {"service": "shop"}).status_code == 403
    assert takes(agent) is True
    assert AuditEntry._base_manager.count() == 0


def test_given_assignment_control_on_when_switched_then_saved_for_this_service_only(acme, shop, client_of):
    agent = make_agent(shop, "kim", controls_assignment=True)
    other = make_agent(make_service(acme, "other"), member=agent.member, controls_assignment=True)
    client = client_of(acme, agent)
    switch = text(client.get(ME)).split(f'id="assignment_{agent.pk}"')[1].split(">")[0]
    assert "checked" in switch
    assert "disabled" not in switch
    assert client.post(ASSIGNMENT, {"service": "shop"}).url == ME
    assert (takes(agent), takes(other)) == (False, True)
    assert client.post(ASSIGNMENT, {"service": "shop", "takes_tickets": "on"}).url == ME
    assert takes(agent) is True
    assert [entry.facts["takes_tickets"] for entry in AuditEntry._base_manager.order_by("pk")] == [False, True]
    assert PermissionChange._base_manager.count() == 0  # nobody gave or took a right


@pytest.mark.parametrize("service", ["", "nowhere", "shop", "x\x00", "s" * 400])
def test_given_a_service_one_does_not_work_in_when_switched_then_404(acme, shop, client_of, service):
    client = client_of(acme, make_iam_member(acme, "nothing"))
    assert client.post(ASSIGNMENT, {"service": service}).status_code == 404


def test_given_the_agents_row_number_of_somebody_else_when_sent_along_then_it_counts_for_nothing(acme, shop, client_of):
    agent = make_agent(shop, "kim", controls_assignment=True)
    victim = make_agent(shop, "lee", controls_assignment=True)
    client_of(acme, agent).post(ASSIGNMENT, {"service": "shop", "agent": victim.pk, "member": victim.member.pk})
    assert (takes(agent), takes(victim)) == (False, True)


def test_given_no_service_when_opened_then_no_switches(acme, owner, client_of):
    assert "assignment_" not in text(client_of(acme, owner).get(ME))


def test_given_control_switched_on_by_an_administrator_then_the_agent_may(acme, shop, administrator, agent, client_of):
    theirs = client_of(acme, administrator)
    group = Agent._base_manager.get(pk=agent.pk).groups.through._base_manager.first().group_id
    data = {"role": agent.role, "groups": [group], "takes_tickets": "on", "controls_assignment": "on"}
    assert theirs.post(f"/shop/agents/{agent.pk}/", data).url == "/shop/agents/"
    assert client_of(acme, agent).post(ASSIGNMENT, {"service": "shop"}).url == ME
    assert takes(agent) is False
    assert "할당 OFF" in text(theirs.get("/shop/agents/"))


# --- Password ------------------------------------------------------------------------------------


def given(**facts):
    return {"current": PASSWORD, "password": NEW, "again": NEW} | facts


def test_given_the_current_password_when_changed_then_this_session_stays_and_others_end(acme, agent, client_of):
    here, elsewhere = client_of(acme, agent), client_of(acme, agent)
    issue_link(kind=LinkKind.SET_PASSWORD, lifetime=SET_PASSWORD_LIFETIME, user=agent.member.user)
    session = here.session.session_key
    assert here.post(PAGE, given()).url == ME
    agent.member.user.refresh_from_db()
    assert agent.member.user.check_password(NEW)
    assert here.get(ME).status_code == 200
    assert here.session[SESSION_KEY]
    assert here.session.session_key != session
    assert elsewhere.get(ME).status_code == 302
    assert MailLink.objects.get().voided_at is not None
    assert AuditEntry._base_manager.get(action="accounts.password_set").facts == {"by": "self"}


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"current": "Wrong!72x"}, "현재 비밀번호가 일치하지 않습니다."),
        ({"current": ""}, "필수"),
        ({"again": NEW + "x"}, "서로 다릅니다"),
        ({"password": "short1!", "again": "short1!"}, "8"),
        ({"password": PASSWORD, "again": PASSWORD}, "이전 비밀번호"),
        ({"password": "Agent!72x", "again": "Agent!72x"}, "아이디"),
    ],
)
def test_given_a_broken_rule_when_changed_then_refused_and_nothing_typed_comes_back(
    acme, agent, client_of, facts, sentence
):
    client = client_of(acme, agent)
    response = client.post(PAGE, given(**facts))
    assert response.status_code == 422
    assert sentence in text(response)
    assert NEW not in text(response)
    assert PASSWORD not in text(response)
    agent.member.user.refresh_from_db()
    assert agent.member.user.check_password(PASSWORD)
    assert client.get(ME).status_code == 200


def test_given_five_wrong_current_passwords_when_the_right_one_comes_then_locked(acme, agent, client_of):
    client = client_of(acme, agent)
    for _ in range(5):
        assert client.post(PAGE, given(current="Wrong!72x")).status_code == 422
    response = client.post(PAGE, given())
    assert response.status_code == 422
    agent.member.user.refresh_from_db()
    assert agent.member.user.check_password(PASSWORD)
