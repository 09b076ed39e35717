"""Forms of the check of a mobile number (spec 10, step 1)."""

from __future__ import annotations

from typing import Any

import phonenumbers
from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import Country
from daedap.portal.forms.base import SecretInput
from daedap.portal.forms.person import MobileField, read_mobile

_MOBILE = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE})


class MobileForm(forms.Form):
    """The number a code goes to. Only mobile numbers of the countries we serve: others can be made to cost much."""

    mobile = MobileField()

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country

    def clean_mobile(self) -> str:
        number = read_mobile(self.cleaned_data["mobile"], country=self.country)
        served = phonenumbers.region_code_for_number(number) in Country.values
        if not served or phonenumbers.number_type(number) not in _MOBILE:
            raise forms.ValidationError(_("Enter a mobile number of Korea or Japan."))
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class CodeForm(forms.Form):
    """The six digits of the text message."""

    code = forms.CharField(
        label=_("Verification code"),
        max_length=20,
        widget=SecretInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={
            "required": _("Enter the code from the text message."),
            "max_length": _("The verification code does not match."),
        },
    )
