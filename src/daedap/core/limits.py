"""Limits counted in the database: how often something may happen per key and stretch of time."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.db import connection
from django.db.models import F
from django.utils import timezone

from daedap.core.crypto import keyed_hash
from daedap.core.models import LimitCounter

LONGEST_WINDOW = timedelta(days=31)
"""Longer than any window that is asked for."""

_COUNT_UP = """
INSERT INTO core_limitcounter (key, window_started_at, count) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN core_limitcounter.window_started_at <= %(edge)s THEN 1 ELSE core_limitcounter.count + 1 END,
    window_started_at = CASE WHEN core_limitcounter.window_started_at <= %(edge)s
                             THEN %(now)s ELSE core_limitcounter.window_started_at END
RETURNING count
"""


def _key(name: str, subject: str) -> str:
    return keyed_hash(f"{name}:{subject}", purpose="limits")


def origin(ip: str) -> str:
    """Return where `ip` is counted: an IPv4 address itself, an IPv6 address with its /64, which is one customer's line.

    Whoever has a line has all of its 2⁶⁴ addresses: counted one by one they would have no limit at all.
    """
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if not isinstance(address, IPv6Address):
        return ip
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))


def count_up(name: str, subject: str, *, window: timedelta) -> int:
    """Count one more `name` of `subject` and return how many there were in its current window, this one included."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_UP, {"key": _key(name, subject), "now": now, "edge": now - window})
        row = cursor.fetchone()
    return int(row[0])


def count_down(name: str, subject: str) -> None:
    """Take one back that was counted."""
    LimitCounter.objects.filter(key=_key(name, subject), count__gt=0).update(count=F("count") - 1)


def current_count(name: str, subject: str, *, window: timedelta) -> int:
    """Return how many `name` of `subject` were counted in the current window, without counting."""
    counts = LimitCounter.objects.filter(key=_key(name, subject), window_started_at__gt=timezone.now() - window)
    return next(iter(counts.values_list("count", flat=True)), 0)


def time_left(name: str, subject: str, *, window: timedelta) -> timedelta:
    """Return how much of the current window of `subject` is left; nothing if none was counted in it."""
    counter = LimitCounter.objects.filter(key=_key(name, subject)).first()
    left = counter.window_started_at + window - timezone.now() if counter else timedelta(0)
    return max(left, timedelta(0))


def reset(name: str, subject: str) -> None:
    """Forget what was counted."""
    LimitCounter.objects.filter(key=_key(name, subject)).delete()


def tidy() -> int:
    """Forget counters whose window, however long, is over; return how many. Every address that asks leaves one."""
    forgotten, _ = LimitCounter.objects.filter(window_started_at__lt=timezone.now() - LONGEST_WINDOW).delete()
    return forgotten
