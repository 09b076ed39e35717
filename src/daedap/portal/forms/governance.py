"""Forms of Login security settings. The rules are in `organizations.security`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import SecondFactor
from daedap.organizations.models import LoginSecurity, PasswordPolicy


class LoginSecurityForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Attempts, sessions and their life (spec 10, 4.4)."""

    class Meta:
        model = LoginSecurity
        fields = (
            "limits_attempts",
            "max_attempts",
            "lock_minutes",
            "sessions_at_once",
            "session_type",
            "minutes_pc",
            "minutes_mobile",
        )
        labels = {
            "limits_attempts": _("Lock an ID after failed log-ins"),
            "max_attempts": _("Failures in a row"),
            "lock_minutes": _("Locked for (minutes)"),
            "sessions_at_once": _("Simultaneous sessions per member"),
            "session_type": _("Session life counts"),
            "minutes_pc": _("Session life on PC (minutes)"),
            "minutes_mobile": _("Session life on mobile (minutes)"),
        }
        help_texts = {
            "max_attempts": _("1 to 10"),
            "lock_minutes": _("1 to 1,440"),
            "sessions_at_once": _("1 to 10. One log-in more ends the oldest session."),
            "session_type": _("Every session ends 12 hours after log-in at the latest."),
            "minutes_pc": _("10 to 1,440"),
            "minutes_mobile": _("10 to 1,440"),
        }
        widgets = {"session_type": forms.RadioSelect}


class SecondFactorForm(forms.Form):
    """What is asked for besides the password, and from where it is not (spec 10, 4.4)."""

    factor = forms.TypedChoiceField(
        label=_("2-factor type"), choices=SecondFactor.choices, coerce=SecondFactor, widget=forms.RadioSelect
    )
    has_exceptions = forms.BooleanField(label=_("Exception IPs: ask for the password only"), required=False)
    addresses = forms.CharField(
        label=_("Exception IPs and ranges"),
        max_length=8000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("One per line, IPv4 or IPv6, up to 100. Ranges as in 1.1.1.1/24."),
    )


class PasswordPolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The default policy, or rules of one's own (spec 10, 4.3)."""

    is_custom = forms.TypedChoiceField(
        label=_("Policy"),
        choices=[("False", _("Default")), ("True", _("Custom"))],
        coerce=lambda value: value == "True",
        widget=forms.RadioSelect,
    )

    class Meta:
        model = PasswordPolicy
        fields = (
            "is_custom",
            "minimum",
            "needs_upper",
            "needs_lower",
            "needs_digit",
            "needs_special",
            "refuses_runs",
            "reuse",
            "expires",
            "expiry_days",
            "may_extend",
            "starts",
        )
        labels = {
            "minimum": _("Minimum length"),
            "needs_upper": _("Upper-case letter"),
            "needs_lower": _("Lower-case letter"),
            "needs_digit": _("Digit"),
            "needs_special": _("Special character"),
            "refuses_runs": _("Refuse 4 or more equal or consecutive characters (1111, 1234, abcd)"),
            "reuse": _("Earlier passwords that are refused"),
            "expires": _("Passwords expire"),
            "expiry_days": _("Days until a password expires"),
            "may_extend": _("Members may change it next time (once more the same number of days)"),
            "starts": _("Applies"),
        }
        help_texts = {
            "minimum": _("8 to 15. The maximum is always 15."),
            "expiry_days": _("1 to 365"),
        }
        widgets = {
            "reuse": forms.Select(
                choices=[(0, _("No limit")), (1, _("The last one")), (2, _("The last 2")), (3, _("The last 3"))]
            ),
            "starts": forms.RadioSelect,
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("is_custom") is False:  # what is written below the default policy does not count
            self.errors.clear()
            return {"is_custom": False}
        return given


class IpAclForm(forms.Form):
    """From where staff may come (spec 10, 4.4)."""

    is_on = forms.BooleanField(label=_("Allow listed IPs only"), required=False)
    addresses = forms.CharField(
        label=_("Allowed IPs and ranges"),
        max_length=8000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_("One per line, IPv4 or IPv6, up to 100. Ranges as in 1.1.1.1/24."),
    )
    confirmed = forms.BooleanField(label=_("Save although my own IP is not in the list"), required=False)
