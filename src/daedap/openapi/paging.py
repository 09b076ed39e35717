"""Pages of lists (spec 40, 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.http import HttpResponse

from daedap.openapi.envelope import answer_list
from daedap.openapi.fields import Fields

LARGEST_PAGE = 200
Row = TypeVar("Row")


def answer_page(
    fields: Fields, rows: Sequence[Row], describe: Callable[[Row], Any], *, page_size: int = 10
) -> HttpResponse:
    """Return the page of `rows` that `page` and `pageSize` ask for; values out of range are moved into it."""
    number = max(fields.integer("page", 1) or 1, 1)
    asked = fields.integer("pageSize", page_size) or 0
    size = min(asked, LARGEST_PAGE) if asked >= 1 else page_size
    first = (number - 1) * size
    total = len(rows)
    shown = [describe(row) for row in rows[first : first + size]]
    return answer_list(shown, total=total, pages=-(-total // size), pageNum=number, pageSize=size)
