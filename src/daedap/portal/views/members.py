"""Member management (멤버 관리): platform members and IAM members of an organization (spec 10, 7.3)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from daedap.core.errors import DaedapError
from daedap.core.views import safe_next
from daedap.organizations import members as iam_members
from daedap.organizations.errors import DomainRefused, OwnerKept
from daedap.organizations.selectors import list_members
from daedap.portal.access import OrganizationRequest, organization_page
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.console import IamMemberForm
from daedap.portal.views.answers import dialog_form, go, shell

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@organization_page
@require_safe
def members(request: OrganizationRequest) -> HttpResponse:
    """Member management: platform members and IAM members."""
    tab = "platform" if request.GET.get("tab") == "platform" else "iam"
    context = {"tab": tab, "members": list_members(), "form": IamMemberForm(), "back": request.path}
    return render(request, "portal/console/members.html", shell(request) | context)


@organization_page
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


@organization_page
@require_POST
def resend(request: OrganizationRequest, member_id: int) -> HttpResponse:
    """Send the password-setup mail again (비밀번호설정 메일링)."""
    member = iam_members.resend_password_mail(organization=request.own, member_id=member_id, actor=request.actor)
    messages.success(
        request, gettext("The mail for setting a password was sent to %(name)s.") % {"name": member.user.name}
    )
    return redirect(_back(request))


@organization_page
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
