"""Forms of My Page that touch the account itself. The rules are in `accounts.email_change` and `portal.membership`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.accounts.forms import PasswordField
from daedap.portal.forms.signup import EmailForm


class ChangeEmailForm(EmailForm):
    """The new address, and the password."""

    current = PasswordField(label=_("Current password"), required=_("Enter your current password."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New ID (e-mail)")


class WithdrawalForm(forms.Form):
    """The own ID, typed to confirm, and the password."""

    confirmation = forms.CharField(
        label=_("ID (e-mail)"), max_length=254, error_messages={"required": _("Type your ID to confirm.")}
    )
    current = PasswordField(label=_("Current password"), required=_("Enter your current password."))
