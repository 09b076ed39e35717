"""Forms of payment methods. Card data is checked and handed on; it never goes back to the browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.payments.banks import BANKS
from daedap.payments.identity import Answer
from daedap.payments.kinds import DataField, MethodKind
from daedap.payments.providers import Details, Way
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

    def __init__(self, *args: Any, methods: list[MethodKind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["method"])
        field.choices = [(method.code.value, method.label) for method in methods]


def _secret(label: Any, required: Any, *, length: int, **attrs: str) -> forms.CharField:
    widget = SecretInput(attrs={"inputmode": "numeric"} | attrs)
    return forms.CharField(
        label=label, max_length=length, widget=widget, error_messages={"required": required, "max_length": required}
    )


class IdentityForm(forms.Form):
    """Asks for what confirms the member here; nothing where the provider's window does."""

    def __init__(self, *args: Any, way: Way, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _ASKED[way]:
            self.fields[name] = _IDENTITY_FIELDS[name]()

    @property
    def answer(self) -> Answer:
        """What was entered."""
        return Answer(**self.cleaned_data)


def _line(label: Any, required: Any, *, length: int = 100, **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=length,
        widget=forms.TextInput(attrs=attrs),
        error_messages={"required": required, "max_length": required},
    )


_ASKED: dict[Way, tuple[str, ...]] = {
    Way.MAILED_CODE: ("code",),
    Way.BUSINESS_NUMBER: ("business_number",),
    Way.BUSINESS_DATA: ("business_number", "company_name", "representative"),
    Way.WINDOW: (),
    Way.WITH_DATA: (),
}
_IDENTITY_FIELDS: dict[str, Callable[[], forms.Field]] = {
    "code": lambda: _secret(_("Code"), _("Enter the code from the mail."), length=6, autocomplete="one-time-code"),
    "business_number": lambda: _line(
        _("Business registration number"), _("Enter the business registration number."), length=20, inputmode="numeric"
    ),
    "company_name": lambda: _line(_("Company name"), _("Enter the company name.")),
    "representative": lambda: _line(_("Representative"), _("Enter the name of the representative.")),
}


def _choose_bank() -> forms.ChoiceField:
    refusal = _("Choose the bank.")
    return forms.ChoiceField(
        label=_("Bank"),
        choices=[("", _("Choose")), *BANKS.items()],
        error_messages={"required": refusal, "invalid_choice": refusal},
    )


_NUMBER = _("Enter the card number.")
_EXPIRY = _("Enter the expiry as MM/YY.")
_BIRTH = _("Enter your birth date as YYMMDD.")
_CODE = _("Enter the 3 or 4 digits of the security code.")
_ACCOUNT = _("Enter the account number in digits.")
_MAKERS: dict[DataField, Callable[[], forms.Field]] = {
    DataField.NUMBER: lambda: _secret(_("Card number"), _NUMBER, length=30, autocomplete="cc-number"),
    DataField.EXPIRY: lambda: _secret(_("Expiry"), _EXPIRY, length=7, autocomplete="cc-exp", placeholder="MM/YY"),
    DataField.BIRTH_DATE: lambda: _secret(_("Birth date"), _BIRTH, length=6, autocomplete="off", placeholder="YYMMDD"),
    DataField.PASSWORD_DIGITS: lambda: _secret(
        _("First 2 digits of the card password"), _("Enter 2 digits."), length=2, autocomplete="off"
    ),
    DataField.HOLDER: lambda: _secret(
        _("Card holder"), _("Enter the name on the card."), length=60, autocomplete="cc-name", inputmode="text"
    ),
    DataField.SECURITY_CODE: lambda: _secret(_("Security code"), _CODE, length=4, autocomplete="off"),
    DataField.BANK: _choose_bank,
    DataField.ACCOUNT: lambda: _secret(_("Account number"), _ACCOUNT, length=30, autocomplete="off"),
}
"""How each field of the table of methods is asked for."""


class DataForm(forms.Form):
    """Asks for what the table of methods says (spec 10, 2.3)."""

    def __init__(self, *args: Any, kind: MethodKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = kind.country
        for name in kind.fields:
            self.fields[name.value] = _MAKERS[name]()

    def clean_number(self) -> str:
        number = re.sub(r"[\s-]", "", self.cleaned_data["number"])
        if not re.fullmatch(r"[0-9]{12,19}", number):
            raise forms.ValidationError(_("The card number is not correct."))
        return number

    def clean_expiry(self) -> tuple[int, int]:
        match = re.fullmatch(r"\s*([0-9]{1,2})\s*/?\s*(?:20)?([0-9]{2})\s*", self.cleaned_data["expiry"])
        if match is None or not 1 <= int(match[1]) <= 12:
            raise forms.ValidationError(_EXPIRY)
        return 2000 + int(match[2]), int(match[1])

    def clean_account(self) -> str:
        account = re.sub(r"[\s-]", "", self.cleaned_data["account"])
        if not re.fullmatch(r"[0-9]{8,16}", account):
            raise forms.ValidationError(_ACCOUNT)
        return account

    def clean_birth_date(self) -> date:
        return _birth_date(self.cleaned_data["birth_date"])

    def clean_password_digits(self) -> str:
        return self._digits("password_digits", r"[0-9]{2}", _("Enter 2 digits."))

    def clean_security_code(self) -> str:
        return self._digits("security_code", r"[0-9]{3,4}", _CODE)

    def _digits(self, name: str, pattern: str, sentence: Any) -> str:
        text: str = self.cleaned_data[name]
        if not re.fullmatch(pattern, text):
            raise forms.ValidationError(sentence)
        return text

    @property
    def details(self) -> Details:
        """What the provider gets."""
        given = {name: value for name, value in self.cleaned_data.items() if name != DataField.EXPIRY}
        year, month = self.cleaned_data.get(DataField.EXPIRY, (0, 0))
        return Details(**given, expiry_year=year, expiry_month=month, country=self.country)


def _birth_date(text: str) -> date:
    """Read YYMMDD; two digits of a year mean the latest year that is not in the future."""
    sentence = _BIRTH
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
