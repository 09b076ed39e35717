"""The access log (접속 로그): who logged in to the organization's site, or tried to (spec 10, L5; spec 85, 14.1).

The rows are accounts' records of the organization's realm. Agents see their own; with the viewing permission
(조회 권한) in any of their services, those of everybody.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import IO

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import SignInRecord, User
from daedap.core.logbook import MOST_EXCEL_ROWS, in_days, write_excel
from daedap.organizations.models import IamMember
from daedap.services.selectors import list_agents_of_member

COLUMNS: list[tuple[str | Promise, int]] = [
    (_("Time"), 20),
    (_("Name"), 20),
    (_("ID"), 20),
    (_("Result"), 24),
    (_("IP address"), 18),
    (_("Device"), 60),
]
"""Heads and widths of the Excel file."""


def sees_everybody(member: IamMember) -> bool | None:
    """Whether `member` sees the log-ins of all, or only their own; None for who is no agent and sees none."""
    agents = list_agents_of_member(member)
    return any(agent.may_read_access_log for agent in agents) if agents else None


def search_access_log(
    *, realm: str, since: date, until: date, own: str = "", name: str = "", account: str = "", ip: str = "",
    result: str = "",
) -> QuerySet[SignInRecord]:  # fmt: skip
    """Return the records of one realm in these days, newest first, each with `name`: of who has that ID now, or None.

    `own` narrows to the records of that very login ID, but for those of who had it before. Failures with an ID that
    nobody has are among them.
    """
    users = User.objects.filter(realm=realm)
    found = in_days(SignInRecord.objects.filter(realm=realm), since, until)
    found = found.annotate(name=Subquery(users.filter(login_id=OuterRef("login_id")).values("name")[:1]))
    if own:
        found = found.filter(Q(user=None) | Q(user__login_id=own), login_id=own)
    if name:
        found = found.filter(login_id__in=users.filter(name__icontains=name).values("login_id"))
    if account:
        found = found.filter(login_id__icontains=account)
    if ip:
        found = found.filter(ip=ip)
    if result:
        found = found.filter(result=result)
    return found


def write_access_log(found: QuerySet[SignInRecord]) -> IO[bytes]:
    """Return an open Excel file with all of `found`."""
    return write_excel(COLUMNS, map(_cells, found[:MOST_EXCEL_ROWS].iterator(chunk_size=1000)))


def _cells(row: SignInRecord) -> list[str | datetime]:
    name: str = row.name or ""  # type: ignore[attr-defined]  # annotated by search_access_log
    return [row.created_at, name, row.login_id, row.get_result_display(), row.ip or "", row.user_agent]
