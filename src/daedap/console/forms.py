"""Forms of the staff shell."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class PersonalSettingsForm(forms.Form):
    """What everybody may change about themselves (spec 10, 5.11)."""

    language = forms.ChoiceField(label=_("Language of these pages"), choices=settings.LANGUAGES)
