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


class CodeForm(forms.Form):
    """Six digits: from a mail or from an authenticator app."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,  # apps show it in two groups
        error_messages={"required": _("Enter the 6 digits."), "max_length": _("Enter the 6 digits.")},
    )


class DeviceForm(CodeForm):
    """A device for Google OTP, proved by the code it shows (spec 10, 4.4)."""

    name = forms.CharField(
        label=_("Device name"),
        max_length=40,  # the rule is the action's
        help_text=_("Up to 10 letters, digits and spaces, such as “My phone”."),
        error_messages={"required": _("Enter a name for the device.")},
    )
    field_order: tuple[str, ...] = ("code", "name")


class OwnDeviceForm(DeviceForm):
    """The same by somebody signed in, who is asked for the password again."""

    current = PasswordField(label=_("Current password"), required=_("Enter your current password."))
    field_order = ("code", "name", "current")
