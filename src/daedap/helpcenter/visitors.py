"""What we know of a visitor beside the member session: device, upload session, and contact data as shown."""

from __future__ import annotations

import re
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from daedap.core import limits
from daedap.core.crypto import keyed_hash, new_token
from daedap.core.errors import DaedapError
from daedap.core.requests import user_agent
from daedap.members.models import Member
from daedap.members.sessions import set_help_centre_cookie
from daedap.services.access import CustomerRequest
from daedap.tickets.models import Source

GUEST_ENQUIRIES_PER_HOUR = 20
"""From one address (IP) to one service."""

MEMBER_ENQUIRIES_PER_HOUR = 30
"""Of one member, re-enquiries included."""

_MOBILE = re.compile(r"Mobile|Android|iPhone|iPad|iPod|Windows Phone|BlackBerry|Opera Mini", re.IGNORECASE)


def source_of(request: HttpRequest) -> Source:
    """Return the channel of an enquiry by the visitor's device: `web` or `spweb` (spec 30, 4.4)."""
    return Source.MOBILE_WEB if _MOBILE.search(user_agent(request)) else Source.WEB


# --- Floods --------------------------------------------------------------------------------------


class TooManyEnquiries(DaedapError):
    """The visitor has sent as many enquiries within the hour as one may (spec 30, 8.8)."""

    code = 429
    message = _("You have reached the limit of enquiries. Please try again later.")


def count_enquiry(request: CustomerRequest, member: Member | None) -> None:
    """Count one more enquiry or re-enquiry of this visitor; raise TooManyEnquiries."""
    if member is not None:
        subject, limit = f"member:{member.pk}", MEMBER_ENQUIRIES_PER_HOUR
    else:
        subject, limit = f"{request.service.pk}:{limits.origin(request.actor.ip)}", GUEST_ENQUIRIES_PER_HOUR
    if limits.count_up("helpcenter.enquiry", subject, window=timedelta(hours=1)) > limit:
        raise TooManyEnquiries


# --- Upload session ------------------------------------------------------------------------------


def upload_cookie_name() -> str:
    """Return the name of the cookie by which uploads are known to be this browser's."""
    return "__Secure-hcvisitor" if settings.SECURE else "hcvisitor"


def uploader_of(request: CustomerRequest) -> str:
    """Return who uploads from this browser, as files remember it; "" before it has opened a form of the service."""
    secret = request.COOKIES.get(upload_cookie_name(), "")
    return keyed_hash(f"{request.service.pk}:{secret}", purpose="helpcenter.uploads") if secret else ""


def remember_browser(request: CustomerRequest, response: HttpResponse) -> None:
    """Give the browser its upload session if it has none."""
    if not request.COOKIES.get(upload_cookie_name()):
        set_help_centre_cookie(response, request.service, upload_cookie_name(), new_token())


# --- Who writes ----------------------------------------------------------------------------------


def writer_of(request: CustomerRequest, member: Member | None) -> str:
    """Return who writes in a form, to be known again when it is sent; "" for guests."""
    return keyed_hash(f"{request.service.pk}:{member.pk}", purpose="helpcenter.writer")[:32] if member else ""


# --- Contact data as shown (spec 30, 8.3) --------------------------------------------------------


def mask_email(email: str) -> str:
    """Return `ab***@example.com` for an address; "" for none."""
    local, at, domain = email.rpartition("@")
    if not at:
        return "***" if email else ""
    shown = local[:2] if len(local) > 2 else local[:1]
    return f"{shown}***@{domain}"


def mask_phone(phone: str) -> str:
    """Return `010-****-5678` for a number; "" for none."""
    digits = re.sub(r"[^0-9+]", "", phone)
    if not digits:
        return "****" if phone.strip() else ""
    if len(digits) < 8:
        return f"****{digits[-2:]}"
    return f"{digits[:3]}-****-{digits[-4:]}"
