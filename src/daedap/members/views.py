"""Service Management → Help centre → Member integration (회원 연동)."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from daedap.core.errors import DaedapError
from daedap.core.hosts import organization_url
from daedap.members.actions import save_integration
from daedap.members.conformance.login_status import is_one_site
from daedap.members.forms import IntegrationForm
from daedap.members.logins import BURST, BURST_WINDOW
from daedap.members.models import IntegrationSettings, LoginType
from daedap.members.selectors import (
    count_entries_by_old_key,
    count_outcomes,
    count_sessions,
    get_integration,
    list_bursts,
)
from daedap.services.access import ServiceRequest, service_administrator_page

SHOWN_DAYS = 7
PAGES = (
    (gettext_lazy("Main page"), "hc/"),
    (gettext_lazy("Write an enquiry"), "hc/ticket/"),
    (gettext_lazy("My enquiries"), "hc/ticket/list/"),
)
REMOTE = (
    (gettext_lazy("From the browser"), "/v2/enduser/remote.json"),
    (gettext_lazy("From your server"), "/api/v2/enduser/remote.json"),
)


@service_administrator_page
@require_http_methods(["GET", "POST"])
def integration(request: ServiceRequest) -> HttpResponse:
    """Show and save the settings. The addresses are looked up before the transaction of the change begins."""
    service = request.service
    saved = get_integration(service)
    form = IntegrationForm.of(saved, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            ended = save_integration(service=service, choices=form.choices, actor=request.actor)
        except DaedapError as error:
            form.show(error)
        else:
            messages.success(request, _saved(ended))
            return redirect("members:integration", service.service_id)
    home = f"/{service.service_id}/"
    context = {
        "service": service,
        "form": form,
        "addresses": [
            (label, organization_url(request.organization.domain or "", home + path)) for label, path in PAGES
        ],
        "remote_addresses": [
            (label, organization_url(request.organization.domain or "", path)) for label, path in REMOTE
        ],
        "saved": saved,
        "other_site": _other_site(request, saved),
        "signed_in": count_sessions() if saved.enabled else 0,
        **_history(request),
    }
    return render(request, "members/integration.html", context, status=422 if form.errors else 200)


def _other_site(request: ServiceRequest, saved: IntegrationSettings) -> str:
    """Return the host of the login-status URL if browsers may keep its cookie from our page; else ""."""
    asks = saved.enabled and saved.login_type == LoginType.POST
    home = organization_url(request.organization.domain or "")
    if not asks or is_one_site(saved.login_status_url, home):
        return ""
    return urlsplit(saved.login_status_url).netloc


def _history(request: ServiceRequest) -> dict[str, object]:
    """Return what happened lately: how entries ended, bursts of suspicious ones, and those signed with the old Key."""
    since = timezone.now() - timedelta(days=SHOWN_DAYS)
    outcomes = count_outcomes(since=since)
    noted = [each for each in outcomes if each.reason]
    organization = request.organization
    return {
        "days": SHOWN_DAYS,
        "total": sum(each.count for each in outcomes),
        "members": sum(each.count for each in outcomes if each.is_member),
        "noted": noted,
        "noted_total": sum(each.count for each in noted),
        "bursts": list_bursts(since=since),
        "burst": BURST,
        "burst_minutes": BURST_WINDOW // timedelta(minutes=1),
        "old_key_until": organization.old_key_until if organization.has_old_key else None,
        "by_old_key": count_entries_by_old_key(since=organization.key_changed_at or since)
        if organization.has_old_key
        else 0,
    }


def _saved(ended: int) -> str:
    if not ended:
        return _("Saved.")
    text = ngettext(
        "Saved. %(count)d signed-in member was logged out.",
        "Saved. %(count)d signed-in members were logged out.",
        ended,
    )
    return text % {"count": ended}
