"""The access log (접속 로그; spec 10, 2.2 R5; spec 85, 14.1) and the switch that opens it."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from daedap.accounts.models import SignInRecord
from daedap.audit.models import AuditEntry, PermissionChange
from daedap.core.actors import SYSTEM
from daedap.core.logbook import ROWS_PER_PAGE
from daedap.core.scoping import organization_scope, service_scope
from daedap.services.actions import AgentRefused, add_agent, change_agent
from daedap.services.models import Agent, Group, Role, ServiceType
from tests import factories

LOG = "/console/access-log/"
EXCEL = f"{LOG}excel/"


def write(organization, login_id, *, result="ok", ip="203.0.113.7", ago=timedelta(0), agent="Firefox/140"):
    row = SignInRecord.objects.create(
        realm=organization.public_id, login_id=login_id, result=result, ip=ip, user_agent=agent
    )
    SignInRecord.objects.filter(pk=row.pk).update(created_at=timezone.now() - ago)
    return row


def change(service, agent, **over):
    with service_scope(service.organization_id, service.pk):
        return change_agent(service=service, agent_id=agent.pk, actor=SYSTEM, **over)


@pytest.fixture
def reader(shop, agent):
    """The agent, who may see everybody's log-ins."""
    return change(shop, agent, may_read_access_log=True)


@pytest.fixture
def logins(acme, beta, agent, administrator):
    write(acme, "agent", agent="MyOwnBrowser")
    write(acme, "admin", ip="198.51.100.9", agent="TheirBrowser")
    write(acme, "ghost", result="refused", agent="GhostBrowser")
    write(beta, "agent", agent="BetaBrowser")
    SignInRecord.objects.create(realm="", login_id="founder@example.com", result="ok", user_agent="PlatformBrowser")


def browsers(page):
    return {name for name in ("MyOwn", "Their", "Ghost", "Beta", "Platform") if f"{name}Browser" in page.text}


def test_given_agent_without_the_right_when_opened_then_only_their_own_ST30(acme, agent, logins, client_of):
    client = client_of(acme, agent)
    for query in ("", "?account=admin", "?name=admin", "?ip=198.51.100.9"):
        page = client.get(LOG + query)
        assert page.status_code == 200
        assert browsers(page) <= {"MyOwn"}
    assert browsers(client.get(LOG)) == {"MyOwn"}


def test_given_the_right_when_opened_then_all_of_this_organization_and_of_no_other_ST30(
    acme, reader, logins, client_of
):
    page = client_of(acme, reader).get(LOG)
    assert browsers(page) == {"MyOwn", "Their", "Ghost"}
    assert reader.name in page.text


def test_given_the_right_in_one_service_only_when_opened_then_all(acme, reader, logins, client_of):
    factories.make_agent(factories.make_service(acme, "other"), member=reader.member)
    assert browsers(client_of(acme, reader).get(LOG)) == {"MyOwn", "Their", "Ghost"}


def test_given_an_id_that_somebody_had_before_when_opened_then_their_log_ins_stay_theirs(acme, agent, client_of):
    former = factories.make_iam_member(acme, "former")
    row = write(acme, "agent", agent="TheirBrowser")
    SignInRecord.objects.filter(pk=row.pk).update(user=former.user)
    row = write(acme, "agent", agent="MyOwnBrowser")
    SignInRecord.objects.filter(pk=row.pk).update(user=agent.member.user)
    write(acme, "agent", result="refused", agent="GhostBrowser")
    assert browsers(client_of(acme, agent).get(LOG)) == {"MyOwn", "Ghost"}


def test_given_who_is_no_agent_when_opened_then_refused(acme, shop, owner, logins, client_of):
    chief = factories.make_iam_member(acme, "chief", is_administrator=True)
    for who in (owner, chief, factories.make_iam_member(acme, "rightless")):
        client = client_of(acme, who)
        assert client.get(LOG).status_code == 403
        assert client.get(EXCEL).status_code == 403
        assert LOG not in client.get("/console/me/").text
    with organization_scope(acme.pk):
        assert not AuditEntry.objects.filter(action="accounts.access_log_downloaded").exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("account=ADM", {"Their"}),
        ("ip=198.51.100.9", {"Their"}),
        ("result=refused", {"Ghost"}),
        ("result=ok", {"MyOwn", "Their"}),
        ("account=nobody", set()),
    ],
)
def test_given_a_search_when_asked_then_what_fits(acme, reader, logins, client_of, query, found):
    assert browsers(client_of(acme, reader).get(f"{LOG}?{query}")) == found


def test_given_a_name_when_searched_then_the_log_ins_of_whoever_has_it(acme, reader, logins, client_of):
    user = reader.member.user
    user.name = "홍길동"
    user.save()
    assert browsers(client_of(acme, reader).get(f"{LOG}?name=길동")) == {"MyOwn"}


def test_given_no_period_when_opened_then_the_last_week_and_three_months_at_most(acme, reader, client_of):
    write(acme, "agent", ago=timedelta(days=8), agent="TheirBrowser")
    write(acme, "agent", ago=timedelta(days=5), agent="MyOwnBrowser")
    client = client_of(acme, reader)
    assert browsers(client.get(LOG)) == {"MyOwn"}
    today = timezone.localdate()
    assert browsers(client.get(f"{LOG}?since={today - timedelta(days=20)}&until={today}")) == {"MyOwn", "Their"}
    page = client.get(f"{LOG}?since={today - timedelta(days=120)}&until={today}")
    assert page.status_code == 422
    assert "최대 3개월" in page.text
    assert browsers(page) == set()


def test_given_more_than_a_page_when_leafed_then_each_once(acme, reader, client_of):
    for number in range(ROWS_PER_PAGE + 5):
        write(acme, f"id{number:03}")
    client = client_of(acme, reader)
    first = client.get(LOG)
    address = first.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = client.get(address)
    seen = [f"id{number:03}" for number in range(ROWS_PER_PAGE + 5)]
    counts = [(page.text.count(f">{login_id}<")) for login_id in seen for page in (first, second)]
    assert sum(counts) == ROWS_PER_PAGE + 5
    assert max(counts) == 1


def test_given_few_and_many_log_ins_when_opened_then_the_same_few_queries(acme, reader, client_of):
    client = client_of(acme, reader)

    def count():
        client.get(LOG)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LOG).status_code == 200
        return len([query for query in captured if "SAVEPOINT" not in query["sql"]])

    write(acme, "agent")
    few = count()
    for number in range(9):
        write(acme, f"id{number}")
    assert count() == few <= 12


def test_given_formulas_when_downloaded_then_texts_and_the_download_is_recorded(acme, reader, client_of):
    write(acme, "=1+1", result="refused", agent='=HYPERLINK("http://x")')
    answer = client_of(acme, reader).get(EXCEL)
    assert answer.status_code == 200
    book = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "=HYPERLINK" in sheet
    with organization_scope(acme.pk):
        entry = AuditEntry.objects.get(action="accounts.access_log_downloaded")
    assert entry.facts["everybody"] is True


def test_given_agent_without_the_right_when_downloaded_then_only_their_own(acme, agent, logins, client_of):
    answer = client_of(acme, agent).get(f"{EXCEL}?account=admin")
    sheet = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).read("xl/worksheets/sheet1.xml").decode()
    assert "TheirBrowser" not in sheet
    answer = client_of(acme, agent).get(EXCEL)
    sheet = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).read("xl/worksheets/sheet1.xml").decode()
    assert "MyOwnBrowser" in sheet
    assert "TheirBrowser" not in sheet


# --- The switch ------------------------------------------------------------------------------------------------


def test_given_the_edit_page_when_the_switch_is_set_and_taken_then_effective_at_once_and_logged_A73(
    acme, shop, agent, administrator, logins, client_of
):
    with service_scope(acme.pk, shop.pk):
        group = Group.objects.get()
    client, form = client_of(acme, administrator), {"role": Role.AGENT, "groups": [group.pk], "takes_tickets": "on"}
    assert client.post(f"/shop/agents/{agent.pk}/", form | {"may_read_access_log": "on"}).status_code == 302
    assert browsers(client_of(acme, agent).get(LOG)) == {"MyOwn", "Their", "Ghost"}
    assert client.post(f"/shop/agents/{agent.pk}/", form).status_code == 302
    assert browsers(client_of(acme, agent).get(LOG)) == {"MyOwn"}
    rows = PermissionChange._base_manager.order_by("pk").values_list("before", "after")
    assert [("access_log" in before, "access_log" in after) for before, after in rows] == [(False, True), (True, False)]


def test_given_the_add_page_when_the_switch_is_set_then_the_new_agent_has_it(acme, shop, administrator, client_of):
    member = factories.make_iam_member(acme, "newcomer")
    with service_scope(acme.pk, shop.pk):
        group = Group.objects.get()
    given = {"member": member.pk, "role": Role.AGENT, "groups": [group.pk], "may_read_access_log": "on"}
    assert client_of(acme, administrator).post("/shop/agents/add/", given).status_code == 302
    assert Agent._base_manager.get(member=member).may_read_access_log


def test_given_issue_management_when_base_role_agent_is_given_the_right_then_refused_R5(acme, client_of):
    issues = factories.make_service(acme, "issues", type=ServiceType.ISSUE)
    chief = factories.make_agent(issues, "chief", role=Role.ADMINISTRATOR)
    worker, member = factories.make_agent(issues, "worker"), factories.make_iam_member(acme, "newcomer")
    with service_scope(acme.pk, issues.pk):
        group = Group.objects.get()
        with pytest.raises(AgentRefused) as refused:
            change_agent(service=issues, agent_id=worker.pk, may_read_access_log=True, actor=SYSTEM)
        assert refused.value.field == "may_read_access_log"
        with pytest.raises(AgentRefused):
            add_agent(
                service=issues, member_id=member.pk, role=Role.AGENT, group_ids=[group.pk],
                may_read_access_log=True, actor=SYSTEM,
            )  # fmt: skip
    page = client_of(acme, chief).post(
        f"/issues/agents/{worker.pk}/", {"role": Role.AGENT, "groups": [group.pk], "may_read_access_log": "on"}
    )
    assert page.status_code == 422
    assert "관리자만 조회 권한" in page.text
    assert not Agent._base_manager.filter(may_read_access_log=True).exists()
    assert not PermissionChange._base_manager.exists()
    # an administrator can have it, and loses it with the role
    change(issues, worker, role=Role.ADMINISTRATOR, may_read_access_log=True)
    assert change(issues, worker, role=Role.AGENT).may_read_access_log is False


def test_given_consultation_when_an_administrator_with_the_right_becomes_agent_then_it_stays(shop, administrator):
    factories.make_agent(shop, "second", role=Role.ADMINISTRATOR)
    change(shop, administrator, may_read_access_log=True)
    assert change(shop, administrator, role=Role.AGENT).may_read_access_log is True
