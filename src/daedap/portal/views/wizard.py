"""The activation wizard: organization and domain, IAM members, done (spec 10, steps 6–8)."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from daedap.core.errors import DaedapError
from daedap.core.hosts import organization_url
from daedap.organizations import activation, domains
from daedap.organizations.models import ConsoleRole
from daedap.organizations.selectors import find_owner, list_own_organizations, page_members
from daedap.portal.access import OrganizationRequest, setting_page
from daedap.portal.actions import save_first_step
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.console import DomainForm, IamMemberForm, OrganizationForm
from daedap.portal.views.answers import form_page

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@setting_page
@require_safe
def start(request: OrganizationRequest) -> HttpResponse:
    """Open the first unfinished step (spec 10, step 3)."""
    if request.own.is_active:
        return redirect("portal:wizard-done", request.own.public_id)
    step = "portal:wizard-members" if request.own.domain else "portal:wizard-domain"
    return redirect(step, request.own.public_id)


@setting_page
@_get_or_post
def domain(request: OrganizationRequest) -> HttpResponse:
    """Step 1: the name and the domain. Save checks for duplicates, then both are stored."""
    if request.own.is_active:
        return redirect("portal:wizard-done", request.own.public_id)
    initial = {"name": request.own.name, "domain": request.own.domain or ""}
    form = DomainForm(request.POST if request.method == "POST" else None, initial=initial)
    form.fields["name"].disabled = request.role != ConsoleRole.OWNER  # ADMIN sets up, OWNER alone renames
    if form.is_valid():
        data = form.cleaned_data
        try:
            organization = save_first_step(
                organization=request.own, name=data["name"], domain=data["domain"], actor=request.actor
            )
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(
                request, gettext("The domain %(domain)s has been saved.") % {"domain": organization.domain}
            )
            return redirect("portal:wizard-members", request.own.public_id)
    typed = str(form["domain"].value() or "")
    others = [
        own for own in list_own_organizations(user=request.user) if not own.is_active and own.pk != request.own.pk
    ]
    return form_page(
        request,
        "portal/wizard/domain.html",
        form,
        own=request.own,
        others=others,
        new_form=OrganizationForm(auto_id="new_%s"),
        preview=_preview(typed),
        suffix=organization_url("-").split("//-", 1)[1].rstrip("/"),
    )


@never_cache
@setting_page
@require_safe
def check(request: OrganizationRequest) -> HttpResponse:
    """Say, while it is typed, whether a domain is free. Only saving decides."""
    typed = request.GET.get("domain", "")[:100]
    reason = domains.check_domain(typed, organization=request.own) if typed.strip() else None
    context = {"reason": reason, "typed": bool(typed.strip()), "preview": _preview(typed)}
    return render(request, "portal/wizard/_check.html", context)


def _preview(typed: str) -> str:
    """Return the address that the typed domain would give, or one that shows its shape."""
    cleaned = domains.clean_domain(typed)
    usable = bool(cleaned) and domains.broken_rule(cleaned) is None
    return organization_url(cleaned if usable else gettext("your-domain"))


@setting_page
@_get_or_post
def members(request: OrganizationRequest) -> HttpResponse:
    """Step 2: who uses it, and who is OWNER. Next enables Online Contact (spec 10, 7.4).

    Who was OWNER before is on the first page and ticked there.
    """
    if request.own.is_active and request.method != "POST":
        return redirect("portal:wizard-done", request.own.public_id)
    if not request.own.domain:
        return redirect("portal:wizard-domain", request.own.public_id)
    search = request.GET.get("q", "")[:100]
    registered = page_members(search=search, page=request.GET.get("page", "1"))
    error, status, ticked = "", 200, request.POST.getlist("owner")
    if request.method == "POST":
        try:
            activation.activate(organization=request.own, owner_member_id=_one_id(ticked), actor=request.actor)
        except DaedapError as refusal:
            error, status = str(refusal.message), 422
        else:
            return redirect("portal:wizard-done", request.own.public_id)
    else:
        ticked = [str(member.pk) for member in registered if member.is_owner]  # enabled before
    context = {
        "own": request.own,
        "members": registered,
        "form": IamMemberForm(),
        "back": request.path,
        "error": error,
        "ticked": ticked[0] if len(ticked) == 1 else "",
        "search": search,
        "page_url": lambda number: f"?{urlencode(({'q': search} if search else {}) | {'page': number})}",
    }
    return render(request, "portal/wizard/members.html", context, status=status)


def _one_id(ticked: list[str]) -> int | None:
    """Return the one member that was ticked; None for nobody, for several and for nonsense."""
    if len(ticked) != 1 or not ticked[0].isascii() or not ticked[0].isdigit() or len(ticked[0]) > 15:
        return None
    return int(ticked[0])


@setting_page
@require_safe
def done(request: OrganizationRequest) -> HttpResponse:
    """Step 3: the address and the OWNER's ID."""
    if not request.own.is_active:
        return redirect("portal:wizard", request.own.public_id)
    return render(request, "portal/wizard/done.html", {"own": request.own, "owner": find_owner()})
