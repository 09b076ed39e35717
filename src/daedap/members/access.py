"""What a visitor of a help centre may do with enquiries (spec 20, section 9), and the decorator of its pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext_lazy as _

from daedap.core.actors import Actor, ActorKind
from daedap.core.errors import PermissionRefused
from daedap.core.requests import client_ip
from daedap.members import frames, notices, tokens
from daedap.members.models import IntegrationSettings, LoginType, Member
from daedap.members.selectors import get_integration
from daedap.members.sessions import current_member
from daedap.services.access import CustomerRequest, customer_page


class FormAccess(StrEnum):
    """What is shown where an enquiry is written (문의하기)."""

    MEMBER = "member"  # the form, prefilled
    GUEST = "guest"
    LOGIN_REQUIRED = "login_required"  # a notice and no form
    LOGIN_URL = "login_url"  # 302 to the company's login page


class ListAccess(StrEnum):
    """What is shown where own enquiries are listed (문의내역), and for a single one."""

    OWN = "own"
    TO_FORM = "to_form"  # 302 to the form
    LOGIN_URL = "login_url"


@dataclass(frozen=True)
class EnquiryAccess:
    """One row of the table of spec 20, section 9.

    `may_submit` guards the submit endpoint and its uploads (403 otherwise); `login_url` is "" where there is none.
    """

    form: FormAccess
    list: ListAccess
    may_submit: bool
    shows_list_menu: bool
    shows_login_button: bool = False
    login_url: str = ""


def enquiry_access(integration: IntegrationSettings, member: Member | None) -> EnquiryAccess:
    """Return what this visitor may do; depends on nothing but its arguments."""
    if not integration.enabled:
        return EnquiryAccess(FormAccess.GUEST, ListAccess.TO_FORM, may_submit=True, shows_list_menu=False)
    if member is not None:
        return EnquiryAccess(FormAccess.MEMBER, ListAccess.OWN, may_submit=True, shows_list_menu=True)
    guests = integration.guest_enquiries
    if integration.login_type == LoginType.GET:
        form = FormAccess.GUEST if guests else FormAccess.LOGIN_REQUIRED
        return EnquiryAccess(form, ListAccess.TO_FORM, may_submit=guests, shows_list_menu=True)
    return EnquiryAccess(
        FormAccess.GUEST if guests else FormAccess.LOGIN_URL,
        ListAccess.LOGIN_URL,
        may_submit=guests,
        shows_list_menu=True,
        shows_login_button=guests,
        login_url=integration.login_url,
    )


# --- pages -----------------------------------------------------------------------------------------------------


class HelpCentreRequest(CustomerRequest):
    """A request on a help-centre page, with everything known about the visitor.

    `notice` is a sentence to show once ("" mostly); the decorator makes the browser forget it.
    """

    integration: IntegrationSettings
    member: Member | None
    access: EnquiryAccess
    notice: str


View = Callable[..., HttpResponse]


def help_centre_page(view: View) -> View:
    """Open a help-centre page to everybody, as `customer_page` does, and find out who the visitor is.

    Sets `request.integration`, `.member`, `.access`, `.notice` and `.actor`. An address with identity parameters is
    answered by a redirect without them (spec 20, 6.2, 8.5): a token is evaluated by the edge, before Django.
    """

    @customer_page
    @wraps(view)
    def wrapper(request: HelpCentreRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        redirect = strip_identity(request)
        if redirect is not None:
            return redirect
        request.integration = get_integration(request.service)
        request.member = current_member(request) if request.integration.enabled else None
        request.access = enquiry_access(request.integration, request.member)
        ip = client_ip(request)
        request.actor = request.member.as_actor(ip) if request.member else Actor(ActorKind.GUEST, ip=ip)
        request.notice = notices.read(request)
        response = view(request, *args, **kwargs)
        if request.notice and notices.was_shown(request, response):
            notices.forget(response, request.service)
        frames.allow_parents(response, request.integration)
        patch_vary_headers(response, ["Cookie"])
        if request.member is not None or request.notice:
            patch_cache_control(response, no_store=True)
            response["X-Robots-Tag"] = "noindex"
        return response

    return wrapper


def strip_identity(request: CustomerRequest) -> HttpResponse | None:
    """Return a redirect to the address without identity parameters, or None if it has none.

    A path that spells the service ID in another case is mended too: the session's cookie knows only the registered one.
    """
    if request.method not in ("GET", "HEAD"):
        return None
    raw = request.META.get("QUERY_STRING", "").encode("latin-1")
    prefix = f"/{request.service.service_id}/"
    path = prefix + request.path.removeprefix("/").partition("/")[2]
    has_identity = tokens.clean_query(raw) != raw.decode("latin-1")
    if not has_identity and path == request.path:
        return None
    if has_identity and settings.SECURE and not request.is_secure():
        raise PermissionRefused(_("This link works over https only."))
    return clean_redirect(escape_uri_path(path), raw)


def clean_redirect(path: str, raw_query: bytes) -> HttpResponse:
    """Return a 302 without a body to `path` with what may stay of the query (spec 20, 6.8 and 12)."""
    query = tokens.clean_query(raw_query)
    response = HttpResponse(status=302)
    response["Location"] = f"{path}?{query}" if query else path
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
