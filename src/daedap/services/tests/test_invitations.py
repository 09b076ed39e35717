"""Invitations from Service Management → Agents, and what they mean for agents (spec 10, 5.5 and Q14)."""

import pytest

from daedap.audit.models import Operation, PermissionChange
from daedap.core.scoping import service_scope
from daedap.organizations.models import IamMember, MemberStatus
from daedap.services.models import Agent, Role
from tests.factories import make_agent, make_iam_member
from tests.jobs import run_jobs

LIST = "/admin/administrators/"
ADD = f"{LIST}add/"
INVITE = f"{LIST}invite/"
NEW = {"name": "박초대", "login_id": "park", "email": "park@shop.example"}
AGENTS = "/shop/agents/"


def text(response):
    return response.content.decode()


def changes():
    return list(PermissionChange._base_manager.order_by("pk"))


def fresh(member):
    return IamMember._base_manager.select_related("user").get(pk=member.pk)


def find(login_id):
    return IamMember._base_manager.select_related("user").filter(user__login_id=login_id).first()


@pytest.fixture
def client(acme, owner, client_of):
    """An organization administrator's browser."""
    return client_of(acme, make_iam_member(acme, "head", name="오관리", is_administrator=True))


def test_given_an_invited_agent_when_cancelled_then_out_of_the_service_too(client, acme, shop, administrator):
    client.post(INVITE, NEW)
    park = find("park")
    agent = make_agent(shop, member=park)
    client.post(f"{LIST}{park.pk}/cancel/")
    run_jobs()
    assert fresh(park).status == MemberStatus.LEFT
    assert Agent._base_manager.get(pk=agent.pk).removed_at is not None
    with service_scope(acme.pk, shop.pk):
        assert list(Agent.objects.filter(removed_at=None)) == [administrator]
    (row,) = changes()
    assert (row.operation, row.target_account, row.after) == (Operation.REMOVE, "park", [])


def test_given_a_service_administrator_when_inviting_from_agents_then_own_invitations_only_Q14(
    client, acme, shop, administrator, client_of
):
    theirs = client_of(acme, administrator)
    assert theirs.post(f"{AGENTS}invite/", NEW).url == f"{AGENTS}add/?q=park"
    client.post(INVITE, NEW | {"login_id": "choi", "name": "최초대"})
    park, choi = find("park"), find("choi")
    page = text(theirs.get(AGENTS))
    assert "박초대" in page
    assert "최초대" not in page
    for done in ("again", "cancel"):
        assert theirs.post(f"{AGENTS}invitations/{choi.pk}/{done}/").status_code == 404
    assert theirs.post(f"{AGENTS}invitations/{park.pk}/again/").url == AGENTS
    assert "최초대" in text(client.get(AGENTS))
    assert "박초대" in text(client.get(AGENTS))
    # an organization administrator is not theirs to touch any more
    client.post(f"{ADD}?account=park", {"member": park.pk})
    assert theirs.post(f"{AGENTS}invitations/{park.pk}/cancel/").status_code == 404
    assert theirs.get(LIST).status_code == 403
    assert theirs.post(INVITE, NEW | {"login_id": "x1"}).status_code == 403
    assert find("choi") is not None
    assert find("park").is_administrator


def test_given_an_invited_member_when_made_agent_meanwhile_then_shown_as_invited(acme, shop, administrator, client_of):
    theirs = client_of(acme, administrator)
    theirs.post(f"{AGENTS}invite/", NEW)
    group = Agent._base_manager.get(pk=administrator.pk).groups.through._base_manager.first().group_id
    data = {"member": find("park").pk, "role": Role.AGENT.value, "groups": [group]}
    assert theirs.post(f"{AGENTS}add/?q=park", data).url == AGENTS
    rows = text(theirs.get(AGENTS)).split("<tbody>")[1].split("</tbody>")[0]
    assert rows.index("박초대") < rows.index("초대 중")
