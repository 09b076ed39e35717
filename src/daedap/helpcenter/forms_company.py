"""Forms of company information (Global Management) and of composition (Service Management)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from daedap.helpcenter.actions import LONGEST_NAME, LONGEST_TERMS, LONGEST_TEXT, LONGEST_URL, CompanyRefused, Texts
from daedap.helpcenter.forms import PlainText
from daedap.helpcenter.models import CompanyInformation, CompanyText, Composition


def _area(label: Any, limit: int, rows: int) -> PlainText:
    return PlainText(label=label, max_length=limit, required=False, widget=forms.Textarea(attrs={"rows": rows}))


class CompanyTextForm(forms.Form):
    """What a set says in one language; the prefix is the language's code."""

    company = _area(_("Company information"), LONGEST_TEXT, 4)
    copyright = _area(_("Trademark and copyright"), LONGEST_TEXT, 2)
    terms_title = forms.CharField(label=_("Title of the terms of use"), max_length=LONGEST_NAME, required=False)
    terms = _area(_("Terms of use"), LONGEST_TERMS, 8)
    terms_url = forms.CharField(label=_("Address of the terms of use"), max_length=LONGEST_URL, required=False)

    def __init__(self, data: QueryDict | None, *, code: str, language: str, text: CompanyText | None) -> None:
        initial = {name: getattr(text, name) for name in self.base_fields} if text else None
        super().__init__(data, prefix=code, initial=initial)
        self.code, self.language = code, language

    @property
    def texts(self) -> Texts:
        """What was entered, once the form is valid."""
        return Texts(**self.cleaned_data)


class CompanyForm(forms.Form):
    """A set of company information: its name, and `languages`, a form for each language that help centres have."""

    name = forms.CharField(label=_("Name of this entry"), max_length=LONGEST_NAME)

    def __init__(
        self, data: QueryDict | None, *, languages: list[tuple[str, str]], information: CompanyInformation | None
    ) -> None:
        super().__init__(data, initial={"name": information.name} if information else None)
        written = {text.language: text for text in information.texts.all()} if information else {}
        offered = dict(languages) | {code: code for code in written if code not in dict(languages)}
        self.languages = [
            CompanyTextForm(data, code=code, language=name, text=written.get(code)) for code, name in offered.items()
        ]

    def is_valid(self) -> bool:
        return all([super().is_valid(), *(form.is_valid() for form in self.languages)])

    @property
    def has_errors(self) -> bool:
        """Whether anything entered has to be mended."""
        return bool(self.errors or any(form.errors for form in self.languages))

    def show(self, refused: CompanyRefused) -> None:
        """Put a refusal of the action beside the field it belongs to."""
        form: forms.Form = next((each for each in self.languages if each.code == refused.language), self)
        form.add_error(refused.field, str(refused.message))


class CompositionForm(forms.Form):
    """What the help centre shows (구성관리)."""

    company_information = forms.TypedChoiceField(
        label=_("Company information in the footer"), coerce=int, empty_value=None, required=False
    )

    attachments_need_sign_in = forms.BooleanField(label=_("Sign-in required for attachments"), required=False)

    def __init__(
        self, data: QueryDict | None, *, sets: list[CompanyInformation], composition: Composition | None
    ) -> None:
        saved = composition or Composition()
        initial = {
            "company_information": saved.company_information_id or "",
            "attachments_need_sign_in": saved.attachments_need_sign_in,
        }
        super().__init__(data, initial=initial)
        field = self.fields["company_information"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  declared above
        field.choices = [("", _("Disabled")), *((each.pk, each.name) for each in sets)]
