"""Logs as people read them: a stretch of days, page by page from the newest, and all of it as an Excel file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from tempfile import TemporaryFile
from typing import IO, Any, Generic, TypeVar

import xlsxwriter
from django.db import models
from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise

ROWS_PER_PAGE = 50
MOST_EXCEL_ROWS = 1_048_575
"""What one sheet holds below its head."""

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class LogPage(Generic[Row]):
    """Rows of one page, newest first, and the mark of the next one ("" if there is none)."""

    rows: list[Row]
    following: str


def in_days(found: QuerySet[Row], since: date, until: date) -> QuerySet[Row]:
    """Return those written from the day `since` to the day `until`, both included, newest first."""
    days = found.filter(created_at__gte=_midnight(since), created_at__lt=_midnight(until, 1))
    return days.order_by("-created_at", "-pk")


def _midnight(day: date, later: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=later), time.min))


def read_page(found: QuerySet[Row], mark: str = "") -> LogPage[Row]:
    """Return the rows behind `mark`, which an earlier page named; from the newest without one or with a broken one."""
    if position := _position(mark):
        moment, pk = position
        found = found.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=pk))
    rows = list(found[: ROWS_PER_PAGE + 1])
    if len(rows) <= ROWS_PER_PAGE:
        return LogPage(rows, "")
    last: Any = rows[ROWS_PER_PAGE - 1]  # whatever is logged has a time
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


def page_urls(request: HttpRequest, page: LogPage[Any], *, address: str, excel: str) -> dict[str, str]:
    """Return what a log's page links to: `excel_url`, and `first_url` and `next_url`, "" where there is none."""
    asked = request.GET.copy()
    asked.pop("after", None)
    query = asked.urlencode()
    asked["after"] = page.following
    return {
        "excel_url": f"{excel}?{query}",
        "first_url": f"{address}?{query}" if "after" in request.GET else "",
        "next_url": f"{address}?{asked.urlencode()}" if page.following else "",
    }


def write_excel(columns: Sequence[tuple[str | Promise, int]], rows: Iterable[Sequence[str | datetime]]) -> IO[bytes]:
    """Return an open Excel file, written row by row so that memory does not grow with it.

    `columns` are heads and widths. Texts are written as texts: what looks like a formula stays what it is.
    """
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115  the answer closes it
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    head, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for column, (label, width) in enumerate(columns):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, str(label), head)
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(number, column, timezone.make_naive(value), moment)
            else:
                sheet.write_string(number, column, value)
    book.close()
    file.seek(0)
    return file


def excel_answer(file: IO[bytes], name: str) -> HttpResponse:
    """Return the answer that hands out an Excel file under `name`."""
    return FileResponse(file, as_attachment=True, filename=name, content_type=_EXCEL)  # type: ignore[return-value]  # streamed
