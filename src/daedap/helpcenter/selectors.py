"""Reads of the customer pages."""

from __future__ import annotations

from daedap.tickets.models import Category, CategoryName, Ticket


def category_paths(tickets: list[Ticket], language: str) -> dict[int, str]:
    """Return the path "A > B > C" of each ticket's receipt category by its key, in `language` where it has a name."""
    wanted = {ticket.category_id for ticket in tickets if ticket.category_id is not None}
    if not wanted:
        return {}
    parents: dict[int, int | None] = dict(Category.objects.values_list("pk", "parent_id"))
    names: dict[int, str] = {}
    for pk, code, name in CategoryName.objects.order_by("pk").values_list("category_id", "language", "name"):
        if code == language or pk not in names:
            names[pk] = name
    return {pk: " > ".join(_path(pk, parents, names)) for pk in wanted}


def _path(pk: int | None, parents: dict[int, int | None], names: dict[int, str]) -> list[str]:
    path: list[str] = []
    while pk is not None and len(path) < 5:
        path.insert(0, names.get(pk, ""))
        pk = parents.get(pk)
    return path
