"""The member's own enquiries (문의내역): list, detail and re-enquiry (spec 30, section 9)."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from daedap.core.errors import DaedapError
from daedap.helpcenter import detours, uploads, visitors
from daedap.helpcenter.forms import ReenquiryForm, hex_id, put_refusal
from daedap.helpcenter.pages import CHECKED, PageRequest, address, page, show, with_query
from daedap.helpcenter.selectors import attachments_need_sign_in, category_paths
from daedap.tickets.actions import ask_again
from daedap.tickets.errors import ReenquiryClosed
from daedap.tickets.models import CUSTOMER_STATUS_LABELS, EntryType, Status, Ticket
from daedap.tickets.selectors import get_member_ticket, list_categories_of_member, list_member_tickets

SENT = "sent"
"""The parameter by which the detail says that a re-enquiry has arrived."""


@page
@require_GET
def enquiries(request: PageRequest) -> HttpResponse:
    """The member's own enquiries, latest change first; `status` and `category` narrow them."""
    if (elsewhere := detours.from_own_enquiries(request)) is not None:
        return elsewhere
    assert request.member is not None  # noqa: S101  ListAccess.OWN means a member
    given = request.GET.get("status", "")
    status = Status(given) if given in Status.values else None
    own_categories = list_categories_of_member(request.member)
    category_id = next((pk for pk in own_categories if str(pk) == request.GET.get("category")), None)
    page_number = _number(request.GET.get("page", ""))
    found = list_member_tickets(member=request.member, page=page_number, status=status, category_id=category_id)
    context = {
        "page": found,
        "tickets": list(found),
        "paths": category_paths(own_categories, request.language),
        "zone": request.service.zone,
        "tabs": [
            {"label": label, "url": _here(request, status=code), "current": code == (status or "")}
            for code, label in [("", pgettext("states", "All")), *CUSTOMER_STATUS_LABELS.items()]
        ],
        "category": category_id,
        "kept": [pair for pair in _query(request).items() if pair[0] != "category"],
        "filtered": status is not None or category_id is not None,
        "all_url": _here(request, status="", category=""),
        "page_url": lambda number: _here(request, page=str(number)),
    }
    return show(request, "helpcenter/enquiries.html", context, current="enquiries")


def _here(request: PageRequest, **changed: str) -> str:
    """Return the address of the list as it is narrowed now, but for what is `changed`; "" takes a parameter out."""
    query = _query(request)
    for name, value in changed.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _query(request: PageRequest) -> Any:
    query = request.GET.copy()
    for name in ("page", CHECKED):
        query.pop(name, None)
    return query


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


@page
@require_http_methods(["GET", "HEAD", "POST"])
def enquiry_detail(request: PageRequest, ticket_id: str) -> HttpResponse:
    """One of the member's own enquiries with its answers, newest first, and a form to ask again (재문의)."""
    if (elsewhere := detours.from_own_enquiries(request)) is not None:
        return elsewhere
    assert request.member is not None  # noqa: S101  ListAccess.OWN means a member
    ticket = get_member_ticket(member=request.member, ticket_id=ticket_id)
    if request.method == "POST":
        return _ask_again(request, ticket)
    return _detail_page(request, ticket, ReenquiryForm(), uploads.Attachments(), form_id=secrets.token_hex(16))


def _ask_again(request: PageRequest, ticket: Ticket) -> HttpResponse:
    assert request.member is not None  # noqa: S101  as above
    form = ReenquiryForm(request.POST)
    attachments = uploads.take_attachments(request)
    form_id = hex_id(request.POST.get("form_id")) or secrets.token_hex(16)
    status, refusal = 422, ""
    if form.is_valid() and not attachments.errors:
        try:
            visitors.count_enquiry(request, request.member)
            ask_again(
                ticket_id=ticket.ticket_id,
                member=request.member,
                content=form.cleaned_data["content"],
                file_ids=attachments.ids,
                uploader=visitors.uploader_of(request),
                request_id=form_id,
                actor=request.actor,
            )
        except ReenquiryClosed as error:
            ticket.status, status, refusal = Status.CLOSED, 409, str(error.message)
        except DaedapError as error:
            put_refusal(error, form, attachments.errors)
            status = 429 if error.code == 429 else 422
        else:
            here = address(request, "enquiry_detail", ticket.ticket_id)
            return HttpResponseRedirect(with_query(here, f"{SENT}=1"))
    return _detail_page(request, ticket, form, attachments, form_id=form_id, status=status, refusal=refusal)


def _detail_page(
    request: PageRequest,
    ticket: Ticket,
    form: ReenquiryForm,
    attachments: uploads.Attachments,
    *,
    form_id: str,
    status: int = 200,
    refusal: str = "",
) -> HttpResponse:
    addition = ticket.additional_data
    context = {
        "ticket": ticket,
        "only_save": request.is_framed and attachments_need_sign_in(),
        "files": ticket.files,  # type: ignore[attr-defined]  # as its docstring says
        "path": category_paths([ticket.category_id], request.language).get(ticket.category_id or 0, ""),
        "addition": addition.content if addition and addition.is_visible else "",
        "contact": [
            (label, masked)
            for label, masked in (
                (_("E-mail"), visitors.mask_email(ticket.customer_email)),
                (_("Phone number"), visitors.mask_phone(ticket.customer_phone)),
            )
            if masked
        ],
        "entries": list(reversed(ticket.history)),  # type: ignore[attr-defined]  # as its docstring says
        "reply_type": EntryType.REPLY,
        "zone": request.service.zone,
        "form": form,
        "form_id": form_id,
        "here": address(request, "enquiry_detail", ticket.ticket_id),
        "anew_url": with_query(
            address(request, "enquiry"), f"category={ticket.category_id}" if ticket.category_id else ""
        ),
        "is_closed": ticket.status == Status.CLOSED,
        "draft": f"{request.service.service_id}/{ticket.ticket_id}",
        "writer": visitors.writer_of(request, request.member),
        "was_sent": SENT in request.GET and request.method != "POST",
        "refusal": refusal,
        "written": form["content"].value() or "" if refusal else "",
        **uploads.describe(attachments, address(request, "upload")),
    }
    response = show(request, "helpcenter/enquiry_detail.html", context, current="enquiries", status=status)
    visitors.remember_browser(request, response)
    return response
