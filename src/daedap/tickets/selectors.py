"""Reads of tickets, for agents and for customers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.core.crypto import hash_token
from daedap.core.errors import DaedapError, NotFound
from daedap.files.models import StoredFile
from daedap.members.models import Member
from daedap.services.models import Agent
from daedap.tickets.contact import email_hash
from daedap.tickets.models import (
    ADDITION_LIFETIME,
    CUSTOMER_ENTRY_TYPES,
    CUSTOMER_SOURCES,
    Addition,
    Attachment,
    Category,
    CategoryName,
    Entry,
    Status,
    Ticket,
    TicketEvent,
)

PAGE = 50
"""Rows of one page of the agents' list (spec 50, section 7)."""

CAP = 1000
"""Counts stop here and read "999+"."""

PERIOD = timedelta(days=183)
"""How far back "all tickets" reaches: six months (spec 50, section 7)."""

CUSTOMER_PAGE = 10

_IN_LISTS = (
    "service_id", "ticket_id", "status", "is_spam", "subject", "priority", "source", "customer_name", "created_at",
    "updated_at", "last_customer_at", "assignee__name",
)  # fmt: skip
"""What a row of the list shows or decides by; encrypted columns alone would cost more than drawing the rows."""

TICKET_ID = re.compile(r"T\d{13}[0-9A-Za-z]{5}")


class Menu(StrEnum):
    """The agents' menus (spec 50, section 7)."""

    MY_OPEN = "my-open"
    MY_HELD = "my-held"
    MY_SOLVED = "my-solved"
    ALL = "all"
    UNASSIGNED = "unassigned"

    @property
    def label(self) -> str | Promise:
        return _MENU_LABELS[self]


_MENU_LABELS: dict[Menu, str | Promise] = {
    Menu.MY_OPEN: _("My tickets in progress"),
    Menu.MY_HELD: _("My tickets on hold"),
    Menu.MY_SOLVED: _("My solved tickets"),
    Menu.ALL: _("All tickets"),
    Menu.UNASSIGNED: _("All unassigned tickets"),
}


@dataclass(frozen=True)
class TicketPage:
    """Some rows of a menu; `next` is the cursor of the rows after them, "" at the end."""

    tickets: list[Ticket]
    next: str = ""


@dataclass(frozen=True)
class CategoryChoice:
    """A receipt category as a customer may choose it."""

    pk: int
    name: str
    level: int
    path: list[str] = field(default_factory=list)


# --- For agents ----------------------------------------------------------------------------------


def list_tickets(*, viewer: Agent, menu: Menu, search: str = "", cursor: str = "", limit: int = PAGE) -> TicketPage:
    """Return the rows of `menu` after `cursor`, latest change first. A wrong cursor begins at the top."""
    rows = _of_menu(viewer, menu, search.strip())
    if (after := _read_cursor(cursor)) is not None:
        moment, pk = after
        rows = rows.filter(updated_at__lte=moment).exclude(updated_at=moment, pk__gte=pk)
    found = list(rows.select_related("assignee").only(*_IN_LISTS)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return TicketPage(found, _cursor(found[-1]) if more else "")


_COUNT = """
    SELECT count(*) FILTER (WHERE mine.status = 'open'), count(*) FILTER (WHERE mine.status = 'reply'),
           (SELECT count(*) FROM (SELECT 1 FROM tickets_ticket WHERE assignee_id = %(agent)s AND status = 'solved'
                                  AND NOT is_spam LIMIT %(cap)s) AS solved),
           (SELECT count(*) FROM (SELECT 1 FROM tickets_ticket WHERE service_id = %(service)s
                                  AND created_at >= %(since)s AND NOT is_spam LIMIT %(cap)s) AS recent),
           (SELECT count(*) FROM (SELECT 1 FROM tickets_ticket WHERE service_id = %(service)s AND status = 'new'
                                  AND NOT is_spam LIMIT %(cap)s) AS waiting)
    FROM (SELECT status FROM tickets_ticket WHERE assignee_id = %(agent)s AND status IN ('open', 'reply')
          AND NOT is_spam LIMIT 2 * %(cap)s) AS mine
"""


def count_menus(viewer: Agent) -> dict[Menu, int]:
    """Return how many tickets each menu holds, in one query; CAP and more mean "at least so many".

    Written by hand: every page of an agent asks it, and building five querysets cost more than running them.
    """
    given: dict[str, int | datetime] = {
        "agent": viewer.pk,
        "service": viewer.service_id,
        "cap": CAP,
        "since": timezone.now() - PERIOD,
    }
    with connection.cursor() as database:
        database.execute(_COUNT, given)
        counts = database.fetchone()
    return dict(zip(Menu, counts, strict=True))


def get_ticket(ticket_id: str) -> Ticket:
    """Return the ticket with what its page shows of it (`category_name` too); raise NotFound."""
    ticket = (
        Ticket.objects.select_related("assignee", "group", "member", "addition")
        .annotate(category_name=_category_name(OuterRef("category_id"), OuterRef("language")))
        .filter(ticket_id=ticket_id)
        .first()
    )
    if ticket is None:
        raise NotFound
    return ticket


def list_entries(ticket: Ticket) -> list[Entry]:
    """Return the history, oldest first, each entry with its `files`; sets `ticket.files`, those of the enquiry."""
    return _with_files(ticket, list(Entry.objects.filter(ticket=ticket)))


def list_events(ticket: Ticket) -> list[TicketEvent]:
    """Return what happened to the ticket, oldest first."""
    return list(TicketEvent.objects.filter(ticket=ticket))


def _of_menu(viewer: Agent, menu: Menu, search: str = "") -> QuerySet[Ticket]:
    rows = Ticket.objects.filter(is_spam=False).order_by("-updated_at", "-pk")
    mine = rows.filter(assignee=viewer)
    match menu:
        case Menu.MY_OPEN:
            rows = mine.filter(status=Status.OPEN)
        case Menu.MY_HELD:
            rows = mine.filter(status=Status.REPLY)
        case Menu.MY_SOLVED:
            rows = mine.filter(status=Status.SOLVED)
        case Menu.UNASSIGNED:
            rows = rows.filter(status=Status.NEW)
        case Menu.ALL if not TICKET_ID.fullmatch(search):
            rows = rows.filter(created_at__gte=timezone.now() - PERIOD)
    return rows.filter(_matches(search)) if search else rows


def _matches(search: str) -> Q:
    """A ticket ID and an e-mail address match exactly, other words anywhere in subject or name (spec 50, section 9)."""
    if TICKET_ID.fullmatch(search):
        return Q(ticket_id=search)
    if "@" in search:
        return Q(customer_email_hash=email_hash(search))
    return Q(subject__icontains=search) | Q(customer_name__icontains=search)


def _cursor(ticket: Ticket) -> str:
    since = ticket.updated_at - datetime(1970, 1, 1, tzinfo=UTC)
    return f"{since // timedelta(microseconds=1)}-{ticket.pk}"


def _read_cursor(cursor: str) -> tuple[datetime, int] | None:
    found = re.fullmatch(r"(\d{1,17})-(\d{1,18})", cursor)
    if found is None:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(found[1])), int(found[2])


# --- For customers -------------------------------------------------------------------------------


def list_member_tickets(
    *,
    member: Member,
    page: int = 1,
    status: Status | None = None,
    category_id: int | None = None,
    per_page: int = CUSTOMER_PAGE,
) -> Page[Ticket]:
    """Return a page of a member's own enquiries from help centre and API, latest change first; spam never shows."""
    rows = _of_member(member).order_by("-updated_at", "-pk")
    if status is not None:
        rows = rows.filter(status=status)
    if category_id is not None:
        rows = rows.filter(category_id=category_id)
    return Paginator(rows, per_page).get_page(page)


def list_categories_of_member(member: Member) -> list[int]:
    """Return the receipt categories, by key, that a member has enquiries of."""
    rows = _of_member(member).filter(category__isnull=False).order_by("category_id")
    return list(rows.values_list("category_id", flat=True).distinct())


def get_member_ticket(*, member: Member, ticket_id: str) -> Ticket:
    """Return a member's own enquiry; raise NotFound for any other, so that both look alike (A27).

    `ticket.history` holds questions and answers, oldest first, each with its `files`; comments and internal entries
    are never read. `ticket.files` are the attachments of the enquiry, `ticket.additional_data` may be hidden from them.
    """
    ticket = (
        _of_member(member)
        .select_related("addition")
        .annotate(category_name=_category_name(OuterRef("category_id"), OuterRef("language")))
        .filter(ticket_id=ticket_id)
        .first()
    )
    if ticket is None:
        raise NotFound
    visible = list(Entry.objects.filter(ticket=ticket, type__in=CUSTOMER_ENTRY_TYPES))
    ticket.history = _with_files(ticket, visible)  # type: ignore[attr-defined]  # said in the docstring
    return ticket


def find_attachment(file: StoredFile) -> Attachment | None:
    """Return what a stored file is to a ticket of the open service, `ticket` and `entry` at hand; None if nothing."""
    return Attachment.objects.select_related("ticket", "entry").filter(file=file).first()


def find_waiting_addition(addition_id: str) -> Addition | None:
    """Return the additional data that the next enquiry with this ID would get, or None (spec 30, 8.6)."""
    since = timezone.now() - ADDITION_LIFETIME
    waiting = Addition.objects.filter(id_hash=hash_token(addition_id), ticket=None, created_at__gt=since)
    return waiting.first() if addition_id else None


def _of_member(member: Member) -> QuerySet[Ticket]:
    return Ticket.objects.filter(member=member, source__in=CUSTOMER_SOURCES, is_spam=False)


def _with_files(ticket: Ticket, entries: list[Entry]) -> list[Entry]:
    attachments = list(Attachment.objects.filter(ticket=ticket).select_related("file").order_by("pk"))
    ticket.files = [each.file for each in attachments if each.entry_id is None]  # type: ignore[attr-defined]
    for entry in entries:
        entry.files = [each.file for each in attachments if each.entry_id == entry.pk]  # type: ignore[attr-defined]
    return entries


# --- Receipt categories --------------------------------------------------------------------------


def list_offered_categories(language: str) -> list[CategoryChoice]:
    """Return what a customer may choose from, in the order of the tree, named in `language` (else any language).

    A category is offered only if it and all its ancestors are (spec 55, section 3).
    """
    rows = Category.objects.filter(deleted_at__isnull=True).order_by("level", "order", "pk", "names__pk")
    columns = ("pk", "parent_id", "level", "is_offered", "names__language", "names__name")
    found: dict[int, _Node] = {}
    for pk, parent, level, is_offered, code, name in rows.values_list(*columns):
        found.setdefault(pk, _Node(pk, parent, level, is_offered)).names[code] = name or ""
    children: dict[int | None, list[_Node]] = {}
    for node in found.values():
        children.setdefault(node.parent, []).append(node)
    return _offered(children, None, language, [])


def check_offered_category(pk: int) -> None:
    """Raise DaedapError for the field `category` unless customers may choose this one."""
    facts = Category.objects.filter(deleted_at__isnull=True, is_offered=True).order_by().values_list("pk", "parent_id")
    parents: dict[int, int | None] = dict(facts)
    step: int | None = pk
    while step in parents:
        step = parents.pop(step)
    if step is not None:  # the way up ends at a category that is not offered, or not of this service
        raise DaedapError(_("Please choose a category."), field="category")


@dataclass(frozen=True)
class _Node:
    pk: int
    parent: int | None
    level: int
    is_offered: bool
    names: dict[str | None, str] = field(default_factory=dict)

    def name(self, language: str) -> str:
        return self.names.get(language) or next(iter(self.names.values()), "")


def _offered(
    children: dict[int | None, list[_Node]], parent: int | None, language: str, path: list[str]
) -> list[CategoryChoice]:
    choices: list[CategoryChoice] = []
    for node in children.get(parent, []):
        if node.is_offered:
            name = node.name(language)
            here = [*path, name]
            choices.append(CategoryChoice(node.pk, name, node.level, here))
            choices += _offered(children, node.pk, language, here)
    return choices


def _category_name(category_id: OuterRef, language: OuterRef) -> Coalesce:
    names = CategoryName.objects.filter(category_id=category_id).order_by("pk").values("name")
    return Coalesce(Subquery(names.filter(language=language)[:1]), Subquery(names[:1]), Value(""))
