"""Forms of sign-in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.accounts.forms import PasswordField
from daedap.accounts.models import SecondFactor


class LoginForm(forms.Form):
    email = forms.CharField(
        label=_("ID (e-mail)"), max_length=254, error_messages={"required": _("Enter your e-mail address.")}
    )
    password = PasswordField(label=_("Password"))


class FindPasswordForm(forms.Form):
    email = forms.EmailField(
        label=_("ID (e-mail)"),
        max_length=254,
        error_messages={
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter a valid e-mail address."),
        },
    )


class ConfirmForm(forms.Form):
    """The password once more, before something precious is shown."""

    password = PasswordField(label=_("Password"))


class SecondFactorForm(forms.Form):
    """The member's own choice of 2-step login (spec 10, 4.4)."""

    factor = forms.TypedChoiceField(
        label=_("2-step login"), choices=SecondFactor.choices, coerce=SecondFactor, widget=forms.RadioSelect
    )
