"""The pages customers see: main, enquiry form, confirmation, enquiry list and detail (spec 30)."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from daedap.core import limits
from daedap.core.errors import DaedapError, NotFound, PermissionRefused
from daedap.core.html import clean
from daedap.files.checks import ENQUIRY_EXTENSIONS, MAX_BYTES
from daedap.helpcenter import uploads, visitors
from daedap.helpcenter.consent import consent_points, consent_text
from daedap.helpcenter.forms import EnquiryForm
from daedap.helpcenter.pages import CHECKED, PageRequest, address, clean_path, login_address, page, show, with_query
from daedap.helpcenter.selectors import category_paths, get_terms
from daedap.members import trips
from daedap.members.access import FormAccess, ListAccess
from daedap.members.models import LoginType, Member
from daedap.members.return_urls import own_page
from daedap.members.sessions import current_session, end_session
from daedap.tickets.actions import create_enquiry
from daedap.tickets.models import CUSTOMER_STATUS_LABELS, EntryType, Status, Ticket
from daedap.tickets.selectors import get_member_ticket, list_member_tickets, list_offered_categories

GUEST_ENQUIRIES_PER_HOUR = 20
"""From one address to one service."""

_FORM_ID = re.compile(r"[0-9a-f]{32}")
_RECEIPT_SECONDS = 7 * 86400


@page
@require_GET
def main(request: PageRequest) -> HttpResponse:
    """The main page: who we are, and a door to everything that exists."""
    return show(request, "helpcenter/main.html", {})


# --- Enquiry form --------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "HEAD", "POST"])
def enquiry(request: PageRequest) -> HttpResponse:
    """Write an enquiry (문의하기). Who may: spec 20, section 9."""
    if request.method == "POST":
        return _submit(request)
    if request.access.form == FormAccess.LOGIN_URL and request.access.login_url:
        return _to_login(request, clean_path(request))
    if not request.access.may_submit:
        return _login_required(request)
    form = EnquiryForm(categories=list_offered_categories(request.language), member=request.member)
    return _form_page(request, form, uploads.Attachments(), form_id=secrets.token_hex(16))


def _submit(request: PageRequest) -> HttpResponse:
    if not request.access.may_submit:
        return _login_required(request, status=403)
    form = EnquiryForm(request.POST, categories=list_offered_categories(request.language), member=request.member)
    attachments = uploads.take_attachments(request)
    form_id = request.POST.get("form_id", "")
    if not _FORM_ID.fullmatch(form_id):
        form_id = secrets.token_hex(16)
    status = 422
    if form.is_valid() and not attachments.errors:
        if _is_over_limit(request):
            form.add_error(None, _("You have reached the limit of enquiries. Please try again later."))
            status = 429
        else:
            try:
                ticket = _create(request, form.cleaned_data, attachments.ids, form_id)
            except DaedapError as error:
                _say(error, form, attachments)
            else:
                return HttpResponseRedirect(address(request, "enquiry_done", _receipt(request, ticket)))
    return _form_page(request, form, attachments, form_id=form_id, status=status)


def _create(request: PageRequest, data: dict[str, Any], file_ids: list[str], form_id: str) -> Ticket:
    return create_enquiry(
        service=request.service,
        source=visitors.source_of(request),
        category_id=data["category"],
        subject=data["subject"],
        content=data["content"],
        name=data["name"],
        email=data["email"],
        phone=data["phone"],
        language=request.language,
        member=request.member,
        file_ids=file_ids,
        uploader=visitors.uploader_of(request),
        consent_text=consent_text(),
        form_id=form_id,
        actor=request.actor,
    )


def _say(error: DaedapError, form: EnquiryForm, attachments: uploads.Attachments) -> None:
    """Put a refusal of the action beside the field it belongs to."""
    if error.field == "files":
        attachments.errors.append(str(error.message))
    else:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))


def _is_over_limit(request: PageRequest) -> bool:
    if request.member is not None:
        return False
    subject = f"{request.service.pk}:{limits.origin(request.actor.ip)}"
    count = limits.count_up("helpcenter.enquiry", subject, window=timedelta(hours=1))
    return count > GUEST_ENQUIRIES_PER_HOUR


def _form_page(
    request: PageRequest, form: EnquiryForm, attachments: uploads.Attachments, *, form_id: str, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "form_id": form_id,
        "available": bool(form.offered),
        "attachments": attachments,
        "consent_points": consent_points(),
        "accept": ",".join(f".{extension}" for extension in ENQUIRY_EXTENSIONS),
        "extensions": ", ".join(ENQUIRY_EXTENSIONS),
        "max_files": uploads.MAX_FILES,
        "max_bytes": MAX_BYTES,
        "too_many": uploads.too_many(),
        "upload_url": address(request, "upload"),
        "is_member": request.member is not None,
    }
    response = show(request, "helpcenter/enquiry.html", context, current="enquiry", status=status)
    visitors.remember_browser(request, response)
    patch_cache_control(response, no_store=True)  # the form id is good once
    return response


def _login_required(request: PageRequest, status: int = 200) -> HttpResponse:
    """The notice for guests where only members may ask; the way in of the GET method is the company's app."""
    by_app = request.integration.login_type == LoginType.GET
    wanted = address(request, "enquiry", bare=True)
    login_url = login_address(request, wanted, anew=True) if request.access.login_url else ""
    context = {"by_app": by_app, "login_url": login_url}
    return show(request, "helpcenter/login_required.html", context, current="enquiry", status=status)


def _to_login(request: PageRequest, wanted: str, *, anew: bool = False) -> HttpResponse:
    """Begin a trip to the company's login page, or say that it leads nowhere (spec 20, 7.3).

    A frame does not go there by itself: it shows a button that takes the whole window (section 11).
    """
    if request.is_framed:
        context = {"login_url": login_address(request, wanted, anew=True)}
        return show(request, "helpcenter/login_outside.html", context, current="enquiry")
    trip = trips.start(request, wanted, anew=anew)
    if trip is not None:
        return trip
    response = show(request, "helpcenter/login_failed.html", {"again": login_address(request, wanted, anew=True)})
    patch_cache_control(response, no_store=True)
    return response


@page
@require_POST
def upload(request: PageRequest) -> HttpResponse:
    """Take one file before the form is sent (the page's script); answers `{id, name, size}` or `{message}`."""
    if not request.access.may_submit:
        return JsonResponse({"message": str(PermissionRefused.message)}, status=403)
    if not visitors.uploader_of(request):
        return JsonResponse({"message": _("Please open the form again and attach the file once more.")}, status=422)
    sent = request.FILES.get("file")
    if sent is None:
        return JsonResponse({"message": _("Please choose a file.")}, status=422)
    try:
        stored = uploads.take_upload(request, sent)
    except DaedapError as error:
        return JsonResponse({"message": str(error.message)}, status=429 if error.code == 429 else 422)
    return JsonResponse({"id": stored.public_id, "name": stored.name, "size": stored.size}, status=201)


# --- Confirmation --------------------------------------------------------------------------------


@page
@require_GET
def enquiry_done(request: PageRequest, receipt: str) -> HttpResponse:
    """What happens next. The receipt is signed: only who sent the form has the address."""
    try:
        ticket_id = signing.loads(receipt, salt=_salt(request), max_age=_RECEIPT_SECONDS)
    except signing.BadSignature as error:
        raise NotFound from error
    shows_list = request.access.list == ListAccess.OWN
    context = {"ticket_id": ticket_id, "shows_list": shows_list, "has_email": _has_email(request.member)}
    response = show(request, "helpcenter/enquiry_done.html", context, current="enquiry")
    patch_cache_control(response, no_store=True)
    response["X-Robots-Tag"] = "noindex"
    return response


def _has_email(member: Member | None) -> bool:
    return member is None or bool(member.email)


def _receipt(request: PageRequest, ticket: Ticket) -> str:
    return signing.dumps(ticket.ticket_id, salt=_salt(request))


def _salt(request: PageRequest) -> str:
    return f"helpcenter.receipt.{request.service.pk}"


# --- Enquiry list and detail ---------------------------------------------------------------------


@page
@require_GET
def enquiries(request: PageRequest) -> HttpResponse:
    """The member's own enquiries (문의내역), latest change first."""
    if (elsewhere := _not_for_lists(request)) is not None:
        return elsewhere
    assert request.member is not None  # noqa: S101  ListAccess.OWN means a member
    chosen = request.GET.get("status", "")
    status = Status(chosen) if chosen in Status.values else None
    found = list_member_tickets(member=request.member, page=_number(request.GET.get("page", "")), status=status)
    here = address(request, "enquiries")
    rows = list(found)
    return show(
        request,
        "helpcenter/enquiries.html",
        {
            "page": found,
            "tickets": rows,
            "paths": category_paths(rows, request.language),
            "zone": request.service.zone,
            "tabs": [
                {
                    "label": label,
                    "url": with_query(here, f"status={code}" if code else ""),
                    "current": code == (status or ""),
                }
                for code, label in [("", pgettext("states", "All")), *CUSTOMER_STATUS_LABELS.items()]
            ],
            "filtered": status is not None,
            "page_url": with_query(here, (f"status={status}&" if status else "") + "page={page}"),
        },
        current="enquiries",
    )


@page
@require_GET
def enquiry_detail(request: PageRequest, ticket_id: str) -> HttpResponse:
    """One of the member's own enquiries with its answers, newest first; any other is not found."""
    if (elsewhere := _not_for_lists(request)) is not None:
        return elsewhere
    assert request.member is not None  # noqa: S101  ListAccess.OWN means a member
    ticket = get_member_ticket(member=request.member, ticket_id=ticket_id)
    history: list[Any] = ticket.history  # type: ignore[attr-defined]  # as its docstring says
    entries = [
        {
            "is_answer": entry.type == EntryType.REPLY,
            "html": clean(entry.body),
            "files": entry.files,
            "at": entry.created_at,
        }
        for entry in reversed(history)
    ]
    context = {
        "ticket": ticket,
        "files": ticket.files,  # type: ignore[attr-defined]  # as its docstring says
        "path": category_paths([ticket], request.language).get(ticket.category_id or 0, ""),
        "entries": entries,
        "zone": request.service.zone,
    }
    return show(request, "helpcenter/enquiry_detail.html", context, current="enquiries")


def _not_for_lists(request: PageRequest) -> HttpResponse | None:
    """Where a visitor without a list goes: the company's login page, else the form (spec 20, section 9).

    With the POST method, a page that asks for the login status comes first, and the enquiries only after the answer.
    """
    if request.access.list == ListAccess.OWN:
        session = current_session(request)
        if session is None or session.login_type != LoginType.POST or CHECKED in request.GET:
            return None
        return _checking(request)
    if request.access.list == ListAccess.LOGIN_URL and request.access.login_url:
        return _to_login(request, clean_path(request))
    response = HttpResponseRedirect(address(request, "enquiry"))
    patch_cache_control(response, no_store=True)
    return response


def _checking(request: PageRequest) -> HttpResponse:
    query = request.GET.copy()
    query[CHECKED] = "1"
    context = {"content_url": f"{request.path}?{query.urlencode()}"}
    return show(request, "helpcenter/checking.html", context, current="enquiries")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


# --- Terms of use ---------------------------------------------------------------------------------


@page
@require_GET
def terms(request: PageRequest) -> HttpResponse:
    """The terms of use of the company information in the footer (spec 30, section 16)."""
    title, html = get_terms(request.service, request.language)
    return show(request, "helpcenter/terms.html", {"terms_title": title, "terms_html": html})


# --- Log in and out ------------------------------------------------------------------------------


@page
@require_GET
def login(request: PageRequest) -> HttpResponse:
    """Go to the company's login page and come back to `next`, a page of this help centre (POST method; spec 20, 7.2).

    `anew` is for buttons: pages that come here by themselves may do so twice a minute.
    """
    wanted = own_page(request.GET.get("next", ""), request.organization, request.service) or address(request, "main")
    if request.member is not None or not request.access.login_url:
        return HttpResponseRedirect(wanted)
    return _to_login(request, wanted, anew="anew" in request.GET)


@page
@require_POST
def login_status(request: PageRequest) -> HttpResponse:
    """End the session of `usercode`: the company says `logged_out`, or that `other` is logged in (spec 20, 7.3).

    Whoever has signed in here meanwhile stays: the answer was about somebody else.
    """
    causes = {"logged_out": "logged out at the company", "other": "other member at the company"}
    session, cause = current_session(request), causes.get(request.POST.get("status", ""))
    response = HttpResponse(status=204)
    is_meant = session is not None and request.POST.get("usercode", "") == session.member.usercode
    if is_meant and session is not None and session.login_type == LoginType.POST and cause:
        end_session(request, response, cause=cause)
    return response


@page
@require_POST
def logout(request: PageRequest) -> HttpResponse:
    """End the member's session and go to the main page (spec 20, section 10)."""
    response = HttpResponseRedirect(address(request, "main"))
    end_session(request, response)
    return response
