"""The staff shell: where people land, and their own settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from daedap.accounts.actions import save_language
from daedap.console.forms import PersonalSettingsForm
from daedap.console.selectors import service_home
from daedap.core.language import remember_language
from daedap.organizations.access import StaffRequest, staff_page
from daedap.services.selectors import list_services_of_member


@staff_page
@require_GET
def home(request: StaffRequest) -> HttpResponse:
    """Send people to their work; say so if there is none for them yet (spec 10, R8 and step 9)."""
    services = list_services_of_member(request.member)
    if services:
        return redirect(service_home(services[0]))
    if request.member.manages_organization:
        return redirect("services:list")
    return render(request, "console/no_rights.html")


@staff_page
@require_http_methods(["GET", "POST"])
def me(request: StaffRequest) -> HttpResponse:
    """Show who one is here; language can be changed."""
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
    return render(request, "console/me.html", {"form": form}, status=422 if form.errors else 200)
