"""Service Management → Agents."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from daedap.core.errors import DaedapError
from daedap.organizations.forms import show_error
from daedap.organizations.invitations import list_invited
from daedap.organizations.views_administrators import cancel_page, invite_page, resend_invitation
from daedap.services.access import ServiceRequest, agents_page
from daedap.services.actions import LastAdministrator, add_agent, change_agent, remove_agent
from daedap.services.forms import AddAgentForm, EditAgentForm
from daedap.services.selectors import (
    get_agent,
    list_agents,
    list_candidates,
    list_groups,
)


@agents_page
@require_GET
def agents(request: ServiceRequest) -> HttpResponse:
    """List the agents of the service, and the open invitations that are the viewer's to see."""
    context = {
        "service": request.service,
        "agents": list_agents(),
        "invited": list_invited(seen_by=request.member),
    }
    return render(request, "services/agents.html", context)


@agents_page
@require_http_methods(["GET", "POST"])
def agent_invite(request: ServiceRequest) -> HttpResponse:
    """Invite somebody to the organization, then offer to make them an agent at once (Q14)."""
    address = request.service.service_id
    answer = invite_page(request, crumb=_("Agents"), back=reverse("services:agents", args=[address]))
    if isinstance(answer, HttpResponse):
        return answer
    query = urlencode({"q": answer.user.login_id})
    return redirect(f"{reverse('services:agent_add', args=[address])}?{query}")


@agents_page
@require_POST
def invitation_resend(request: ServiceRequest, member_id: int) -> HttpResponse:
    """Mail an invitation anew."""
    resend_invitation(request, member_id)
    return redirect("services:agents", request.service.service_id)


@agents_page
@require_http_methods(["GET", "POST"])
def invitation_cancel(request: ServiceRequest, member_id: int) -> HttpResponse:
    """Ask, and take an invitation back."""
    back = reverse("services:agents", args=[request.service.service_id])
    return cancel_page(request, member_id, crumb=_("Agents"), back=back)


@agents_page
@require_http_methods(["GET", "POST"])
def agent_add(request: ServiceRequest) -> HttpResponse:
    """Search a member and make them an agent."""
    search = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    empty_search = "q" in request.GET and not search
    candidates = [] if empty_search else list_candidates(search)
    data = request.POST if request.method == "POST" else None
    form = AddAgentForm(data, candidates=candidates, groups=list_groups())
    if form.is_valid():
        given = form.cleaned_data
        try:
            agent = add_agent(
                service=request.service,
                member_id=given["member"],
                role=given["role"],
                group_ids=given["groups"],
                may_hand_over=given["may_hand_over"],
                may_read_access_log=given["may_read_access_log"],
                actor=request.actor,
            )
        except DaedapError as error:
            show_error(form, error)
        else:
            messages.success(request, _("%(name)s is now an agent.") % {"name": agent.name})
            return redirect("services:agents", request.service.service_id)
    context = {
        "service": request.service,
        "form": form,
        "search": search,
        "empty_search": empty_search,
        "candidates": candidates,
    }
    return render(request, "services/agent_add.html", context, status=422 if form.errors or empty_search else 200)


@agents_page
@require_http_methods(["GET", "POST"])
def agent_edit(request: ServiceRequest, agent_id: int) -> HttpResponse:
    """Change role, groups, hand-over right and the assignment switches of an agent."""
    agent = get_agent(agent_id)
    form = EditAgentForm(request.POST if request.method == "POST" else None, groups=list_groups(), agent=agent)
    if form.is_valid():
        given = form.cleaned_data
        try:
            change_agent(
                service=request.service,
                agent_id=agent.pk,
                role=given["role"],
                group_ids=given["groups"],
                may_hand_over=given["may_hand_over"],
                may_read_access_log=given["may_read_access_log"],
                takes_tickets=given["takes_tickets"],
                controls_assignment=given["controls_assignment"],
                actor=request.actor,
            )
        except DaedapError as error:
            show_error(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("services:agents", request.service.service_id)
    context = {"service": request.service, "agent": agent, "form": form}
    return render(request, "services/agent_edit.html", context, status=422 if form.errors else 200)


@agents_page
@require_http_methods(["GET", "POST"])
def agent_remove(request: ServiceRequest, agent_id: int) -> HttpResponse:
    """Say what removing means, and do it."""
    agent = get_agent(agent_id)
    refusal = ""
    if request.method == "POST":
        try:
            remove_agent(service=request.service, agent_id=agent.pk, actor=request.actor)
        except LastAdministrator as error:
            refusal = str(error.message)
        else:
            messages.success(request, _("%(name)s is no longer an agent.") % {"name": agent.name})
            return redirect("services:agents", request.service.service_id)
    context = {"service": request.service, "agent": agent, "refusal": refusal}
    return render(request, "services/agent_remove.html", context, status=422 if refusal else 200)
