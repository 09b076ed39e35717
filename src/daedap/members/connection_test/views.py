"""Service Management → Help centre → Member integration → Test connection (연동 테스트)."""

from __future__ import annotations

from itertools import groupby

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from daedap.core.errors import TooManyAttempts
from daedap.members.conformance.findings import Finding, Grade
from daedap.members.connection_test.errand import address_to_ask, read_result, result_address
from daedap.members.connection_test.steps import STEPS, count_test, read_pasted, run_test
from daedap.members.models import IntegrationSettings, LoginType
from daedap.members.selectors import get_integration
from daedap.members.tokens import IDENTITY_PARAMETERS
from daedap.services.access import ServiceRequest, service_administrator_page

PASTED_LIMIT = 8000


class ConnectionTestForm(forms.Form):
    """A link or its parameters."""

    pasted = forms.CharField(
        label=_("Link or parameters"),
        max_length=PASTED_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "autocomplete": "off"}),
        error_messages={"required": _("Paste a link, or the fields of a form.")},
    )

    def clean_pasted(self) -> str:
        """Return what was pasted; refuse what holds none of the parameters, which no step could say anything about."""
        text: str = self.cleaned_data["pasted"]
        pasted = read_pasted(text)
        if not any(map(pasted.value, IDENTITY_PARAMETERS)):
            if pasted.value("accessToken"):
                raise forms.ValidationError(
                    _("An accessToken comes from a remote login that worked. Paste the fields of that login instead.")
                )
            raise forms.ValidationError(_("No parameters were found. Paste the whole link, with what follows its ?."))
        return text


@service_administrator_page
@never_cache
@require_http_methods(["GET", "POST"])
def connection_test(request: ServiceRequest) -> HttpResponse:
    """Show the form and the findings of the last test; a test leads through the edge if somebody is to be asked."""
    integration = get_integration(request.service)
    posted = request.method == "POST"
    form = ConnectionTestForm(request.POST if posted and "check_status" not in request.POST else None)
    try:
        if posted and "check_status" in request.POST and _has_status_url(integration):
            count_test(request.service, request.actor)
            return redirect(address_to_ask(service=request.service, findings=[], verified=None))
        if form.is_valid():
            return redirect(_tested(request, form.cleaned_data["pasted"]))
    except TooManyAttempts as error:
        return _page(request, integration, form, problem=str(error.message), status=error.code)
    return _page(request, integration, form, status=422 if form.errors else 200)


def _has_status_url(integration: IntegrationSettings) -> bool:
    return integration.login_type == LoginType.POST and bool(integration.login_status_url)


def _tested(request: ServiceRequest, pasted: str) -> str:
    """Make the test and return where to go on."""
    outcome = run_test(organization=request.organization, service=request.service, pasted=pasted, actor=request.actor)
    if outcome.verified is None:
        return result_address(request.service, outcome.findings)
    return address_to_ask(service=request.service, findings=outcome.findings, verified=outcome.verified)


def _page(
    request: ServiceRequest,
    integration: IntegrationSettings,
    form: ConnectionTestForm,
    *,
    status: int,
    problem: str = "",
) -> HttpResponse:
    sealed = request.GET.get("result", "") if request.method == "GET" else ""
    findings = read_result(sealed, request.service) if sealed else None
    context = {
        "service": request.service,
        "form": form,
        "problem": problem,
        "is_get": integration.login_type == LoginType.GET,
        "has_status_url": _has_status_url(integration),
        "steps": _steps(findings or []),
        "failed_step": _failed_step(findings or []),
        "is_too_old": bool(sealed) and findings is None,
    }
    return render(request, "members/connection_test.html", context, status=status)


def _steps(findings: list[Finding]) -> list[tuple[str, list[Finding]]]:
    """Return the findings under the titles of their steps."""
    grouped = groupby(findings, key=lambda finding: finding.rule.partition(".")[0])
    return [(str(STEPS[name]), list(found)) for name, found in grouped]


def _failed_step(findings: list[Finding]) -> str:
    """Return the title of the first step that failed, at which an entry ends; "" if there is none."""
    failures = (finding for finding in findings if finding.grade is Grade.FAIL)
    first = next(failures, None)
    return str(STEPS[first.rule.partition(".")[0]]) if first else ""
