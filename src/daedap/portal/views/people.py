"""Platform members of an organization's console: adding, roles, removing (spec 10, 7.3)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from daedap.core.errors import DaedapError
from daedap.organizations import console_members
from daedap.organizations.models import ConsoleRole
from daedap.portal.access import OrganizationRequest, members_page
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.console import PersonForm
from daedap.portal.views.answers import dialog_form, go, shell

ROLE_DESCRIPTIONS: dict[str, str | Promise] = {
    ConsoleRole.OWNER.value: _("Everything but deleting the organization"),
    ConsoleRole.ADMIN.value: _("Services, members and login security"),
    ConsoleRole.ORG_MEMBER_ADMIN.value: _("Members only"),
    ConsoleRole.MEMBER.value: _("Sees dashboard and basic settings"),
    ConsoleRole.NONE.value: _("Sees dashboard and basic settings; no role yet"),
}


@members_page
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: OrganizationRequest) -> HttpResponse:
    """Add a platform member: a page of its own, and behind the dialog of the list."""
    roles = console_members.roles_given_by(request.role)
    form = PersonForm(request.POST if request.method == "POST" else None, roles=roles)
    if form.is_valid():
        try:
            console_members.add_console_member(
                organization=request.own,
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                by=request.user,
                actor=request.actor,
            )
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(request, gettext("The member has been added and told by mail."))
            return go(request, _list(request))
    return dialog_form(
        request,
        "portal/console/person_add.html",
        "portal/console/_person_form.html",
        form,
        descriptions=ROLE_DESCRIPTIONS,
        **shell(request),
    )


@members_page
@require_POST
def change_role(request: OrganizationRequest, member_id: int) -> HttpResponse:
    """Give another role."""
    console_members.change_console_role(
        organization=request.own,
        member_id=member_id,
        role=request.POST.get("role", ""),
        by=request.user,
        actor=request.actor,
    )
    messages.success(request, gettext("Saved."))
    return redirect(_list(request))


@members_page
@require_POST
def remove(request: OrganizationRequest, member_id: int) -> HttpResponse:
    """Take a platform member out of the console."""
    console_members.remove_console_member(
        organization=request.own, member_id=member_id, by=request.user, actor=request.actor
    )
    messages.success(request, gettext("The member has been removed."))
    return redirect(_list(request))


def _list(request: OrganizationRequest) -> str:
    return reverse("portal:members", args=[request.own.public_id]) + "?tab=platform"
