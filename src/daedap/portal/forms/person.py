"""What a member tells about themselves: the same at sign-up and on My Page (spec 10, step 1)."""

from __future__ import annotations

import re
from typing import Any

import phonenumbers
from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.accounts import sms
from daedap.accounts.models import Country, PlatformMember
from daedap.core.text import one_line


class LineField(forms.CharField):
    """A text that shows as it was typed: on one line, without characters that hide or turn others."""

    def to_python(self, value: Any) -> str:
        return one_line(str(super().to_python(value) or ""))


class MobileField(forms.CharField):
    """A mobile number as people type it; see `read_mobile`."""

    def __init__(self, **kwargs: Any) -> None:
        messages = {"required": _("Enter your mobile number."), "max_length": _("Enter a valid mobile number.")}
        super().__init__(label=_("Mobile number"), max_length=30, error_messages=messages, **kwargs)


def read_mobile(text: str, *, country: str) -> phonenumbers.PhoneNumber:
    """Return the number that `text` means in `country`; raise ValidationError."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        raise forms.ValidationError(_("Enter a valid mobile number.")) from error
    if not phonenumbers.is_valid_number(number):
        raise forms.ValidationError(_("Enter a valid mobile number."))
    return number


def shown_number(number: str, country: str) -> str:
    """Return a stored number as people of `country` write it: 010-1234-5678; with +82 for others."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return number
    formats = phonenumbers.PhoneNumberFormat
    at_home = phonenumbers.region_code_for_number(parsed) == country
    return phonenumbers.format_number(parsed, formats.NATIONAL if at_home else formats.INTERNATIONAL)


class PersonForm(forms.Form):
    """Name and numbers; the address in three parts in Korea, in one elsewhere."""

    name = LineField(
        label=_("Name"),
        max_length=60,
        error_messages={"required": _("Enter your name."), "max_length": _("Use up to 60 characters.")},
    )
    mobile = MobileField()
    landline = LineField(label=_("Landline"), max_length=20, required=False)
    postcode = LineField(label=_("Postcode"), max_length=10, required=False)
    address = LineField(label=_("Address"), max_length=300, required=False)
    address_detail = LineField(label=_("Detailed address"), max_length=200, required=False)

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country
        if country != Country.KR:
            del self.fields["postcode"], self.fields["address_detail"]

    def clean_mobile(self) -> str:
        return phonenumbers.format_number(
            read_mobile(self.cleaned_data["mobile"], country=self.country), phonenumbers.PhoneNumberFormat.E164
        )

    def clean_postcode(self) -> str:
        text: str = self.cleaned_data["postcode"]
        if text and not re.fullmatch(r"[0-9]{5}", text):
            raise forms.ValidationError(_("Enter the 5 digits of the postcode."))
        return text


class ProfileForm(PersonForm):
    """My Page → Edit. What belongs to the certificate of a business is not for the member to change."""

    marketing = forms.BooleanField(label=_("Receive news and offers"), required=False)

    def __init__(self, *args: Any, member: PlatformMember, **kwargs: Any) -> None:
        names = ("mobile", "landline", "postcode", "address", "address_detail")
        initial = {name: getattr(member, name) for name in names}
        initial["mobile"] = shown_number(member.mobile, member.country)
        initial |= {"name": member.user.name, "marketing": member.marketing_consent_at is not None}
        super().__init__(*args, country=member.country, initial=initial, **kwargs)
        if sms.is_on():
            del self.fields["mobile"]  # it changes on a page of its own, with a code
        if member.is_business:
            for name in {"landline", "postcode", "address", "address_detail"} & self.fields.keys():
                self.fields[name].disabled = True
