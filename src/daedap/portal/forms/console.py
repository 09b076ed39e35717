"""Forms of the console and the activation wizard. The rules are in `organizations`."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


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
    email = forms.CharField(
        label=_("E-mail"),
        max_length=1000,
        help_text=_("The mail for setting the password goes here at once."),
        error_messages={"required": _("Enter a valid e-mail address.")},
    )
