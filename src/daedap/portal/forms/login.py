"""Forms of sign-in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class LoginForm(forms.Form):
    email = forms.CharField(
        label=_("ID (e-mail)"), max_length=254, error_messages={"required": _("Enter your e-mail address.")}
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(render_value=False),
        error_messages={"required": _("Enter your password.")},
    )


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


class NewPasswordForm(forms.Form):
    password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(render_value=False),
        error_messages={"required": _("Enter a password.")},
    )
    password_again = forms.CharField(
        label=_("New password, once more"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(render_value=False),
        error_messages={"required": _("Enter the password once more.")},
    )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        first, again = cleaned.get("password"), cleaned.get("password_again")
        if first and again and first != again:
            self.add_error("password_again", _("The two passwords differ."))
        return cleaned


class ConfirmForm(forms.Form):
    """The password once more, before something precious is shown."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(render_value=False),
        error_messages={"required": _("Enter your password.")},
    )
