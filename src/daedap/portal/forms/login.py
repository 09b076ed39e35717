"""Forms of sign-in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.accounts.forms import PasswordField


class LoginForm(forms.Form):
    email = forms.CharField(
        label=_("ID (e-mail)"), max_length=254, error_messages={"required": _("Enter your e-mail address.")}
    )
    password = PasswordField(label=_("Password"))


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=6,
        min_length=6,
        error_messages={
            "required": _("Enter the 6 digits from the mail."),
            "min_length": _("Enter the 6 digits from the mail."),
            "max_length": _("Enter the 6 digits from the mail."),
        },
    )


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
