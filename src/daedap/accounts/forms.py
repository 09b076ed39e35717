"""Forms that every site with accounts shares."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class PasswordField(forms.CharField):
    """A password as it was typed, spaces and all; it is never sent back to the browser."""

    def __init__(self, *, label: Any, required: Any = None, help_text: Any = "") -> None:
        super().__init__(
            label=label,
            help_text=help_text,
            strip=False,
            max_length=200,
            widget=forms.PasswordInput(render_value=False),
            error_messages={"required": required or _("Enter your password.")},
        )


class NewPasswordForm(forms.Form):
    """A new password, twice. Which passwords are good enough is the policy's to say (`accounts.passwords`)."""

    password = PasswordField(label=_("New password"), required=_("Enter a password."))
    again = PasswordField(label=_("Re-enter new password"), required=_("Enter the password once more."))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if {"password", "again"} <= given.keys() and given["password"] != given["again"]:
            self.add_error("again", _("The two passwords differ."))
        return given


class ChangePasswordForm(NewPasswordForm):
    """The current password and a new one, twice (spec 10, 5.11)."""

    current = PasswordField(label=_("Current password"), required=_("Enter your current password."))
    field_order = ("current", "password", "again")
