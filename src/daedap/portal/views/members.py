"""Member management (멤버 관리): platform members and IAM members of an organization (spec 10, 7.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from daedap.accounts.limits import lock_left
from daedap.accounts.otp import list_devices, reset_devices
from daedap.accounts.selectors import last_sign_in
from daedap.core.errors import DaedapError, TooManyAttempts
from daedap.core.views import safe_next
from daedap.organizations import console_members
from daedap.organizations import members as iam_members
from daedap.organizations.errors import DomainRefused, OwnerKept
from daedap.organizations.owners import move_owner
from daedap.organizations.security import read_sign_in_policy
from daedap.organizations.selectors import MEMBERS_PER_PAGE, get_member, page_members
from daedap.portal.access import OrganizationRequest, members_page
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.console import IamMemberForm, PersonForm
from daedap.portal.views.answers import dialog_form, form_page, go, shell
from daedap.portal.views.people import ROLE_DESCRIPTIONS

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@members_page
@require_safe
def members(request: OrganizationRequest) -> HttpResponse:
    """Member management: a tab of platform members and one of IAM members, each with a search."""
    search, page = request.GET.get("q", "")[:100], request.GET.get("page", "1")
    is_platform = request.GET.get("tab") == "platform"
    here = ({"tab": "platform"} if is_platform else {}) | ({"q": search} if search else {})
    context: dict[str, Any] = {
        "back": request.path,
        "search": search,
        "page_url": lambda number: f"?{urlencode(here | {'page': number})}",
    }
    if is_platform:
        roles = console_members.roles_given_by(request.role)
        people = console_members.list_people(request.own, search=search)
        context |= {
            "people": Paginator(people, MEMBERS_PER_PAGE).get_page(page),
            "roles": roles,
            "form": PersonForm(roles=roles),
            "descriptions": ROLE_DESCRIPTIONS,
        }
        return render(request, "portal/console/people.html", shell(request) | context)
    context |= {"members": page_members(search=search, page=page), "form": IamMemberForm()}
    return render(request, "portal/console/members.html", shell(request) | context)


@members_page
@_get_or_post
def register_member(request: OrganizationRequest) -> HttpResponse:
    """Register an IAM member: a page of its own, and behind the dialogs of the list and the wizard."""
    back = _back(request)
    form = IamMemberForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            member = iam_members.register_iam_member(
                organization=request.own,
                login_id=data["login_id"],
                name=data["name"],
                email=data["email"],
                mobile=data["mobile"],
                mobile_country=data["mobile_country"],
                actor=request.actor,
            )
        except DomainRefused as error:
            messages.warning(request, str(error.message))
            return go(request, reverse("portal:wizard", args=[request.own.public_id]))
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(
                request, gettext("%(name)s has been registered and got a mail.") % {"name": member.user.name}
            )
            return go(request, back)
    return dialog_form(
        request,
        "portal/console/member_new.html",
        "portal/console/_member_form.html",
        form,
        back=back,
        **shell(request),
    )


def _back(request: OrganizationRequest) -> str:
    """Return the list that a change of members was made from."""
    target = (request.POST if request.method == "POST" else request.GET).get("next", "")
    return safe_next(request, target, reverse("portal:members", args=[request.own.public_id]))


@members_page
@require_POST
def resend(request: OrganizationRequest, member_id: int) -> HttpResponse:
    """Send the password-setup mail again (비밀번호설정 메일링)."""
    try:
        member = iam_members.resend_password_mail(organization=request.own, member_id=member_id, actor=request.actor)
    except TooManyAttempts as error:
        messages.error(request, str(error.message))
    else:
        messages.success(
            request, gettext("The mail for setting a password was sent to %(name)s.") % {"name": member.user.name}
        )
    return redirect(_back(request))


@members_page
@require_POST
def remove_member(request: OrganizationRequest, member_id: int) -> HttpResponse:
    """Take an IAM member out."""
    try:
        iam_members.remove_iam_member(organization=request.own, member_id=member_id, actor=request.actor)
    except OwnerKept as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, gettext("The member has been removed."))
    return redirect(_back(request))


@members_page
@_get_or_post
def detail(request: OrganizationRequest, member_id: int) -> HttpResponse:
    """One IAM member: what is known, when they last logged in, and everything that can be done for them."""
    member = get_member(member_id)
    user = member.user
    initial = {
        "login_id": user.login_id,
        "name": user.name,
        "email": user.email,
        "mobile": member.mobile,
        "mobile_country": member.mobile_country,
    }
    form = IamMemberForm(request.POST if request.method == "POST" else None, initial=initial)
    form.fields["email"].help_text = ""
    if form.is_valid():
        try:
            iam_members.edit_iam_member(
                organization=request.own, member_id=member_id, actor=request.actor, **form.cleaned_data
            )
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(request, gettext("Saved."))
            return redirect("portal:member-detail", request.own.public_id, member_id)
    lock = lock_left(realm=user.realm, login_id=user.login_id, lock=read_sign_in_policy().lock)
    context: dict[str, Any] = {
        "member": member,
        "devices": list_devices(user),
        "last": last_sign_in(user),
        "locked_minutes": -(-lock // timedelta(minutes=1)),
    }
    return form_page(request, "portal/console/member.html", form, **shell(request), **context)


@members_page
@require_POST
def make_owner(request: OrganizationRequest, member_id: int) -> HttpResponse:
    """Move the OWNER mark to this member (D12)."""
    member = move_owner(organization=request.own, member_id=member_id, actor=request.actor)
    messages.success(request, gettext("%(name)s is OWNER now.") % {"name": member.user.name})
    return redirect("portal:member-detail", request.own.public_id, member_id)


@members_page
@require_POST
def unlock(request: OrganizationRequest, member_id: int) -> HttpResponse:
    """Lift the lock of failed log-ins."""
    member = iam_members.unlock_iam_member(organization=request.own, member_id=member_id, actor=request.actor)
    messages.success(request, gettext("%(name)s can log in again.") % {"name": member.user.name})
    return redirect("portal:member-detail", request.own.public_id, member_id)


@members_page
@require_POST
def reset_otp(request: OrganizationRequest, member_id: int) -> HttpResponse:
    """Forget the member's OTP devices: the next log-in that needs one begins with registering it."""
    member = get_member(member_id)
    reset_devices(user=member.user, actor=request.actor, organization_id=request.own.pk)
    messages.success(request, gettext("The OTP devices of %(name)s have been reset.") % {"name": member.user.name})
    return redirect("portal:member-detail", request.own.public_id, member_id)
