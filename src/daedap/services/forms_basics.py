"""The form of a service's basic information, and its list of languages (spec 10, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError
from daedap.services.languages import find_code, own_name
from daedap.services.models import EditorType, Service, ServiceLanguage, ServiceType
from daedap.services.rules import TIME_ZONES, check_name, check_service_id, list_time_zones


@dataclass(frozen=True)
class Languages:
    """The list of languages as it stands on the page: code → display name in their order, and the default."""

    rows: Mapping[str, str]
    default: str
    error: str = ""

    @classmethod
    def read(cls, data: QueryDict) -> Languages:
        """Return what was sent; names that are missing are empty."""
        codes, names = data.getlist("languages"), data.getlist("language_names")
        rows = dict(zip(codes, [*names, *[""] * len(codes)], strict=False))
        return cls(rows, data.get("default_language", ""))

    @classmethod
    def of(cls, languages: list[ServiceLanguage], default: str) -> Languages:
        return cls({language.code: language.name for language in languages}, default)

    @classmethod
    def of_new_service(cls) -> Languages:
        return cls({"ko": own_name("ko")}, "ko")

    def after(self, operation: str, *, typed: str) -> Languages:
        """Return the list after a button: "add" what was `typed`, or "remove", "up", "down" and "default" of a code."""
        verb, _colon, code = operation.partition(":")
        if verb == "add":
            return self._with(typed)
        if code not in self.rows or (verb == "remove" and code == self.default):
            return self
        if verb == "default":
            return replace(self, default=code)
        if verb == "remove":
            return replace(self, rows={key: name for key, name in self.rows.items() if key != code})
        return self._moved(code, {"up": -1, "down": 1}.get(verb, 0))

    def _with(self, typed: str) -> Languages:
        code = find_code(typed, get_language() or "ko")
        if not code:
            return replace(self, error=str(_("Choose a language from the list.")))
        if code in self.rows:
            return replace(self, error=str(_("This language is in the list already.")))
        return replace(self, rows={**self.rows, code: own_name(code)})

    def _moved(self, code: str, by: int) -> Languages:
        codes = list(self.rows)
        here = codes.index(code)
        there = min(max(here + by, 0), len(codes) - 1)
        codes.insert(there, codes.pop(here))
        return replace(self, rows={key: self.rows[key] for key in codes})


class BasicsForm(forms.Form):
    """Basic information that can be changed later too. Issue services have no editor type (A56)."""

    name = forms.CharField(
        label=_("Service name"), max_length=100, error_messages={"required": _("Enter a service name.")}
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    editor_type = forms.ChoiceField(
        label=_("Editor type"), choices=EditorType.choices, widget=forms.RadioSelect, initial=EditorType.HTML
    )

    def __init__(self, *args: Any, type: int, service: Service | None = None, **kwargs: Any) -> None:  # noqa: A002  the product's word
        if service is not None:
            facts = {"name": service.name, "time_zone": service.time_zone, "editor_type": service.editor_type}
            kwargs["initial"] = facts | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.service = service
        zones = [("", _("The usual zone of the default language")), *((zone, zone) for zone in list_time_zones())]
        self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), required=False, choices=zones)
        if type == ServiceType.ISSUE:
            del self.fields["editor_type"]
            zones = zones[1:]
            self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), choices=zones, initial="Asia/Seoul")

    def clean_name(self) -> str:
        return _checked(lambda name: check_name(name, but=self.service), self.cleaned_data["name"])


class AddServiceForm(BasicsForm):
    """Step 1 of adding a service."""

    service_id = forms.CharField(
        label=_("Service ID"), max_length=200, error_messages={"required": _("Enter a service ID.")}
    )
    banner = forms.FileField(label=_("Service banner"), required=False)

    def clean_service_id(self) -> str:
        return _checked(check_service_id, self.cleaned_data["service_id"])


class BannerForm(forms.Form):
    """A new banner for a service that has none."""

    banner = forms.FileField(label=_("Service banner"), error_messages={"required": _("Choose an image.")})


def _checked(check: Any, value: str) -> str:
    """Ask a rule, so that all wrong fields are named at once; the action asks again."""
    try:
        return str(check(value))
    except DaedapError as error:
        raise forms.ValidationError(str(error.message)) from error


def proposed_zone(language: str) -> str:
    """Return the time zone that is proposed when `language` becomes the default."""
    return TIME_ZONES.get(language, "Asia/Seoul")
