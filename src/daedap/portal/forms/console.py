"""Forms of the console and the activation wizard. The rules are in `organizations`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from daedap.organizations.models import ConsoleRole


class OrganizationForm(forms.Form):
    name = forms.CharField(
        label=_("Organization name"),
        strip=True,
        max_length=1000,
        help_text=_("Up to 70 characters. It must differ from every other organization."),
        error_messages={"required": _("Enter the name of the organization.")},
    )


class DomainForm(forms.Form):
    name = forms.CharField(
        label=_("Organization name"),
        max_length=1000,
        error_messages={"required": _("Enter the name of the organization.")},
    )
    domain = forms.CharField(
        label=_("Domain"),
        max_length=1000,
        help_text=_("3 to 40 English letters, digits and hyphens, beginning with a letter or a digit."),
        error_messages={"required": _("Enter a domain.")},
    )


class IamMemberForm(forms.Form):
    login_id = forms.CharField(
        label=_("ID"),
        max_length=1000,
        help_text=_("Up to 20 lowercase letters, digits and - _ . (not at either end)"),
        error_messages={"required": _("Enter an ID.")},
    )
    name = forms.CharField(label=_("Name"), max_length=1000, error_messages={"required": _("Enter a name.")})
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=300,
        help_text=_("The mail for setting the password goes here at once."),
        error_messages=dict.fromkeys(("required", "invalid", "max_length"), _("Enter a valid e-mail address.")),
    )
    mobile_country = forms.CharField(
        label=_("Country code"), max_length=10, required=False, help_text=_("2 letters, as in KR")
    )
    mobile = forms.CharField(label=_("Mobile number"), max_length=40, required=False)


class TypedForm(forms.Form):
    """Confirms what cannot be undone by typing what it is about."""

    typed = forms.CharField(
        label=_("Type it to confirm"),
        max_length=1000,
        error_messages={"required": _("Type it exactly as shown to confirm.")},
    )


class ChangeDomainForm(TypedForm):
    domain = forms.CharField(
        label=_("New domain"),
        max_length=1000,
        help_text=_("3 to 40 English letters, digits and hyphens, beginning with a letter or a digit."),
        error_messages={"required": _("Enter a domain.")},
    )
    field_order = ("domain", "typed")


class PersonForm(forms.Form):
    """Adds a platform member; offers the roles that the one who adds may give."""

    email = forms.CharField(
        label=_("ID (e-mail)"),
        max_length=1000,
        help_text=_("The address the person signed up with here. They get a mail."),
        error_messages={"required": _("Enter a valid e-mail address.")},
    )
    role = forms.ChoiceField(label=pgettext_lazy("console", "Role"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, roles: list[ConsoleRole], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        self.fields["role"].initial = ConsoleRole.NONE
