"""Forms of the staff shell."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from daedap.organizations.forms import NewPasswordForm


class PersonalSettingsForm(forms.Form):
    """What everybody may change about themselves (spec 10, 5.11)."""

    language = forms.ChoiceField(label=_("Language of these pages"), choices=settings.LANGUAGES)


class ChangePasswordForm(NewPasswordForm):
    """The current password and a new one, twice (spec 10, 5.11)."""

    current = forms.CharField(label=_("Current password"), strip=False, max_length=200, widget=forms.PasswordInput)
    field_order = ["current", "password", "again"]
