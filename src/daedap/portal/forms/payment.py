"""Forms of payment methods. Card data is checked and handed on; it never goes back to the browser."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.payments.providers import CardDetails, CardField, Method
from daedap.portal.forms.base import SecretInput


class MethodForm(forms.Form):
    method = forms.ChoiceField(
        label=_("Payment method"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a payment method."),
            "invalid_choice": _("This payment method is not available for you."),
        },
    )
    consent = forms.BooleanField(
        label=_("I have read the terms of purchase and agree to recurring payments"),
        error_messages={"required": _("Please agree to the terms of purchase and recurring payments.")},
    )

    def __init__(self, *args: Any, methods: list[Method], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["method"])
        field.choices = [(method.code.value, method.label) for method in methods]


def _secret(label: Any, required: Any, *, length: int, **attrs: str) -> forms.CharField:
    widget = SecretInput(attrs={"inputmode": "numeric", **attrs})
    return forms.CharField(
        label=label, max_length=length, widget=widget, error_messages={"required": required, "max_length": required}
    )


class CardForm(forms.Form):
    number = _secret(_("Card number"), _("Enter the card number."), length=30, autocomplete="cc-number")
    expiry = forms.CharField(
        label=_("Expiry"),
        max_length=7,
        widget=SecretInput(attrs={"inputmode": "numeric", "autocomplete": "cc-exp", "placeholder": "MM/YY"}),
        error_messages={"required": _("Enter the expiry as MM/YY."), "max_length": _("Enter the expiry as MM/YY.")},
    )

    def __init__(self, *args: Any, method: Method, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country
        offered = {
            CardField.BIRTH_DATE: _secret(
                _("Birth date"),
                _("Enter your birth date as YYMMDD."),
                length=6,
                autocomplete="off",
                placeholder="YYMMDD",
            ),
            CardField.PASSWORD_DIGITS: _secret(
                _("First 2 digits of the card password"), _("Enter 2 digits."), length=2, autocomplete="off"
            ),
            CardField.HOLDER: forms.CharField(
                label=_("Card holder"),
                max_length=60,
                widget=SecretInput(attrs={"autocomplete": "cc-name"}),
                error_messages={"required": _("Enter the name on the card.")},
            ),
            CardField.SECURITY_CODE: _secret(
                _("Security code"), _("Enter the 3 or 4 digits of the security code."), length=4, autocomplete="off"
            ),
        }
        for name in method.fields:
            self.fields[name.value] = offered[name]

    def clean_number(self) -> str:
        number = re.sub(r"[\s-]", "", self.cleaned_data["number"])
        if not re.fullmatch(r"[0-9]{12,19}", number):
            raise forms.ValidationError(_("The card number is not correct."))
        return number

    def clean_expiry(self) -> tuple[int, int]:
        match = re.fullmatch(r"\s*([0-9]{1,2})\s*/?\s*(?:20)?([0-9]{2})\s*", self.cleaned_data["expiry"])
        if match is None or not 1 <= int(match[1]) <= 12:
            raise forms.ValidationError(_("Enter the expiry as MM/YY."))
        return 2000 + int(match[2]), int(match[1])

    def clean_birth_date(self) -> date:
        return _birth_date(self.cleaned_data["birth_date"])

    def clean_password_digits(self) -> str:
        return self._digits("password_digits", r"[0-9]{2}", _("Enter 2 digits."))

    def clean_security_code(self) -> str:
        return self._digits("security_code", r"[0-9]{3,4}", _("Enter the 3 or 4 digits of the security code."))

    def _digits(self, name: str, pattern: str, sentence: Any) -> str:
        text: str = self.cleaned_data[name]
        if not re.fullmatch(pattern, text):
            raise forms.ValidationError(sentence)
        return text

    @property
    def details(self) -> CardDetails:
        """What the provider gets."""
        data = self.cleaned_data
        year, month = data["expiry"]
        return CardDetails(
            number=data["number"],
            expiry_month=month,
            expiry_year=year,
            country=self.country,
            birth_date=data.get("birth_date"),
            password_digits=data.get("password_digits", ""),
            holder=data.get("holder", ""),
            security_code=data.get("security_code", ""),
        )


def _birth_date(text: str) -> date:
    """Read YYMMDD; two digits of a year mean the latest year that is not in the future."""
    sentence = _("Enter your birth date as YYMMDD.")
    if not re.fullmatch(r"[0-9]{6}", text):
        raise forms.ValidationError(sentence)
    today = timezone.localdate()
    for century in (2000, 1900):
        try:
            born = datetime.strptime(f"{century + int(text[:2])}{text[2:]}", "%Y%m%d").date()  # noqa: DTZ007  a date
        except ValueError:
            continue
        if born <= today:
            return born
    raise forms.ValidationError(sentence)
