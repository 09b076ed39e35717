"""What a service's name, ID and languages may be (spec 10, 5.1). Raised by actions, asked by forms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from zoneinfo import available_timezones

from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError
from daedap.services import languages as known
from daedap.services.converters import RESERVED
from daedap.services.models import EditorType, Service

TIME_ZONES = {"ko": "Asia/Seoul", "ja": "Asia/Tokyo", "en": "America/New_York", "zh": "Asia/Shanghai"}
"""The time zone that goes with a default language."""

_SERVICE_ID = re.compile(r"[A-Za-z]+")
_LONGEST_ID = 45
_LONGEST_NAME = 100


class ServiceRefused(DaedapError):
    """A fact of the new service breaks a rule or is taken; `field` says which. Nothing was stored."""

    message = _("This service cannot be added.")


class ServiceTaken(ServiceRefused):
    """Another service of the organization has this ID or name, in whichever state it is."""


def check_service_id(service_id: str) -> str:
    """Return the ID if it may be used in the open organization; raise ServiceRefused otherwise."""
    if not _SERVICE_ID.fullmatch(service_id):
        raise ServiceRefused(_("Use English letters only."), field="service_id")
    if len(service_id) > _LONGEST_ID:
        raise ServiceRefused(_("Use at most 45 letters."), field="service_id")
    if service_id.lower() in RESERVED:
        raise ServiceRefused(_("This word is reserved. Choose another ID."), field="service_id")
    if Service.objects.filter(service_id__iexact=service_id).exists():
        raise ServiceTaken(_("This service ID is already in use."), field="service_id")
    return service_id


def check_name(name: str, *, but: Service | None = None) -> str:
    """Return the trimmed name if it may be used in the open organization; raise ServiceRefused otherwise.

    `but` is the service that has the name already.
    """
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ServiceRefused(_("Enter a name of 1 to 100 characters."), field="name")
    if Service.objects.filter(name=name).exclude(pk=but.pk if but else 0).exists():
        raise ServiceTaken(_("This service name is already in use."), field="name")
    return name


def check_languages(languages: Sequence[str], default: str, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return code → display name in the order given, without repetition; raise ServiceRefused if they cannot be.

    A language without a name is shown by its own. Names are of at most 50 characters.
    """
    chosen = list(dict.fromkeys(languages))
    if not chosen or not all(known.is_known(code) for code in chosen):
        raise ServiceRefused(_("Choose at least one of the offered languages."), field="languages")
    if default not in chosen:
        raise ServiceRefused(_("The default language must be one of the chosen languages."), field="default_language")
    given = {code: (names or {}).get(code, "").strip() for code in chosen}
    if any(len(name) > known.LONGEST_NAME or not name.isprintable() for name in given.values()):
        raise ServiceRefused(_("Enter display names of up to 50 characters."), field="languages")
    return given


def name_language(code: str, name: str) -> str:
    """Return the display name of a language: the one given, else what the language calls itself."""
    return name or known.own_name(code)[: known.LONGEST_NAME]


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


def check_editor_type(editor_type: str) -> EditorType:
    """Return the editor type; raise ServiceRefused if there is no such."""
    if editor_type not in EditorType.values:
        raise ServiceRefused(_("Choose an editor type."), field="editor_type")
    return EditorType(editor_type)
