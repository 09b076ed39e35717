"""Forms of sign-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.accounts.forms import NewPasswordForm, PasswordField
from daedap.accounts.models import Country, MembershipType
from daedap.core.text import is_hidden
from daedap.portal.actions import BUSINESS_COUNTRIES
from daedap.portal.business_numbers import clean_business_number
from daedap.portal.forms.person import LineField, PersonForm
from daedap.portal.terms import TERMS


class CountryForm(forms.Form):
    country = forms.ChoiceField(
        label=_("Country"),
        choices=Country.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a country."), "invalid_choice": _("Choose a country.")},
    )


class TypeForm(forms.Form):
    membership_type = forms.ChoiceField(
        label=_("Membership type"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a membership type."), "invalid_choice": _("Choose a membership type.")},
    )

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["membership_type"])
        field.choices = [
            choice
            for choice in MembershipType.choices
            if choice[0] != MembershipType.BUSINESS or country in BUSINESS_COUNTRIES
        ]


class TermsForm(forms.Form):
    """One tick per document; the required ones together are refused with one sentence."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for terms in TERMS:
            self.fields[terms.code] = forms.BooleanField(label=terms.label, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if any(terms.required and not cleaned.get(terms.code) for terms in TERMS):
            raise forms.ValidationError(_("You must agree to the required items."))
        return cleaned

    @property
    def agreed(self) -> list[str]:
        return [terms.code for terms in TERMS if self.cleaned_data.get(terms.code)]


class EmailForm(forms.Form):
    email = forms.EmailField(
        label=_("ID (e-mail)"),
        max_length=254,
        error_messages={
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter a valid e-mail address."),
            "max_length": _("Enter a valid e-mail address."),
        },
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip()
        if any(map(is_hidden, email)):
            raise forms.ValidationError(_("Enter a valid e-mail address."))
        return email


class InformationForm(NewPasswordForm, PersonForm):
    """What every member tells; the e-mail is verified before and not asked again."""

    password = PasswordField(
        label=_("Password"),
        required=_("Enter a password."),
        help_text=_("8 to 64 characters with a letter, a digit and a special character."),
    )
    again = PasswordField(label=_("Re-enter password"), required=_("Enter the password once more."))

    def __init__(self, *args: Any, mobile: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if mobile:  # proved before and not asked again
            self.fields["mobile"].initial = mobile
            self.fields["mobile"].disabled = True

    field_order: Sequence[str] = (
        "password",
        "again",
        "name",
        "mobile",
        "company_name",
        "business_number",
        "representative",
        "business_type",
        "business_item",
        "postcode",
        "address",
        "address_detail",
        "landline",
        "certificate",
    )


_BUSINESS_NEEDS = {
    "postcode": _("Enter the postcode."),
    "address": _("Enter the address."),
    "landline": _("Enter the landline number."),
}


class BusinessInformationForm(InformationForm):
    """Besides, what a business tells; Korean ones attach their certificate (spec 10, step 1)."""

    company_name = LineField(
        label=_("Company name"), max_length=100, error_messages={"required": _("Enter the company name.")}
    )
    business_number = LineField(
        label=_("Business registration number"),
        max_length=20,
        error_messages={"required": _("Enter the business registration number.")},
    )
    representative = LineField(
        label=_("Representative"), max_length=60, error_messages={"required": _("Enter the representative's name.")}
    )
    business_type = LineField(
        label=_("Business type"), max_length=100, error_messages={"required": _("Enter the business type.")}
    )
    business_item = LineField(
        label=_("Business item"), max_length=100, error_messages={"required": _("Enter the business item.")}
    )
    certificate = forms.FileField(
        label=_("Business registration certificate"),
        help_text=_("One PDF, JPG or PNG file of up to 10 MB."),
        error_messages={
            "required": _("Attach your business registration certificate."),
            "missing": _("Attach your business registration certificate."),
            "empty": _("The file is empty."),
        },
    )

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, country=country, **kwargs)
        for name in _BUSINESS_NEEDS.keys() & self.fields.keys():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = _BUSINESS_NEEDS[name]
        if country != Country.KR:
            del self.fields["certificate"]

    def clean_business_number(self) -> str:
        text: str = self.cleaned_data["business_number"]
        if self.country != Country.KR:
            return text
        number = clean_business_number(text)
        if number is None:
            raise forms.ValidationError(_("The business registration number is not correct."))
        return number


class WelcomeForm(forms.Form):
    two_step_login = forms.BooleanField(label=_("Use 2-step login"), required=False, initial=True)
