"""Reading the permission-change log (권한 변경 로그): searching, words for its codes, Excel (spec 10, 5.8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import IO

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from daedap.audit.models import Operation, PermissionChange
from daedap.core.logbook import MOST_EXCEL_ROWS, in_days, write_excel
from daedap.services.models import Role

OPERATIONS: dict[str, str | Promise] = {
    Operation.ADD.value: _("Agent added"),
    Operation.CHANGE.value: _("Agent changed"),
    Operation.REMOVE.value: _("Agent removed"),
    Operation.ADD_ADMINISTRATOR.value: _("Organization administrator added"),
    Operation.REMOVE_ADMINISTRATOR.value: _("Organization administrator removed"),
    Operation.ASSIGNMENT_CONTROL.value: _("Assignment control changed"),
    Operation.CHANGE_KEY.value: _("Organization Key changed"),
}

RIGHTS: dict[str, str | Promise] = {
    Role.ADMINISTRATOR.value: Role.ADMINISTRATOR.label,
    Role.AGENT.value: Role.AGENT.label,
    "owner": "OWNER",
    "organization_administrator": pgettext_lazy("right", "Organization administrator"),
    "ticket": pgettext_lazy("right", "Ticket"),
    "hand_over": pgettext_lazy("right", "Ticket hand-over"),
    "access_log": pgettext_lazy("right", "Access log"),
    "assignment": pgettext_lazy("right", "Ticket assignment"),
    "assignment_control": pgettext_lazy("right", "Assignment control"),
}


def search_log(
    *, since: date, until: date, operation: str = "", service: str = "", name: str = "", account: str = "", ip: str = ""
) -> QuerySet[PermissionChange]:
    """Return the rows of the open organization from the day `since` to the day `until`, both included, newest first.

    Name and account are looked for in operator and target.
    """
    found = in_days(PermissionChange.objects.all(), since, until)
    if operation:
        found = found.filter(operation=operation)
    if service:
        found = found.filter(service_id=int(service))
    if name:
        found = found.filter(Q(operator_name__icontains=name) | Q(target_name__icontains=name))
    if account:
        found = found.filter(Q(operator_account__icontains=account) | Q(target_account__icontains=account))
    if ip:
        found = found.filter(ip=ip)
    return found


def name_operation(code: str) -> str:
    """Return the words for an operation; its code if there are none."""
    return str(OPERATIONS.get(code, code))


def name_rights(codes: Iterable[str]) -> list[str]:
    """Return the words for rights, the role first."""
    return [str(RIGHTS.get(code, code)) for code in codes]


def person(name: str, account: str) -> str:
    """Return a name with its account, as far as known."""
    return f"{name} ({account})" if name and account else name or account


COLUMNS: list[tuple[str | Promise, int]] = [
    (_("Service"), 20),
    (_("Operation time"), 20),
    (_("Operation"), 24),
    (_("Operator"), 24),
    (_("Target"), 24),
    (_("IP address"), 18),
    (_("Rights before"), 34),
    (_("Rights after"), 34),
]
"""Heads and widths of the Excel file."""


def write_log(found: QuerySet[PermissionChange]) -> IO[bytes]:
    """Return an open Excel file with all of `found`."""
    return write_excel(COLUMNS, map(_cells, found[:MOST_EXCEL_ROWS].iterator(chunk_size=1000)))


def _cells(row: PermissionChange) -> list[str | datetime]:
    return [
        row.service_name,
        row.created_at,
        name_operation(row.operation),
        person(row.operator_name, row.operator_account),
        person(row.target_name, row.target_account),
        row.ip or "",
        ", ".join(name_rights(row.before)),
        ", ".join(name_rights(row.after)),
    ]
