"""Agent pages: list, conversation and properties side by side. Every page works as a plain page and as htmx parts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.middleware import HtmxDetails
from markupsafe import Markup

from daedap.core import html
from daedap.core.errors import DaedapError
from daedap.services.access import AgentRequest as ServiceAgentRequest
from daedap.services.access import agent_page
from daedap.services.languages import own_name
from daedap.tickets import actions, errors, permissions
from daedap.tickets.forms import EntryForm, GroupForm, TakeForm, VersionForm
from daedap.tickets.models import Source, Status, Ticket
from daedap.tickets.selectors import Menu, get_ticket, list_entries, list_events, list_tickets
from daedap.tickets.times import ago, full


@dataclass(frozen=True)
class RowKit:
    """What all rows of a page share, looked up once: addresses, words, and the badges drawn so far."""

    address: str
    query: str
    guest: str
    take: str
    again: str
    sources: dict[str, str]
    ago: Callable[[datetime], str]
    full: Callable[[datetime], str]
    can_take: Callable[[Ticket], bool]
    drawn: dict[str, Markup] = field(default_factory=dict)


class AgentRequest(ServiceAgentRequest):
    """An agent's request with what the middleware of htmx found out."""

    htmx: HtmxDetails
    menu: Menu


@require_GET
@agent_page
def ticket_list(request: AgentRequest) -> HttpResponse:
    """The list of a menu; further rows as a part when scrolled down."""
    context = _list_context(request)
    if request.htmx and request.GET.get("cursor"):
        return render(request, "tickets/_rows.html", context)
    return render(request, "tickets/list.html", context | {"ticket": None})


@require_GET
@agent_page
def ticket_detail(request: AgentRequest, ticket_id: str) -> HttpResponse:
    """One ticket; with `?tab=events` its events in place of its properties."""
    ticket = get_ticket(ticket_id)
    if request.htmx and request.htmx.target == "ticket-side":
        return render(request, "tickets/_side.html", _shared_context(request) | _side_context(request, ticket))
    return _page(request, ticket)


@require_http_methods(["GET", "POST"])
@agent_page
def take(request: AgentRequest, ticket_id: str) -> HttpResponse:
    """Make the viewer the assignee; asks for the group where there are several (spec 50, section 11)."""
    if request.method == "GET":
        return HttpResponseRedirect(_detail_url(request, ticket_id))
    form = TakeForm(request.POST)
    group_id = form.cleaned_data["group"] if form.is_valid() else None
    try:
        actions.take_ticket(ticket_id=ticket_id, agent=request.agent, group_id=group_id, actor=request.actor)
    except errors.GroupNeeded as refusal:
        ticket = get_ticket(ticket_id)
        chooser = GroupForm(groups=refusal.facts["groups"], ticket=ticket)
        return _page(request, ticket, status=422, group_form=chooser)
    except DaedapError as refusal:
        return _refused(request, ticket_id, refusal)
    return _done(request, ticket_id, _("You have taken the ticket."))


@require_POST
@agent_page
def answer(request: AgentRequest, ticket_id: str) -> HttpResponse:
    """Answer the customer and solve or hold the ticket."""
    form = EntryForm(request.POST)
    if not form.is_valid() or form.cleaned_data["to"] not in (Status.SOLVED, Status.REPLY):
        return _page(request, get_ticket(ticket_id), status=422, form=form)
    given = form.cleaned_data
    try:
        entry = actions.answer_ticket(
            ticket_id=ticket_id,
            agent=request.agent,
            to=Status(given["to"]),
            body=html.from_text(given["body"]),
            version=given["version"],
            request_id=given["request_id"],
            actor=request.actor,
        )
    except DaedapError as refusal:
        return _refused(request, ticket_id, refusal, form)
    if not entry.ticket.customer_email:
        return _done(request, ticket_id, _("There is no e-mail address, so no mail was sent."), tone="warning")
    return _done(request, ticket_id, _("The answer has been saved. It goes to the customer by mail."))


@require_POST
@agent_page
def comment(request: AgentRequest, ticket_id: str) -> HttpResponse:
    """Add a note that only agents see."""
    form = EntryForm(request.POST)
    if not form.is_valid():
        return _page(request, get_ticket(ticket_id), status=422, form=form, kind="comment")
    try:
        actions.add_comment(
            ticket_id=ticket_id,
            agent=request.agent,
            body=html.from_text(form.cleaned_data["body"]),
            request_id=form.cleaned_data["request_id"],
            actor=request.actor,
        )
    except DaedapError as refusal:
        return _refused(request, ticket_id, refusal, form, kind="comment")
    return _done(request, ticket_id, _("The comment has been added."))


@require_POST
@agent_page
def complete(request: AgentRequest, ticket_id: str) -> HttpResponse:
    """Close a solved ticket for good."""
    form = VersionForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else 0
    try:
        actions.complete_ticket(ticket_id=ticket_id, agent=request.agent, version=version, actor=request.actor)
    except DaedapError as refusal:
        return _refused(request, ticket_id, refusal)
    return _done(request, ticket_id, _("The ticket has been completed."))


# --- Answers -------------------------------------------------------------------------------------


def _page(request: AgentRequest, ticket: Ticket, *, status: int = 200, **more: Any) -> HttpResponse:
    """Return the ticket: its two panes to htmx, the whole page with the list otherwise."""
    context = _shared_context(request) | _ticket_context(request, ticket, **more)
    if request.htmx:
        return render(request, "tickets/_ticket_answer.html", context, status=status)
    return render(request, "tickets/list.html", _list_context(request) | context, status=status)


def _done(request: AgentRequest, ticket_id: str, text: str, *, tone: str = "success") -> HttpResponse:
    """Return the changed ticket with a short message."""
    if not request.htmx:
        messages.add_message(request, messages.WARNING if tone == "warning" else messages.SUCCESS, text)
        return HttpResponseRedirect(_detail_url(request, ticket_id))
    response = _page(request, get_ticket(ticket_id), changed=True)
    response["HX-Trigger"] = json.dumps({"toast": {"text": text, "tone": tone}})
    response["HX-Push-Url"] = _detail_url(request, ticket_id)
    return response


def _refused(
    request: AgentRequest, ticket_id: str, refusal: DaedapError, form: EntryForm | None = None, *, kind: str = "answer"
) -> HttpResponse:
    """Return the ticket as it is now with the reason on top; what was typed stays in the editor (K5)."""
    if refusal.code == 404:
        raise refusal
    ticket = get_ticket(ticket_id)
    if form is not None and refusal.field == "body":
        form.add_error("body", str(refusal.message))
        return _page(request, ticket, status=422, form=form, kind=kind)
    status = refusal.code if refusal.code in (403, 409) else 422
    again = form.again(ticket) if form else None
    return _page(request, ticket, status=status, form=again, kind=kind, refusal=refusal, changed=True)


def _detail_url(request: AgentRequest, ticket_id: str) -> str:
    return reverse("tickets:detail", args=[request.service.service_id, ticket_id]) + _query(request)


# --- What the templates need ---------------------------------------------------------------------


def _menu(request: AgentRequest) -> Menu:
    given = request.GET.get("menu", "")
    return Menu(given) if given in set(Menu) else Menu.ALL


def _search(request: AgentRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:100]


def _query(request: AgentRequest, **more: str) -> str:
    """Return the query that keeps the viewer in the same list: menu and search."""
    kept = QueryDict(mutable=True)
    if (menu := _menu(request)) != Menu.ALL:
        kept["menu"] = menu.value
    if search := _search(request):
        kept["q"] = search
    kept.update(more)
    return f"?{kept.urlencode()}" if kept else ""


def _shared_context(request: AgentRequest) -> dict[str, Any]:
    request.menu = _menu(request)  # read by the rail
    zone = request.service.zone
    return {
        "service": request.service,
        "agent": request.agent,
        "zone": zone,
        "kit": _row_kit(request),
        "chosen": _menu(request),
        "menus": Menu,
        "search": _search(request),
        "query": _query(request),
        "query_with": lambda **more: _query(request, **more),
        "may": permissions,
        "status_label": lambda code: Status(code).label,
    }


def _row_kit(request: AgentRequest) -> RowKit:
    zone, now = request.service.zone, timezone.now()
    return RowKit(
        address=reverse("tickets:list", args=[request.service.service_id]),
        query=_query(request),
        guest=_("Guest"),
        take=_("Take"),
        again=_("Asked again"),
        sources={source.value: str(source.label) for source in Source},
        ago=lambda moment: ago(moment, zone, now),
        full=lambda moment: full(moment, zone),
        can_take=lambda ticket: permissions.can_take(request.agent, ticket),
    )


def _list_context(request: AgentRequest) -> dict[str, Any]:
    page = list_tickets(
        viewer=request.agent,
        menu=_menu(request),
        search=_search(request),
        cursor=request.GET.get("cursor", ""),
    )
    return _shared_context(request) | {"page": page, "more_rows": bool(request.GET.get("cursor"))}


def _ticket_context(
    request: AgentRequest,
    ticket: Ticket,
    *,
    form: EntryForm | None = None,
    kind: str = "",
    refusal: DaedapError | None = None,
    group_form: GroupForm | None = None,
    changed: bool = False,
) -> dict[str, Any]:
    can_answer = permissions.can_answer(request.agent, ticket)
    return _side_context(request, ticket) | {
        "entries": list_entries(ticket),
        "form": form or EntryForm.blank(ticket),
        "kind": kind or ("answer" if can_answer else "comment"),
        "can_answer": can_answer,
        "refusal": refusal,
        "group_form": group_form,
        "changed": changed,
    }


def _side_context(request: AgentRequest, ticket: Ticket) -> dict[str, Any]:
    tab = "events" if request.GET.get("tab") == "events" else "info"
    return {
        "ticket": ticket,
        "tab": tab,
        "events": list_events(ticket) if tab == "events" else [],
        "language_name": own_name(ticket.language),
    }
