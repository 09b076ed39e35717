"""The enquiry form and the form to ask again (spec 30, sections 8 and 9)."""

from __future__ import annotations

import re
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError
from daedap.core.text import is_hidden
from daedap.helpcenter.visitors import mask_email, mask_phone
from daedap.members.models import Member
from daedap.tickets.selectors import CategoryChoice

SUBJECT_LENGTH = 200
CONTENT_LENGTH = 5000
_HEX_ID = re.compile(r"[0-9a-f]{32}")
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{3,28}[0-9]")


class PlainText(forms.CharField):
    """Text whose line ends count as one character."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(str(value or "").replace("\r\n", "\n").replace("\r", "\n")))


class EnquiryForm(forms.Form):
    """One enquiry. What a member left masked means "as stored"; the usercode is never read from the form."""

    category = forms.TypedChoiceField(
        label=_("Receipt category"),
        coerce=int,
        error_messages={"required": _("Please choose a category."), "invalid_choice": _("Please choose a category.")},
    )
    name = forms.CharField(label=_("Name"), max_length=100, required=False)
    email = forms.CharField(
        label=_("E-mail"), max_length=100, error_messages={"required": _("Please enter your e-mail address.")}
    )
    phone = forms.CharField(label=_("Phone number"), max_length=30, required=False)
    subject = forms.CharField(
        label=_("Subject"), max_length=SUBJECT_LENGTH, error_messages={"required": _("Please enter a subject.")}
    )
    content = PlainText(
        label=_("Enquiry content"),
        max_length=CONTENT_LENGTH,
        widget=forms.Textarea,
        error_messages={"required": _("Please enter the content.")},
    )
    personal_agree = forms.BooleanField(
        label=_("I agree to the collection and use of personal information as stated above."),
        error_messages={"required": _("Please agree to the collection and use of personal information.")},
    )

    def __init__(self, *args: Any, categories: list[CategoryChoice], member: Member | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        _count_with_our_words(self)
        self.offered = deepest(categories)
        choices = [(str(choice.pk), " > ".join(choice.path)) for choice in self.offered]
        category = cast(forms.TypedChoiceField, self.fields["category"])
        if len(choices) == 1:
            category.initial = choices[0][0]
            category.choices = choices
        else:
            category.choices = [("", _("Please choose")), *choices]
        if member is not None:
            self.fields["email"].required = False
            self.fields["name"].initial = member.username
            self.fields["email"].initial = mask_email(member.email)
            self.fields["phone"].initial = mask_phone(member.phone)

    def clean_email(self) -> str:
        """Return the address; a member's masked one is the stored one."""
        given = str(self.cleaned_data["email"])
        if self.member is not None and given and given == mask_email(self.member.email):
            return self.member.email
        if given:
            self._check_email(given)
        return given

    def _check_email(self, given: str) -> None:
        try:
            validate_email(given)
            whole = "*" not in given and not any(map(is_hidden, given))
        except ValidationError:
            whole = False
        if not whole:
            raise ValidationError(_("Please enter the whole e-mail address, for example name@example.com."))

    def clean_phone(self) -> str:
        """Return the number; a member's masked one is the stored one."""
        given = str(self.cleaned_data["phone"])
        if self.member is not None and given and given == mask_phone(self.member.phone):
            return self.member.phone
        if given and not _PHONE.fullmatch(given):
            raise ValidationError(_("Please enter the whole phone number: digits, spaces, hyphens and +."))
        return given


def without_contact(data: QueryDict, member: Member | None) -> QueryDict:
    """Return what somebody else has written with the contact data of `member`; a guest gets nothing that is masked."""
    mine = data.copy()
    if member is not None:
        mine["name"] = member.username
        mine["email"], mine["phone"] = mask_email(member.email), mask_phone(member.phone)
    else:
        for name in ("email", "phone"):
            mine[name] = "" if "*" in mine.get(name, "") else mine.get(name, "")
    return mine


class ReenquiryForm(forms.Form):
    """A further question about an enquiry (재문의)."""

    content = PlainText(
        label=_("Content of the re-enquiry"),
        max_length=CONTENT_LENGTH,
        widget=forms.Textarea,
        error_messages={"required": _("Please enter the content.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _count_with_our_words(self)


def hex_id(given: str | None) -> str:
    """Return an ID of ours as it was sent: 32 hex digits, or "" for anything else."""
    return given if given and _HEX_ID.fullmatch(given) else ""


def put_refusal(error: DaedapError, form: forms.Form, file_errors: list[str]) -> None:
    """Put a refusal of the action beside the field it belongs to."""
    if error.field == "files":
        file_errors.append(str(error.message))
    else:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))


def _count_with_our_words(form: forms.Form) -> None:
    """Refuse longer texts with our sentence. The browser does not cut what is pasted: nothing is lost unseen."""
    message = _("Please enter at most %(limit_value)d characters (now %(show_value)d).")
    for field in form.fields.values():
        if not isinstance(field, forms.CharField) or field.max_length is None:
            continue
        for validator in field.validators:
            if isinstance(validator, MaxLengthValidator):
                validator.message = message
        field.widget.attrs.pop("maxlength", None)
        field.widget.attrs["data-limit"] = str(field.max_length)


def deepest(categories: list[CategoryChoice]) -> list[CategoryChoice]:
    """Return the categories with no offered one below: only these can be chosen (spec 30, 8.1)."""
    levels = [category.level for category in categories[1:]] + [0]
    return [category for category, after in zip(categories, levels, strict=False) if after <= category.level]
