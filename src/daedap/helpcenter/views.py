"""The pages customers see: main, enquiry form, confirmation (spec 30). List and detail: `views_enquiries`."""

from __future__ import annotations

import secrets
from typing import Any

from django.core import signing
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from daedap.core.errors import DaedapError, NotFound
from daedap.core.requests import client_ip
from daedap.helpcenter import detours, uploads, visitors
from daedap.helpcenter.consent import consent_points, consent_text
from daedap.helpcenter.errors import MembersOnly
from daedap.helpcenter.forms import EnquiryForm, hex_id, put_refusal, without_contact
from daedap.helpcenter.pages import PageRequest, address, clean_path, login_address, page, show
from daedap.helpcenter.selectors import attachments_need_sign_in, get_terms
from daedap.members import logins
from daedap.members.access import FormAccess, ListAccess
from daedap.members.models import LoginType, Member
from daedap.members.remote import trips
from daedap.members.return_urls import own_page
from daedap.members.sessions import current_session, end_session
from daedap.members.tokens import Reason
from daedap.tickets.actions import create_enquiry
from daedap.tickets.models import Ticket
from daedap.tickets.selectors import find_waiting_addition, list_offered_categories

_RECEIPT_SECONDS = 7 * 86400


@page
@require_GET
def main(request: PageRequest) -> HttpResponse:
    """The main page: who we are, and a door to everything that exists."""
    return show(request, "helpcenter/main.html", {})


@page
def missing(request: PageRequest) -> HttpResponse:
    """Any other address of the help centre: its own page says that there is none (spec 30, 4.5)."""
    raise NotFound


# --- Enquiry form --------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "HEAD", "POST"])
def enquiry(request: PageRequest) -> HttpResponse:
    """Write an enquiry (문의하기). Who may: spec 20, section 9."""
    if request.method == "POST":
        return _submit(request)
    if request.access.form == FormAccess.LOGIN_URL and request.access.login_url:
        return detours.to_login(request, clean_path(request))
    if not request.access.may_submit:
        return detours.login_required(request)
    wanted = request.GET.get("category")
    categories = list_offered_categories(request.language)
    form = EnquiryForm(categories=categories, member=request.member, initial={"category": wanted} if wanted else None)
    addition_id = hex_id(request.GET.get("additionId"))
    return _form_page(request, form, uploads.Attachments(), form_id=secrets.token_hex(16), addition_id=addition_id)


def _submit(request: PageRequest) -> HttpResponse:
    if not request.access.may_submit:
        return detours.login_required(request, status=403, written=request.POST.get("content", ""))
    writer = hex_id(request.POST.get("writer"))
    is_other = writer not in ("", visitors.writer_of(request, request.member))
    form = EnquiryForm(
        without_contact(request.POST, request.member) if is_other else request.POST,
        categories=list_offered_categories(request.language),
        member=request.member,
    )
    attachments = uploads.take_attachments(request)
    form_id = hex_id(request.POST.get("form_id")) or secrets.token_hex(16)
    addition_id = hex_id(request.POST.get("addition_id"))
    status = 422
    if is_other:
        form.add_error(None, _other_writer(request.member))
    elif form.is_valid() and not attachments.errors:
        try:
            visitors.count_enquiry(request, request.member)
            ticket = _create(request, form.cleaned_data, attachments.ids, form_id, addition_id)
        except DaedapError as error:
            put_refusal(error, form, attachments.errors)
            status = 429 if error.code == 429 else 422
        else:
            return HttpResponseRedirect(address(request, "enquiry_done", _receipt(request, ticket)))
    return _form_page(request, form, attachments, form_id=form_id, addition_id=addition_id, status=status)


def _other_writer(member: Member | None) -> str:
    """Return what to say to whoever sends a form that a member has opened who is not here any more."""
    if member is None:
        return _("You have been logged out, so your enquiry was not sent. To send it as a guest, send it once more.")
    text = _("You are now logged in as %(name)s. To send the enquiry under this name, send it once more.")
    return text % {"name": member.username or member.usercode}


def _create(request: PageRequest, data: dict[str, Any], file_ids: list[str], form_id: str, addition_id: str) -> Ticket:
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
        consent_language=get_language() or "",
        form_id=form_id,
        addition_id=addition_id,
        actor=request.actor,
    )


def _form_page(
    request: PageRequest,
    form: EnquiryForm,
    attachments: uploads.Attachments,
    *,
    form_id: str,
    addition_id: str,
    status: int = 200,
) -> HttpResponse:
    addition = find_waiting_addition(addition_id)
    context = {
        "form": form,
        "form_id": form_id,
        "addition_id": addition_id,
        "available": bool(form.offered),
        "addition": addition.content if addition and addition.is_visible else "",
        "consent_points": consent_points(),
        "writer": visitors.writer_of(request, request.member),
        "draft": f"{request.service.service_id}/new",
        **uploads.describe(attachments, address(request, "upload")),
    }
    response = show(request, "helpcenter/enquiry.html", context, current="enquiry", status=status)
    visitors.remember_browser(request, response)
    patch_cache_control(response, no_store=True)  # the form id is good once
    return response


@page
@require_POST
def upload(request: PageRequest) -> HttpResponse:
    """Take one file before the form is sent (the page's script); answers `{id, name, size}` or `{message}`."""
    if not request.access.may_submit:
        raise MembersOnly
    if not visitors.uploader_of(request):
        return JsonResponse({"message": _("Please open the form again and attach the file once more.")}, status=422)
    sent = request.FILES.get("file")
    if sent is None:
        return JsonResponse({"message": _("Please choose a file.")}, status=422)
    try:
        stored = uploads.take_upload(request, sent)
    except DaedapError as error:
        return JsonResponse({"message": str(error.message)}, status=error.code if error.code in (429, 503) else 422)
    return JsonResponse({"id": stored.public_id, "name": stored.name, "size": stored.size}, status=201)


@page
@require_safe
def attachment_missing(request: PageRequest) -> HttpResponse:
    """There is no such file, or none for this visitor: one page for both, so that it tells nothing (spec 30, 8.4)."""
    access = request.access
    wanted = address(request, "enquiries", bare=True)
    context = {
        "needs_sign_in": attachments_need_sign_in(),
        "is_member": request.member is not None,
        "has_members": access.shows_list_menu,
        "login_url": login_address(request, wanted, anew=True) if access.login_url else "",
    }
    response = show(request, "helpcenter/attachment_missing.html", context, status=404)
    patch_cache_control(response, no_store=True)
    response["X-Robots-Tag"] = "noindex"
    return response


# --- Confirmation --------------------------------------------------------------------------------


@page
@require_GET
def enquiry_done(request: PageRequest, receipt: str) -> HttpResponse:
    """What happens next. The receipt is signed: only who sent the form has the address."""
    try:
        ticket_id, has_email = signing.loads(receipt, salt=_salt(request), max_age=_RECEIPT_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
    shows_list = request.access.list == ListAccess.OWN
    context = {
        "ticket_id": ticket_id,
        "shows_list": shows_list,
        "has_email": has_email,
        "draft": f"{request.service.service_id}/new",
    }
    response = show(request, "helpcenter/enquiry_done.html", context, current="enquiry")
    patch_cache_control(response, no_store=True)
    response["X-Robots-Tag"] = "noindex"
    return response


def _receipt(request: PageRequest, ticket: Ticket) -> str:
    return signing.dumps([ticket.ticket_id, bool(ticket.customer_email)], salt=_salt(request))


def _salt(request: PageRequest) -> str:
    return f"helpcenter.receipt.{request.service.pk}"


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
    return detours.to_login(request, wanted, anew="anew" in request.GET)


@page
@require_POST
def login_status(request: PageRequest) -> HttpResponse:
    """End the session of `usercode`: the company says `logged_out`, or that `other` is logged in (spec 20, 7.3).

    Whoever has signed in here meanwhile stays: the answer was about somebody else. A session that ends as soon as it
    began is written down for the company: most likely its cookie does not reach its login-status URL.
    """
    causes = {"logged_out": Reason.STATUS_LOGGED_OUT, "other": Reason.STATUS_OTHER_USER}
    session, cause = current_session(request), causes.get(request.POST.get("status", ""))
    response = HttpResponse(status=204)
    is_meant = session is not None and request.POST.get("usercode", "") == session.member.usercode
    if is_meant and session is not None and session.login_type == LoginType.POST and cause:
        end_session(request, response, cause=cause)
        if trips.note_end(request, response, session):
            logins.record_undone(service=request.service, ip=client_ip(request), reason=cause)
    return response


@page
@require_POST
def logout(request: PageRequest) -> HttpResponse:
    """End the member's session and go to the main page (spec 20, section 10)."""
    response = HttpResponseRedirect(address(request, "main"))
    end_session(request, response)
    return response
