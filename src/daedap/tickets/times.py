"""Times as people say them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _


def ago(moment: datetime, zone: ZoneInfo, now: datetime | None = None) -> str:
    """Return "3 minutes ago" for the last day, else the date in `zone`."""
    minutes = int(((now or timezone.now()) - moment).total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return _("%(count)s min ago") % {"count": minutes}
    if minutes < 24 * 60:
        return _("%(count)s h ago") % {"count": minutes // 60}
    local, today = timezone.localtime(moment, zone), timezone.localtime(now, zone)
    return date_format(local, "m.d" if local.year == today.year else "Y.m.d")


def full(moment: datetime, zone: ZoneInfo) -> str:
    """Return date and time in `zone`, digits only, at a fraction of the cost of Django's formats."""
    return f"{moment.astimezone(zone):%Y.%m.%d %H:%M}"
