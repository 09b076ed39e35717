"""What a service's name, ID and languages may be (spec 10, 5.1). Raised by actions, asked by forms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import available_timezones

from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError
from daedap.services.converters import RESERVED
from daedap.services.models import Service

LANGUAGES = {"ko": "한국어", "ja": "日本語", "en": "English", "zh": "中文"}
"""Help-centre languages that can be chosen, each by its own name, in the order of the list."""

TIME_ZONES = {"ko": "Asia/Seoul", "ja": "Asia/Tokyo", "en": "America/New_York", "zh": "Asia/Shanghai"}
"""The time zone that goes with a default language."""

_SERVICE_ID = re.compile(r"[A-Za-z]+")
_LONGEST_ID = 45
_LONGEST_NAME = 100


class ServiceRefused(DaedapError):
    """A fact of the new service breaks a rule or is taken; `field` says which. Nothing was stored."""

    message = _("This service cannot be added.")


def check_service_id(service_id: str) -> str:
    """Return the ID if it may be used in the open organization; raise ServiceRefused otherwise."""
    if not _SERVICE_ID.fullmatch(service_id):
        raise ServiceRefused(_("Use English letters only."), field="service_id")
    if len(service_id) > _LONGEST_ID:
        raise ServiceRefused(_("Use at most 45 letters."), field="service_id")
    if service_id.lower() in RESERVED:
        raise ServiceRefused(_("This word is reserved. Choose another ID."), field="service_id")
    if Service.objects.filter(service_id__iexact=service_id).exists():
        raise ServiceRefused(_("This service ID is already in use."), field="service_id")
    return service_id


def check_name(name: str) -> str:
    """Return the trimmed name if it may be used in the open organization; raise ServiceRefused otherwise."""
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ServiceRefused(_("Enter a name of 1 to 100 characters."), field="name")
    if Service.objects.filter(name=name).exists():
        raise ServiceRefused(_("This service name is already in use."), field="name")
    return name


def check_languages(languages: Sequence[str], default: str) -> list[str]:
    """Return the languages without repetition, in the order given; raise ServiceRefused if they cannot be."""
    chosen = list(dict.fromkeys(languages))
    if not chosen or not set(chosen) <= LANGUAGES.keys():
        raise ServiceRefused(_("Choose at least one of the offered languages."), field="languages")
    if default not in chosen:
        raise ServiceRefused(_("The default language must be one of the chosen languages."), field="default_language")
    return chosen


@lru_cache(maxsize=1)
def list_time_zones() -> tuple[str, ...]:
    """Return the names of places that have a time zone, in alphabetical order."""
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))


def check_time_zone(time_zone: str, default_language: str) -> str:
    """Return the zone, or the one that goes with the language if none was given; raise ServiceRefused if unknown."""
    zone = time_zone or TIME_ZONES.get(default_language, "Asia/Seoul")
    if zone not in available_timezones():
        raise ServiceRefused(_("Choose a time zone from the list."), field="time_zone")
    return zone
