"""Forms of Service Management → Agents and of the permission-change log."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.organizations.models import IamMember
from daedap.services.models import Agent, Group, Role


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
