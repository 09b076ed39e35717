"""The staff shell: where people land, and their own settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from daedap.accounts.actions import CurrentPasswordWrong, PasswordRefused, change_own_password, save_language
from daedap.accounts.forms import ChangePasswordForm
from daedap.accounts.models import SecondFactor
from daedap.accounts.passwords import list_rules
from daedap.console.forms import PersonalSettingsForm
from daedap.console.selectors import service_home
from daedap.core.errors import TooManyAttempts
from daedap.core.language import remember_language
from daedap.core.scoping import service_scope
from daedap.organizations.access import StaffRequest, staff_page
from daedap.organizations.forms import show_error
from daedap.organizations.security import get_login_security, read_password_rules, read_sign_in_policy
from daedap.services.actions import move_tab, set_own_assignment
from daedap.services.models import ServiceState
from daedap.services.selectors import get_service, list_agents_of_member, list_services_of_member


@staff_page
@require_GET
def home(request: StaffRequest) -> HttpResponse:
    """Send people to their work; say so if there is none for them yet (spec 10, R8 and step 9)."""
    services = list_services_of_member(request.member)
    if services:
        usable = [service for service in services if service.state == ServiceState.IN_USE]
        return redirect(service_home((usable or services)[0]))
    if request.member.manages_organization:
        return redirect("services:list")
    return render(request, "console/no_rights.html")


@staff_page
@require_http_methods(["GET", "POST"])
def me(request: StaffRequest) -> HttpResponse:
    """Show who one is here; language can be changed, assignment where the agent controls it."""
    data = request.POST if request.method == "POST" else None
    form = PersonalSettingsForm(data, initial={"language": request.user.language})
    if form.is_valid():
        language = form.cleaned_data["language"]
        save_language(request.user, language=language)
        with translation.override(language):
            messages.success(request, _("Saved."))
        response = redirect("console:me")
        remember_language(response, language)
        return response
    context = {
        "form": form,
        "agents": list_agents_of_member(request.member),
        "uses_otp": get_login_security().second_factor == SecondFactor.TOTP,
    }
    return render(request, "console/me.html", context, status=422 if form.errors else 200)


@staff_page
@require_POST
def assignment(request: StaffRequest) -> HttpResponse:
    """Switch one's own ticket assignment in a service; refused without assignment control (A78)."""
    service = get_service(request.POST.get("service", "").replace("\x00", "")[:45])
    with service_scope(request.organization.pk, service.pk):
        agent = set_own_assignment(
            member=request.member,
            service=service,
            takes_tickets=request.POST.get("takes_tickets") == "on",
            actor=request.actor,
        )
    words = (
        _("New tickets of %(service)s are assigned to you.")
        if agent.takes_tickets
        else _("No new tickets of %(service)s are assigned to you.")
    )
    messages.success(request, words % {"service": service.name})
    return redirect("console:me")


@staff_page
@require_POST
def move_service_tab(request: StaffRequest) -> HttpResponse:
    """Move the tab of a service one place to the left or right, for oneself."""
    service = get_service(request.POST.get("service", "").replace("\x00", "")[:45])
    move_tab(member=request.member, service=service, to_left=request.POST.get("to") == "left")
    return redirect("console:me")


@staff_page
@never_cache
@sensitive_post_parameters("current", "password", "again")
@require_http_methods(["GET", "POST"])
def password(request: StaffRequest) -> HttpResponse:
    """Change one's own password."""
    form = ChangePasswordForm(request.POST if request.method == "POST" else None)
    rules = read_password_rules()
    if form.is_valid():
        given = form.cleaned_data
        try:
            change_own_password(
                request,
                request.user,
                current=given["current"],
                password=given["password"],
                rules=rules,
                policy=read_sign_in_policy(),
            )
        except (CurrentPasswordWrong, PasswordRefused, TooManyAttempts) as error:
            show_error(form, error)
        else:
            messages.success(request, _("Your new password has been saved."))
            return redirect("console:me")
    context = {"form": form, "rules": list_rules(rules)}
    return render(request, "console/password.html", context, status=422 if form.errors else 200)
