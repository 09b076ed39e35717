"""Forms of the organization's site."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from daedap.accounts.forms import PasswordField
from daedap.core.errors import DaedapError
from daedap.organizations.keys import LONGEST_OVERLAP, KeyRefused
from daedap.organizations.models import IamMember


class SignInForm(forms.Form):
    """ID and password (spec 10, L1)."""

    login_id = forms.CharField(
        label=pgettext_lazy("sign-in", "ID"), max_length=254, error_messages={"required": _("Enter your ID.")}
    )
    password = PasswordField(label=_("Password"))


class FindPasswordForm(forms.Form):
    """ID and e-mail (spec 10, 4.2)."""

    login_id = forms.CharField(
        label=pgettext_lazy("sign-in", "ID"), max_length=254, error_messages={"required": _("Enter your ID.")}
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages={
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter a valid e-mail address."),
        },
    )


class ChangeKeyForm(forms.Form):
    """How the old Key ends, and the domain, typed to confirm that the organization Key shall change."""

    way = forms.ChoiceField(
        label=_("Old key"),
        choices=[("at_once", _("Ends at once")), ("overlap", _("Stays valid beside the new one for a while"))],
        initial="at_once",
        required=False,  # nothing chosen is the default
        widget=forms.RadioSelect,
    )
    hours = forms.IntegerField(
        label=_("Hours the old key stays valid"),
        min_value=1,
        max_value=LONGEST_OVERLAP,
        initial=24,
        required=False,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), KeyRefused.message),
    )
    confirmation = forms.CharField(
        label=_("Organization domain"),
        max_length=60,
        error_messages={"required": _("Type the organization domain exactly as shown to confirm.")},
    )

    def __init__(self, *args: Any, domain: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.domain = domain

    def clean(self) -> dict[str, Any]:
        """Give `overlap_hours`: 0 for at once. What was typed as hours counts for an overlap only."""
        given = super().clean() or {}
        overlaps = given.get("way") == "overlap"
        if not overlaps:
            self.errors.pop("hours", None)
        elif "hours" not in self.errors and not given.get("hours"):
            self.add_error("hours", KeyRefused.message)
        return given | {"overlap_hours": given.get("hours") or 0 if overlaps else 0}

    def clean_confirmation(self) -> str:
        typed = str(self.cleaned_data["confirmation"])
        if typed.strip().lower() != self.domain:
            raise forms.ValidationError(_("Type the organization domain exactly as shown to confirm."))
        return typed


class AdministratorSearchForm(forms.Form):
    """Whom to look for; at least one of the three (spec 10, 5.5)."""

    name = forms.CharField(label=_("Name"), max_length=60, required=False)
    account = forms.CharField(label=_("Account"), max_length=64, required=False)
    email = forms.CharField(label=_("E-mail"), max_length=254, required=False)


class MemberField(forms.TypedChoiceField):
    """One of the members found. Whether the choice still holds is the action's to say, under its lock."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Member"),
            coerce=int,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose a member from the list.")},
        )

    def valid_value(self, value: Any) -> bool:
        return str(value).isdecimal() and len(str(value)) < 19


class AddAdministratorForm(forms.Form):
    """Which member becomes an organization administrator."""

    member = MemberField()

    def __init__(self, *args: Any, candidates: list[IamMember], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["member"]
        assert isinstance(field, MemberField)  # noqa: S101  declared above
        field.choices = [(member.pk, describe(member)) for member in candidates]


class InviteForm(forms.Form):
    """Name, ID and e-mail of somebody new. The rules are the action's (spec 10, step 7)."""

    name = forms.CharField(label=_("Name"), max_length=200, error_messages={"required": _("Enter a name.")})
    login_id = forms.CharField(
        label=pgettext_lazy("sign-in", "ID"), max_length=200, error_messages={"required": _("Enter an ID.")}
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=300,
        error_messages=dict.fromkeys(("required", "invalid", "max_length"), _("Enter a valid e-mail address.")),
    )


def describe(member: IamMember) -> str:
    """Return name, account and e-mail of a member in one line."""
    return f"{member.user.name} · {member.user.login_id} · {member.user.email}"


def show_error(form: forms.Form, error: DaedapError) -> None:
    """Put a refusal next to the field it belongs to, or above the form."""
    field = error.field if error.field in form.fields else None
    for sentence in getattr(error, "sentences", None) or [str(error.message)]:
        form.add_error(field, sentence)
