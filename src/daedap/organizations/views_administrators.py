"""Global Management → Organization administrators, and invitations from there (spec 10, 5.5)."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from daedap.core.errors import DaedapError, NotFound
from daedap.organizations.access import StaffRequest, administrator_page
from daedap.organizations.administrators import (
    MOST_CANDIDATES,
    AlreadyAdministrator,
    OwnerStays,
    SearchEmpty,
    add_administrator,
    find_candidates,
    list_administrators,
    remove_administrator,
)
from daedap.organizations.forms import AddAdministratorForm, AdministratorSearchForm, InviteForm, show_error
from daedap.organizations.invitations import (
    cancel_invitation,
    get_invited,
    invite_again,
    invite_member,
    list_invited,
)
from daedap.organizations.models import IamMember


@administrator_page
@require_GET
def administrators(request: StaffRequest) -> HttpResponse:
    """List OWNER and organization administrators, and below them the open invitations."""
    context = {"administrators": list_administrators(), "invited": list_invited(seen_by=request.member)}
    return render(request, "organizations/administrators.html", context)


@administrator_page
@require_http_methods(["GET", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    """Search a member and make them an organization administrator."""
    search = AdministratorSearchForm(request.GET if request.GET else None)
    candidates: list[IamMember] = []
    if search.is_valid():
        try:
            candidates = find_candidates(**search.cleaned_data)
        except SearchEmpty as error:
            show_error(search, error)
    form = AddAdministratorForm(request.POST if request.method == "POST" else None, candidates=candidates)
    if form.is_valid():
        try:
            member = add_administrator(member_id=form.cleaned_data["member"], actor=request.actor)
        except AlreadyAdministrator as error:
            show_error(form, error)
        else:
            messages.success(request, _("%(name)s is now an organization administrator.") % {"name": member.user.name})
            return redirect("organizations:administrators")
    searched = search.is_bound and not search.errors
    given = {name: search.data.get(key, "") for name, key in _FROM_SEARCH.items()} if searched else {}
    context = {
        "search": search,
        "form": form,
        "candidates": candidates,
        "searched": searched,
        "most": MOST_CANDIDATES,
        "invite_url": f"{reverse('organizations:invite')}?{urlencode(given)}",
    }
    status = 422 if search.errors or form.errors else 200
    return render(request, "organizations/administrator_add.html", context, status=status)


_FROM_SEARCH = {"name": "name", "login_id": "account", "email": "email"}


@administrator_page
@require_http_methods(["GET", "POST"])
def remove(request: StaffRequest, member_id: int) -> HttpResponse:
    """Ask, and take the rights away; from oneself too, at once."""
    found = [member for member in list_administrators() if member.pk == member_id]
    refusal = ""
    if request.method == "POST":
        try:
            member = remove_administrator(member_id=member_id, actor=request.actor)
        except OwnerStays as error:
            refusal = str(error.message)
        else:
            if member.pk == request.member.pk:
                messages.success(request, _("You are no longer an organization administrator."))
                return redirect("console:home")
            messages.success(
                request, _("%(name)s is no longer an organization administrator.") % {"name": member.user.name}
            )
            return redirect("organizations:administrators")
    if not found:
        raise NotFound
    member = found[0]
    if member.is_owner:
        refusal = str(OwnerStays.message)
    context = {"member": member, "myself": member.pk == request.member.pk, "refusal": refusal}
    return render(request, "organizations/administrator_remove.html", context, status=422 if refusal else 200)


@administrator_page
@require_http_methods(["GET", "POST"])
def invite(request: StaffRequest) -> HttpResponse:
    """Invite somebody who is no IAM member yet (A70)."""
    back = reverse("organizations:administrators")
    crumb = _("Organization administrators")
    answer = invite_page(request, crumb=crumb, back=back)
    if isinstance(answer, HttpResponse):
        return answer
    return redirect("organizations:administrators")


def invite_page(request: StaffRequest, *, crumb: str, back: str) -> HttpResponse | IamMember:
    """Show the form of Invite member, or return whom it invited. `back` is the page it belongs to, named `crumb`."""
    start = {name: request.GET.get(name, "").replace("\x00", "")[:254] for name in _FROM_SEARCH}
    form = InviteForm(request.POST if request.method == "POST" else None, initial=start)
    if form.is_valid():
        try:
            member = invite_member(
                organization=request.organization, inviter=request.member, actor=request.actor, **form.cleaned_data
            )
        except DaedapError as error:
            show_error(form, error)
        else:
            tell_of_mail(request, member)
            return member
    context = {"form": form, "crumb": crumb, "back": back}
    return render(request, "organizations/invite.html", context, status=422 if form.errors else 200)


def tell_of_mail(request: StaffRequest, member: IamMember) -> None:
    """Say that an invitation is on its way."""
    text = _("An invitation was mailed to %(name)s (%(email)s).")
    messages.success(request, text % {"name": member.user.name, "email": member.user.email})


@administrator_page
@require_POST
def resend(request: StaffRequest, member_id: int) -> HttpResponse:
    """Mail an invitation anew."""
    resend_invitation(request, member_id)
    return redirect("organizations:administrators")


def resend_invitation(request: StaffRequest, member_id: int) -> None:
    """Mail an invitation anew and say so."""
    tell_of_mail(
        request,
        invite_again(
            organization=request.organization, member_id=member_id, inviter=request.member, actor=request.actor
        ),
    )


@administrator_page
@require_http_methods(["GET", "POST"])
def cancel(request: StaffRequest, member_id: int) -> HttpResponse:
    """Ask, and take an invitation back."""
    crumb, back = _("Organization administrators"), reverse("organizations:administrators")
    return cancel_page(request, member_id, crumb=crumb, back=back)


def cancel_page(request: StaffRequest, member_id: int, *, crumb: str, back: str) -> HttpResponse:
    """Ask whether to take an invitation back; do it and go to `back`, the page named `crumb`."""
    member = get_invited(member_id, seen_by=request.member)
    if request.method == "POST":
        cancel_invitation(
            organization=request.organization, member_id=member_id, inviter=request.member, actor=request.actor
        )
        messages.success(request, _("The invitation of %(name)s was cancelled.") % {"name": member.user.name})
        return redirect(back)
    return render(request, "organizations/invitation_cancel.html", {"member": member, "crumb": crumb, "back": back})
