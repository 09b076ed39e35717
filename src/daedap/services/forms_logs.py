"""What to look for in logs."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from daedap.accounts.models import SignInResult
from daedap.services.models import Service
from daedap.services.permission_log import OPERATIONS

_ALL = ("", pgettext_lazy("search", "All"))


def months_later(day: date, months: int) -> date:
    """Return the same day of another month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class PeriodForm(forms.Form):
    """A stretch of days, at most `most_months` long."""

    most_months: int

    since = _day(pgettext_lazy("period", "From"))
    until = _day(pgettext_lazy("period", "To"))

    def __init__(self, data: QueryDict, *, usual_since: date, today: date) -> None:
        given = data.copy()
        if not {"since", "until"} & given.keys():
            given["since"], given["until"] = str(usual_since), str(today)
        super().__init__(given)

    def clean_since(self) -> date:
        return self._sane("since")

    def clean_until(self) -> date:
        return self._sane("until")

    def _sane(self, name: str) -> date:
        """Refuse years that only a slip of the finger makes, and that calendars cannot count on from."""
        day: date = self.cleaned_data[name]
        if not 2000 <= day.year <= 2999:
            raise forms.ValidationError(_("Enter a valid date."))
        return day

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if {"since", "until"} <= given.keys():
            if given["since"] > given["until"]:
                self.add_error("until", _("The end lies before the beginning."))
            elif given["until"] > months_later(given["since"], self.most_months):
                months = self.most_months
                sentence = ngettext(
                    "Search up to %(count)d month at a time.", "Search up to %(count)d months at a time.", months
                )
                self.add_error("until", sentence % {"count": months})
        return given


class PermissionLogForm(PeriodForm):
    """What to look for in the permission-change log; the last month unless told (spec 10, 5.8)."""

    most_months = 6

    operation = forms.ChoiceField(label=_("Operation"), required=False)
    service = forms.ChoiceField(label=_("Service"), required=False)
    name = forms.CharField(label=_("Name"), max_length=60, required=False)
    account = forms.CharField(label=_("ID"), max_length=64, required=False)
    ip = forms.GenericIPAddressField(label=_("IP address"), required=False)

    def __init__(self, data: QueryDict, *, services: list[Service], today: date) -> None:
        super().__init__(data, usual_since=months_later(today, -1), today=today)
        self.fields["operation"] = forms.ChoiceField(
            label=_("Operation"), required=False, choices=[_ALL, *OPERATIONS.items()]
        )
        choices = [_ALL, *((str(service.pk), service.name) for service in services)]
        self.fields["service"] = forms.ChoiceField(label=_("Service"), required=False, choices=choices)


class AccessLogForm(PeriodForm):
    """What to look for in the access log; the last week unless told (spec 85, 14.1)."""

    most_months = 3

    name = forms.CharField(label=_("Name"), max_length=60, required=False)
    account = forms.CharField(label=_("ID"), max_length=64, required=False)
    ip = forms.GenericIPAddressField(label=_("IP address"), required=False)
    result = forms.ChoiceField(label=_("Result"), required=False, choices=[_ALL, *SignInResult.choices])

    def __init__(self, data: QueryDict, *, today: date) -> None:
        super().__init__(data, usual_since=today - timedelta(days=6), today=today)
