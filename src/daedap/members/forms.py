"""The form of Service Management → Help centre → Member integration."""

from __future__ import annotations

import re
from typing import Any

import httpx
from django import forms
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError
from daedap.core.outbound import UrlRefused, check_reachable, check_url
from daedap.members.actions import (
    LIFETIME_LIMIT,
    OWN_CHOICES,
    REQUIRED_URLS,
    ROW_NAMES,
    ROWS_LIMIT,
    Choices,
    check_domains,
    check_frame_origins,
    check_rows,
)
from daedap.members.models import IntegrationSettings, LoginType
from daedap.members.verification import outbound_policy

_BESIDE_HOST = re.compile(r"[/?#@\\]")

SWITCH = [("on", _("Enabled")), ("off", _("Disabled"))]


def _is_on(value: str) -> bool:
    return value == "on"


class SwitchField(forms.TypedChoiceField):
    """Enabled or disabled, as two radio buttons."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=SWITCH, coerce=_is_on, widget=forms.RadioSelect, **options)

    def prepare_value(self, value: Any) -> Any:
        return ("on" if value else "off") if isinstance(value, bool) else value


class AddressField(forms.CharField):
    """An address of the company; whether it may be called is for `IntegrationForm.clean`, which knows if it matters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.URLInput(attrs={"placeholder": "https://"}), **options)


class ParameterRowsWidget(forms.Widget):
    """Two lists of equal length: `<name>_location` and `<name>_name`. Rows without a name are no rows."""

    template_name = "members/_parameter_rows.html"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[list[str]]:
        locations, names = data.getlist(f"{name}_location"), data.getlist(f"{name}_name")
        pairs = zip(locations, names, strict=False)
        return [[location, chosen] for location, chosen in pairs if chosen][: ROWS_LIMIT + 1]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}_name" not in data


class ParameterRowsField(forms.Field):
    """Rows of spec 20, 2.2 as `[location, name]`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=ParameterRowsWidget, **options)

    def clean(self, value: Any) -> list[list[str]]:
        rows: list[list[str]] = value or []
        try:
            check_rows(rows)
        except DaedapError as error:
            raise forms.ValidationError(str(error.message)) from error
        return rows


class DomainsField(forms.CharField):
    """Host names, one on each line; the value is a list."""

    placeholder = "www.example.com"

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "placeholder": self.placeholder, "spellcheck": "false"})
        super().__init__(required=False, widget=widget, max_length=6000, **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        text: str = super().clean(value)
        domains = list(dict.fromkeys(map(self.read, text.lower().replace(",", " ").split())))
        try:
            self.check(domains)
        except DaedapError as error:
            raise forms.ValidationError(str(error.message)) from error
        return domains

    def read(self, text: str) -> str:
        """Return one line as it is kept: a host in Hangul as DNS knows it, which is how browsers name it."""
        if text.isascii() or _BESIDE_HOST.search(text):
            return text
        try:
            return httpx.URL(f"https://{text}").netloc.decode("ascii")
        except httpx.InvalidURL:
            return text

    def check(self, domains: list[str]) -> None:
        """Raise DaedapError if these are no such lines."""
        check_domains(domains)


class OriginsField(DomainsField):
    """Origins, one on each line; a host name alone means https, and a slash at the end nothing."""

    placeholder = "https://www.example.com"

    def read(self, text: str) -> str:
        scheme, separator, host = text.rstrip("/").rpartition("://")
        return f"{scheme if separator else 'https'}://{super().read(host)}"

    def check(self, domains: list[str]) -> None:
        check_frame_origins(domains)


class IntegrationForm(forms.Form):
    """Values of spec 20, 2 and 2.3. Only what the chosen switch and login type show is looked at."""

    enabled = SwitchField(label=_("Activate member integration"))
    guest_enquiries = SwitchField(label=_("Guest enquiries"), required=False)
    login_type = forms.TypedChoiceField(
        label=_("Login type"),
        coerce=LoginType,
        choices=[(LoginType.POST.value, LoginType.POST.label), (LoginType.GET.value, LoginType.GET.label)],
        widget=forms.RadioSelect,
        required=False,
    )
    token_verification_url = AddressField(label=_("Token verification URL"))
    token_lifetime_minutes = forms.IntegerField(
        label=_("GET token lifetime"),
        required=False,
        error_messages={"invalid": _("Enter a number from 1 to 1440.")},
        widget=forms.NumberInput(attrs={"min": 1, "max": LIFETIME_LIMIT}),
    )
    no_limit = forms.BooleanField(label=_("No limit"), required=False)
    single_use_token = forms.BooleanField(label=_("Single-use token"), required=False)
    login_url = AddressField(label=_("Login URL"))
    login_status_url = AddressField(label=_("Login status URL"))
    parameter_rows = ParameterRowsField(label=_("Parameter settings"))
    return_domains = DomainsField(label=_("Allowed return domains"))
    frame_origins = OriginsField(label=_("Allowed frame origins"))
    demands_binding = forms.BooleanField(label=_("Only accept log-ins that began in the same browser"), required=False)

    locations = [("header", _("Header")), ("query", _("Query"))]
    row_names = ROW_NAMES

    @classmethod
    def of(cls, integration: IntegrationSettings, data: Any = None) -> IntegrationForm:
        """Return the form, filled with what is saved."""
        names = [name for name in cls.base_fields if name != "no_limit"]
        saved = {name: getattr(integration, name) for name in names}
        no_limit = integration.token_lifetime_minutes is None
        return cls(data, initial=saved | {"no_limit": no_limit}, use_required_attribute=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("enabled"):
            self._ignore_all_but("enabled")
            return given
        for name in ("guest_enquiries", "login_type"):
            if name not in self.errors and given.get(name) in ("", None):
                self.add_error(name, _("Choose one."))
        if "login_type" not in self.errors:
            self._clean_type(LoginType(given["login_type"]), given)
        return given

    def _ignore_all_but(self, *names: str) -> None:
        for name in [name for name in self.errors if name not in names]:
            del self.errors[name]

    def _clean_type(self, login_type: LoginType, given: dict[str, Any]) -> None:
        addresses = REQUIRED_URLS[login_type]
        (other,) = (kind for kind in LoginType if kind != login_type)
        others = {*REQUIRED_URLS[other], *OWN_CHOICES[other]}
        self._ignore_all_but(*(set(self.fields) - others))
        if login_type == LoginType.GET and "token_lifetime_minutes" not in self.errors:
            self._clean_lifetime(given)
        for name, appended in addresses.items():
            self._clean_address(name, given.get(name, ""), appended)

    def _clean_lifetime(self, given: dict[str, Any]) -> None:
        minutes = given.get("token_lifetime_minutes")
        if given.get("no_limit"):
            given["token_lifetime_minutes"] = None
        elif minutes is None or not 1 <= minutes <= LIFETIME_LIMIT:
            self.add_error("token_lifetime_minutes", _("Enter a number from 1 to 1440."))

    def _clean_address(self, name: str, address: str, appended: tuple[str, ...]) -> None:
        if not address:
            self.add_error(name, _("Enter an address."))
            return
        policy = outbound_policy()
        try:
            check_url(address, policy, appended)
            check_reachable(address, policy)
        except UrlRefused as refused:
            self.add_error(name, str(refused))

    @property
    def shown_rows(self) -> list[list[str]]:
        """The parameter rows to draw: those that are there, and one more to fill in while there is room."""
        rows = [list(row) for row in self["parameter_rows"].value() or []]
        return rows if len(rows) >= ROWS_LIMIT else [*rows, ["header", ""]]

    @property
    def choices(self) -> Choices:
        """What a valid form says."""
        given = self.cleaned_data
        if not given["enabled"]:
            return Choices(enabled=False)
        names = Choices.__dataclass_fields__
        return Choices(**{name: value for name, value in given.items() if name in names})

    def show(self, error: DaedapError) -> None:
        """Put an error of the action next to its field."""
        self.add_error(error.field if error.field in self.fields else None, str(error.message))
