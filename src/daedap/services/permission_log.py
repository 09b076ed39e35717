"""Reading the permission-change log (권한 변경 로그): searching, words for its codes, Excel (spec 10, 5.8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from daedap.audit.models import Operation, PermissionChange
from daedap.services.models import Role

ROWS_PER_PAGE = 50
MOST_EXCEL_ROWS = 1_048_575
"""What one sheet holds below its head."""

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
    "assignment": pgettext_lazy("right", "Ticket assignment"),
    "assignment_control": pgettext_lazy("right", "Assignment control"),
}


@dataclass(frozen=True)
class LogPage:
    """Rows of one page, newest first, and the mark of the next one ("" if there is none)."""

    rows: list[PermissionChange]
    following: str


def search_log(
    *, since: date, until: date, operation: str = "", service: str = "", name: str = "", account: str = "", ip: str = ""
) -> QuerySet[PermissionChange]:
    """Return the rows of the open organization from the day `since` to the day `until`, both included, newest first.

    Name and account are looked for in operator and target.
    """
    found = PermissionChange.objects.filter(created_at__gte=_midnight(since), created_at__lt=_midnight(until, 1))
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
    return found.order_by("-created_at", "-pk")


def _midnight(day: date, later: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=later), time.min))


def read_page(found: QuerySet[PermissionChange], mark: str = "") -> LogPage:
    """Return the rows behind `mark`, which an earlier page named; from the newest without one or with a broken one."""
    if position := _position(mark):
        moment, pk = position
        found = found.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=pk))
    rows = list(found[: ROWS_PER_PAGE + 1])
    if len(rows) <= ROWS_PER_PAGE:
        return LogPage(rows, "")
    last = rows[ROWS_PER_PAGE - 1]
    return LogPage(rows[:ROWS_PER_PAGE], f"{last.created_at.isoformat()}_{last.pk}")


def _position(mark: str) -> tuple[datetime, int] | None:
    moment, _line, pk = mark.partition("_")
    if not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
        return None
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (read, int(pk)) if read.tzinfo is not None else None


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


def write_excel(found: QuerySet[PermissionChange]) -> IO[bytes]:
    """Return an open Excel file with all of `found`, written row by row so that memory does not grow with it.

    Texts are written as texts: what looks like a formula stays what it is.
    """
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115  the answer closes it
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    head, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for column, (label, width) in enumerate(COLUMNS):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, str(label), head)
    for number, row in enumerate(found[:MOST_EXCEL_ROWS].iterator(chunk_size=1000), start=1):
        _write_row(sheet, number, row, moment)
    book.close()
    file.seek(0)
    return file


def _write_row(sheet: Any, number: int, row: PermissionChange, moment: Any) -> None:
    cells = [
        row.service_name,
        None,
        name_operation(row.operation),
        person(row.operator_name, row.operator_account),
        person(row.target_name, row.target_account),
        row.ip or "",
        ", ".join(name_rights(row.before)),
        ", ".join(name_rights(row.after)),
    ]
    for column, text in enumerate(cells):
        if text is None:
            sheet.write_datetime(number, column, timezone.make_naive(row.created_at), moment)
        else:
            sheet.write_string(number, column, text)
