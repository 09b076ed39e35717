"""Shapes of what agents send."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.core.crypto import random_letters_and_digits
from daedap.services.models import Group
from daedap.tickets.models import Status, Ticket

MAX_TEXT = 20_000

PROCESSES = [(Status.SOLVED.value, Status.SOLVED.label), (Status.REPLY.value, Status.REPLY.label)]
"""The process select: solve (해결) and hold (보류)."""


class EntryForm(forms.Form):
    """What an agent writes: one text for answer and comment, so that switching between them loses nothing.

    `version` is what the agent saw, `request_id` makes a double click one request.
    """

    body = forms.CharField(
        label=_("Text of the answer or comment"),
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Please write something first."), "max_length": _("The text is too long.")},
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    request_id = forms.CharField(max_length=64, widget=forms.HiddenInput)
    to = forms.ChoiceField(label=_("Processing"), choices=PROCESSES, required=False)

    @classmethod
    def blank(cls, ticket: Ticket) -> EntryForm:
        """Return an empty form for the ticket as it is now."""
        return cls(initial=_fresh(ticket))

    def again(self, ticket: Ticket) -> EntryForm:
        """Return the form with what was typed, now based on the ticket as it is (K5)."""
        typed = {"body": self.data.get("body", ""), "to": self.data.get("to", "")}
        return type(self)(initial=_fresh(ticket) | typed)


def _fresh(ticket: Ticket) -> dict[str, object]:
    return {"version": ticket.version, "request_id": random_letters_and_digits(24), "to": Status.SOLVED.value}


class GroupForm(forms.Form):
    """The choice of a group when taking (spec 50, section 11)."""

    group = forms.TypedChoiceField(label=_("Assigned group"), coerce=int, widget=forms.RadioSelect)

    def __init__(self, *, groups: list[Group], ticket: Ticket) -> None:
        preselected = ticket.group_id if ticket.group_id in [group.pk for group in groups] else groups[0].pk
        super().__init__(initial={"group": preselected})
        self.fields["group"].choices = [(group.pk, group.name) for group in groups]  # type: ignore[attr-defined]


class TakeForm(forms.Form):
    """The chosen group, if any."""

    group = forms.IntegerField(required=False)


class VersionForm(forms.Form):
    """The version an administrator saw when completing."""

    version = forms.IntegerField(min_value=1)
