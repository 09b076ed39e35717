"""The permission-change log (권한 변경 로그 관리; spec 10, 5.8)."""

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from daedap.audit.actions import purge_permission_changes, record_permission_change
from daedap.audit.models import AuditEntry, Operation, PermissionChange
from daedap.core.actors import SYSTEM, Actor, ActorKind
from daedap.core.logbook import ROWS_PER_PAGE
from daedap.core.scoping import organization_scope
from daedap.organizations.keys import change_key
from daedap.services.actions import LastAdministrator, change_agent, remove_agent
from daedap.services.models import Group, Role

LOG = "/admin/permission-log/"
EXCEL = f"{LOG}excel/"
NOW = datetime(2026, 5, 15, 3, 0, tzinfo=UTC)  # noon in Seoul


def text(response):
    return response.content.decode()


def rows():
    return list(PermissionChange._base_manager.order_by("pk"))


def write(acme, name, *, at=None, **facts):
    """Add a row, at the given time."""
    facts = {"actor": SYSTEM, "organization_id": acme.pk, "target_name": name} | facts
    with pytest.MonkeyPatch.context() as patch:
        if at is not None:
            patch.setattr(timezone, "now", lambda: at)
        record_permission_change(facts.pop("operation", Operation.ADD), **facts)


@pytest.fixture
def client(acme, owner, client_of):
    return client_of(acme, owner, REMOTE_ADDR="203.0.113.7")


@pytest.fixture
def group(open_shop):
    return Group.objects.get()


# --- Writing -------------------------------------------------------------------------------------


def test_given_m_changes_an_agent_to_administrator_when_the_log_is_opened_then_a_row_says_so_A73(
    acme, shop, administrator, agent, group, client, client_of
):
    # given
    data = {"role": Role.ADMINISTRATOR.value, "groups": [group.pk], "takes_tickets": "on"}
    theirs = client_of(acme, administrator, REMOTE_ADDR="203.0.113.9")
    theirs.post(f"/shop/agents/{agent.pk}/", data)
    # when
    page = text(client.get(LOG))
    # then
    (row,) = rows()
    assert (row.operation, row.service_id, row.service_name) == (Operation.CHANGE, shop.pk, "쇼핑몰")
    assert (row.operator_name, row.operator_account) == (administrator.name, "admin")
    assert (row.target_name, row.target_account, row.ip) == (agent.name, "agent", "203.0.113.9")
    assert row.before == ["ROLE_FRONT_AGENT", "ticket", "assignment"]
    assert row.after == ["ROLE_FRONT_ADMIN", "ticket", "assignment"]
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    moment = f"{timezone.localtime(row.created_at):%Y.%m.%d %H:%M:%S}"
    for part in ("쇼핑몰", "상담원 권한 변경", "203.0.113.9", moment):
        assert part in body
    before, after = body.split('data-label="변경전 권한"')[1].split('data-label="변경후 권한"')
    assert "상담원" in before
    assert "관리자" not in before
    assert "관리자" in after
    assert "상담원" not in after


def test_given_each_change_of_an_agent_when_made_then_logged_once(open_shop, shop, administrator, agent, group):
    by = administrator.as_actor("203.0.113.9", "admin")
    change_agent(service=shop, agent_id=agent.pk, controls_assignment=True, actor=by)
    change_agent(service=shop, agent_id=agent.pk, takes_tickets=False, actor=by)
    change_agent(service=shop, agent_id=agent.pk, may_hand_over=True, controls_assignment=False, actor=by)
    change_agent(service=shop, agent_id=agent.pk, role=agent.role, group_ids=[group.pk], actor=by)
    remove_agent(service=shop, agent_id=agent.pk, actor=by)
    agent_role = "ROLE_FRONT_AGENT"
    assert [(row.operation, row.before, row.after) for row in rows()] == [
        ("assignment_control", [], ["assignment_control"]),
        ("change", [agent_role, "ticket", "assignment"], [agent_role, "ticket"]),
        ("change", [agent_role, "ticket"], [agent_role, "ticket", "hand_over"]),
        ("assignment_control", ["assignment_control"], []),
        ("remove", [agent_role, "ticket", "hand_over"], []),
    ]


def test_given_a_refused_change_when_tried_then_nothing_is_logged(open_shop, shop, administrator):
    with pytest.raises(LastAdministrator):
        change_agent(service=shop, agent_id=administrator.pk, role=Role.AGENT, actor=SYSTEM)
    assert rows() == []


def test_given_a_new_key_when_changed_then_logged_without_keys(acme, owner):
    old = acme.key
    change_key(organization_id=acme.pk, actor=owner.user.as_actor("203.0.113.7"))
    acme.refresh_from_db()
    (row,) = rows()
    assert (row.operation, row.operator_account, row.before, row.after) == ("change_key", "owner", [], [])
    written = " ".join(str(value) for value in vars(row).values())
    assert old not in written
    assert acme.key not in written


# --- Kept ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_permissionchange SET operator_name = 'x'",
        "UPDATE audit_permissionchange SET created_at = '2000-01-01'",
        "DELETE FROM audit_permissionchange",
    ],
)
def test_given_a_row_when_the_database_is_told_to_change_or_delete_it_then_it_refuses(acme, statement):
    write(acme, "김상담")
    (row,) = rows()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert vars(rows()[0])["created_at"] == row.created_at
    assert rows()[0].operator_name == row.operator_name


def test_given_rows_of_all_ages_when_purged_then_only_those_older_than_three_years_go(acme):
    now = timezone.now()
    write(acme, "old", at=now - timedelta(days=3 * 366 + 1))
    write(acme, "kept", at=now - timedelta(days=3 * 365 - 1))
    write(acme, "new")
    assert purge_permission_changes() == 1
    assert [row.target_name for row in rows()] == ["kept", "new"]


# --- Searching -----------------------------------------------------------------------------------


@pytest.fixture
def may(monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *args: NOW.date())


@pytest.fixture
def history(acme, beta, shop, may):
    by = Actor(ActorKind.AGENT, 1, "오관리", "203.0.113.9", "oh")
    write(acme, "three", at=datetime(2026, 4, 14, 14, 59, tzinfo=UTC))  # 14 April, 23:59 in Seoul
    write(acme, "two", at=datetime(2026, 4, 14, 15, 0, tzinfo=UTC), target_account="lee")  # 15 April, 00:00
    write(acme, "one", at=NOW, actor=by, service_id=shop.pk, service_name="쇼핑몰", operation=Operation.REMOVE)
    write(beta, "foreign", at=NOW, service_name="베타")


def targets(page):
    """Return the target names of the rows shown, in their order."""
    return re.findall(r'data-label="대상자"[^>]*>\s*<span>\s*([\w-]+)', page)


def found(client, query=""):
    return targets(text(client.get(LOG + query)))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["one", "two"]),
        ("?since=2026-04-14&until=2026-04-14", ["three"]),
        ("?since=2026-01-01&until=2026-05-15", ["one", "two", "three"]),
        ("?operation=remove", ["one"]),
        ("?operation=change", []),
        ("?name=관리", ["one"]),
        ("?name=TW", ["two"]),
        ("?account=o", ["one"]),
        ("?account=LEE", ["two"]),
        ("?ip=203.0.113.9", ["one"]),
        ("?ip=203.0.113.1", []),
        ("?name=%25", []),
    ],
)
def test_given_rows_when_searched_then_those_of_period_and_words(client, history, query, expected):
    assert found(client, query) == expected


def test_given_a_service_when_searched_then_its_rows(client, history, shop):
    assert found(client, f"?service={shop.pk}") == ["one"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?since=2026-01-01&until=2026-07-02", "한 번에 최대 6개월까지 조회할 수 있습니다."),
        ("?since=2026-05-02&until=2026-05-01", "종료일이 시작일보다 빠릅니다."),
        ("?since=&until=2026-05-01", "표시된 항목을 확인해 주세요."),
        ("?since=0001-01-01&until=9999-12-31", "올바른 날짜를 입력해 주세요."),
        ("?since=x&until=y", "표시된 항목을 확인해 주세요."),
        ("?ip=300.1.1.1", "표시된 항목을 확인해 주세요."),
        ("?service=999999", "표시된 항목을 확인해 주세요."),
        ("?operation=x", "표시된 항목을 확인해 주세요."),
    ],
)
def test_given_a_wrong_search_when_asked_then_refused_without_rows(client, history, query, sentence):
    response = client.get(LOG + query)
    assert response.status_code == 422
    assert sentence in text(response)
    assert "<tbody>" not in text(response)
    assert client.get(EXCEL + query).url == LOG + query
    assert AuditEntry._base_manager.filter(action="audit.permission_log_downloaded").count() == 0


@pytest.mark.parametrize(("until", "status"), [("2026-02-28", 200), ("2026-03-01", 422)])
def test_given_six_months_from_the_end_of_august_when_searched_then_to_the_end_of_february(client, until, status):
    assert client.get(f"{LOG}?since=2025-08-31&until={until}").status_code == status


def test_given_more_rows_than_a_page_when_read_on_then_each_once_also_at_one_moment(client, acme, may):
    for number in range(ROWS_PER_PAGE * 2 + 1):
        write(acme, f"row-{number:03}", at=NOW)
    seen, address = [], LOG
    while address:
        page = text(client.get(address))
        seen += targets(page)
        rest = page.split('rel="next"')[0] if 'rel="next"' in page else ""
        address = rest.rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&") if rest else ""
    assert seen == [f"row-{number:03}" for number in reversed(range(ROWS_PER_PAGE * 2 + 1))]


@pytest.mark.parametrize(
    "mark", ["x", "_", "2026-05-15_1", "2026-05-15T00:00:00+00:00_x", "2026-05-15T00:00:00+00:00_" + "9" * 30]
)
def test_given_a_broken_mark_when_read_on_then_from_the_newest(client, history, mark):
    response = client.get(LOG, {"after": mark})
    assert response.status_code == 200
    assert targets(text(response)) == ["one", "two"]


def test_given_no_rows_when_opened_then_it_says_so(client):
    assert "해당 기간의 권한 변경 내역이 없습니다" in text(client.get(LOG))


# --- Excel ---------------------------------------------------------------------------------------


def sheet(response):
    """Return the cells of the first sheet as lists of texts."""
    book = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert space + "f" not in {
        node.tag for node in ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml")).iter()
    }
    root = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    return [["".join(cell.itertext()) for cell in row] for row in root.iter(space + "row")]


def test_given_rows_when_downloaded_then_the_found_ones_as_texts(client, acme, beta, shop, may):
    by = Actor(ActorKind.AGENT, 1, "오관리", "203.0.113.9", "oh")
    rights = ["ROLE_FRONT_AGENT", "ticket"]
    write(acme, "=1+1", at=NOW, actor=by, after=rights, service_name="쇼핑몰", target_account="kim")
    write(beta, "foreign", at=NOW)
    response = client.get(EXCEL)
    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == 'attachment; filename="permission-log-2026-04-15-2026-05-15.xlsx"'
    assert "spreadsheetml" in response.headers["Content-Type"]
    head, row = sheet(response)
    assert head == ["서비스", "조작일시", "조작내용", "조작자", "대상자", "IP", "변경전 권한", "변경후 권한"]
    assert row[0] == "쇼핑몰"
    assert float(row[1]) == 46157.5
    assert row[2:] == ["상담원 추가", "오관리 (oh)", "=1+1 (kim)", "203.0.113.9", "", "상담원, 티켓"]
    (entry,) = AuditEntry._base_manager.filter(action="audit.permission_log_downloaded")
    assert entry.organization_id == acme.pk


def test_given_many_rows_when_downloaded_then_all_of_them(client, acme, may):
    with organization_scope(acme.pk):
        PermissionChange.objects.bulk_create(
            PermissionChange(organization_id=acme.pk, operation="add", target_name=f"n{number}")
            for number in range(2500)
        )
    today = timezone.now().date()
    response = client.get(f"{EXCEL}?since={today - timedelta(days=1)}&until={today + timedelta(days=1)}")
    assert len(sheet(response)) == 2501
