"""My Page: profile, password, e-mail address, and leaving."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from daedap.accounts import email_change, passwords, sms
from daedap.accounts.actions import change_own_password
from daedap.accounts.forms import ChangePasswordForm
from daedap.accounts.links import LinkRefused, read_link
from daedap.accounts.models import PlatformMember, User
from daedap.accounts.policies import PLATFORM_MEMBERS
from daedap.core.errors import DaedapError
from daedap.core.hosts import platform_url
from daedap.core.requests import client_ip
from daedap.organizations.selectors import list_own_organizations
from daedap.portal.access import MemberRequest, member_page
from daedap.portal.business_numbers import shown_business_number
from daedap.portal.forms.account import ChangeEmailForm, WithdrawalForm
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.person import ProfileForm, shown_number
from daedap.portal.membership import OrganizationsLeft, Profile, save_profile, withdraw
from daedap.portal.views.answers import form_page

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@never_cache
@member_page
@require_safe
def profile(request: MemberRequest) -> HttpResponse:
    """My Page: what is known about the member."""
    pending = email_change.find_pending(request.user)
    member = request.platform_member
    mobile = shown_number(member.mobile, member.country)
    context = {"member": member, "mobile": mobile, "pending": pending, "checks_mobile": sms.is_on()}
    context["business_number"] = shown_business_number(member.business_number)
    return render(request, "portal/profile.html", context)


@never_cache
@member_page
@_get_or_post
def edit(request: MemberRequest) -> HttpResponse:
    """Name, numbers, address, and whether news may come."""
    member = request.platform_member
    member.user = request.user
    form = ProfileForm(request.POST if request.method == "POST" else None, member=member)
    if form.is_valid():
        given = form.cleaned_data
        facts = Profile(
            name=given["name"],
            mobile=given.get("mobile", member.mobile),
            landline=given["landline"],
            postcode=given.get("postcode", ""),
            address=given["address"],
            address_detail=given.get("address_detail", ""),
            marketing=given["marketing"],
        )
        save_profile(user=request.user, profile=facts, actor=request.actor)
        messages.success(request, gettext("Saved."))
        return redirect("portal:profile")
    return form_page(request, "portal/account/edit.html", form, member=member)


@never_cache
@sensitive_post_parameters("current", "password", "again")
@sensitive_variables("form", "given")
@_get_or_post
def password(request: HttpRequest) -> HttpResponse:
    """A new password: this browser stays logged in, all others do not. Also for operators who are no members."""
    user = cast("User", request.user)
    back = reverse("portal:profile" if PlatformMember.objects.filter(user=user).exists() else "admin:index")
    form = ChangePasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            change_own_password(
                request,
                user,
                current=given["current"],
                password=given["password"],
                rules=passwords.PLATFORM,
                policy=PLATFORM_MEMBERS,
            )
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(request, gettext("Your new password has been saved."))
            return redirect(back)
    rules = passwords.list_rules(passwords.PLATFORM)
    return form_page(request, "portal/account/password.html", form, rules=rules, back=back)


@never_cache
@member_page
@sensitive_post_parameters("current")
@sensitive_variables("form")
@_get_or_post
def email(request: MemberRequest) -> HttpResponse:
    """Ask for another e-mail address; it counts when the link mailed there is pressed."""
    form = ChangeEmailForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            email_change.ask_for_change(
                user=request.user,
                email=form.cleaned_data["email"],
                password=form.cleaned_data["current"],
                make_url=lambda token: platform_url(reverse("portal:email-confirm", args=[token])),
                actor=request.actor,
            )
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(request, gettext("We sent a mail to the new address. Press the button in it."))
            return redirect("portal:profile")
    return form_page(request, "portal/account/email.html", form)


@member_page
@require_POST
def email_cancel(request: MemberRequest) -> HttpResponse:
    """Take the pending change of address back."""
    email_change.cancel_change(user=request.user, actor=request.actor)
    messages.success(request, gettext("Your e-mail address stays as it is."))
    return redirect("portal:profile")


@login_not_required
@never_cache
@_get_or_post
def email_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link mailed to the new address. Opening it changes nothing; its button does."""
    try:
        wanted = email_change.read_wanted(read_link(token, email_change.KINDS))
        if request.method == "POST":
            user = email_change.confirm_change(token=token, ip=client_ip(request))
            if request.user.is_authenticated and request.user.pk == user.pk:
                update_session_auth_hash(request, user)
            messages.success(request, gettext("Your new ID is %(email)s.") % {"email": user.email})
            return redirect("portal:profile")
    except LinkRefused as error:
        return render(request, "portal/account/email_refused.html", {"message": error.message}, status=410)
    except email_change.AddressTaken as error:
        return render(request, "portal/account/email_refused.html", {"message": error.message}, status=409)
    return render(request, "portal/account/email_confirm.html", {"email": wanted.email})


@never_cache
@member_page
@sensitive_post_parameters("current")
@sensitive_variables("form")
@_get_or_post
def leave(request: MemberRequest) -> HttpResponse:
    """회원 탈퇴: says what it means, asks for ID and password, and is final (spec 10, 4.4)."""
    form = WithdrawalForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            withdraw(
                user=request.user,
                password=form.cleaned_data["current"],
                confirmation=form.cleaned_data["confirmation"],
                actor=request.actor,
            )
        except OrganizationsLeft:
            pass  # the page below says so, and which
        except DaedapError as error:
            add_refusal(form, error)
        else:
            logout(request)
            return redirect("portal:left")
    own = list_own_organizations(user=request.user)
    if own:
        status = 409 if request.method == "POST" else 200
        return render(request, "portal/account/leave_refused.html", {"organizations": own}, status=status)
    return form_page(request, "portal/account/leave.html", form)


@login_not_required
@require_safe
def left(request: HttpRequest) -> HttpResponse:
    """Goodbye."""
    return render(request, "portal/account/left.html")
