"""Forms of Global Management → Contract service status and Service Management → Agents."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError
from daedap.organizations.models import IamMember
from daedap.services.models import Agent, Group, Role, ServiceType
from daedap.services.rules import LANGUAGES, check_name, check_service_id, list_time_zones


class AddServiceForm(forms.Form):
    """Basic information of a new service (spec 10, 5.1). An issue-management service has no languages (A56)."""

    name = forms.CharField(label=_("Service name"), max_length=100)
    service_id = forms.CharField(label=_("Service ID"), max_length=200)
    languages = forms.MultipleChoiceField(
        label=_("Help-centre languages"), widget=forms.CheckboxSelectMultiple, choices=list(LANGUAGES.items())
    )
    default_language = forms.ChoiceField(label=_("Default language"), choices=list(LANGUAGES.items()))
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, type: ServiceType, **kwargs: Any) -> None:  # noqa: A002  the product's word
        kwargs.setdefault("initial", {"languages": ["ko"], "default_language": "ko"})
        super().__init__(*args, **kwargs)
        zones = [("", _("As usual for the default language"))] + [(zone, zone) for zone in list_time_zones()]
        self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), required=False, choices=zones)
        if type == ServiceType.ISSUE:
            del self.fields["languages"], self.fields["default_language"]
            self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), choices=zones[1:], initial="Asia/Seoul")

    def clean_name(self) -> str:
        return _checked(check_name, self.cleaned_data["name"])

    def clean_service_id(self) -> str:
        return _checked(check_service_id, self.cleaned_data["service_id"])


def _checked(check: Any, value: str) -> str:
    """Ask a rule, so that all wrong fields are named at once; the action asks again."""
    try:
        return str(check(value))
    except DaedapError as error:
        raise forms.ValidationError(str(error.message)) from error


class _GroupsField(forms.TypedMultipleChoiceField):
    def __init__(self) -> None:
        super().__init__(
            label=_("Groups"),
            coerce=int,
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": _("Choose at least one group.")},
        )


class AgentForm(forms.Form):
    """Role, groups and rights of an agent (spec 55, 10)."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=forms.RadioSelect, initial=Role.AGENT)
    groups = _GroupsField()
    may_hand_over = forms.BooleanField(label=_("May hand tickets over to other agents"), required=False)
    may_read_access_log = forms.BooleanField(
        label=_("May see the access logs of all agents of the organization"), required=False
    )

    def __init__(self, *args: Any, groups: list[Group], agent: Agent | None = None, **kwargs: Any) -> None:
        if agent is not None:
            kwargs["initial"] = {
                "role": agent.role,
                "groups": [group.pk for group in agent.groups.all()],
                "may_hand_over": agent.may_hand_over,
                "may_read_access_log": agent.may_read_access_log,
                "takes_tickets": agent.takes_tickets,
                "controls_assignment": agent.controls_assignment,
            }
        elif len(groups) == 1:
            kwargs["initial"] = {"role": Role.AGENT, "groups": [groups[0].pk]}
        super().__init__(*args, **kwargs)
        field = self.fields["groups"]
        assert isinstance(field, _GroupsField)  # noqa: S101  declared above
        field.choices = [(group.pk, group.name) for group in groups]


class EditAgentForm(AgentForm):
    """An agent who is there already, with the switches of assignment (spec 10, R5)."""

    takes_tickets = forms.BooleanField(label=_("Ticket assignment"), required=False)
    controls_assignment = forms.BooleanField(label=_("Assignment control"), required=False)


class AddAgentForm(AgentForm):
    """Which member becomes an agent, and how."""

    member = forms.TypedChoiceField(
        label=_("Member"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a member from the list.")},
    )
    field_order = ["member", "role", "groups", "may_hand_over", "may_read_access_log"]

    def __init__(self, *args: Any, candidates: list[IamMember], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["member"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  declared above
        field.choices = [
            (member.pk, f"{member.user.name} · {member.user.login_id} · {member.user.email}") for member in candidates
        ]
