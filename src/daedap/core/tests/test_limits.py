from datetime import timedelta

import pytest
import time_machine

from daedap.core import limits
from daedap.core.models import LimitCounter

MINUTE = timedelta(minutes=1)


def test_given_counts_when_the_window_ends_then_counting_starts_anew(db):
    with time_machine.travel("2026-01-01 00:00:00Z", tick=False) as clock:
        assert [limits.count_up("login", "a", window=MINUTE) for _ in range(3)] == [1, 2, 3]
        assert limits.current_count("login", "a", window=MINUTE) == 3
        assert limits.current_count("login", "b", window=MINUTE) == 0
        clock.shift(60)
        assert limits.current_count("login", "a", window=MINUTE) == 0
        assert limits.count_up("login", "a", window=MINUTE) == 1


def test_given_a_subject_when_counted_then_it_is_not_stored(db):
    limits.count_up("login", "hong@example.com", window=MINUTE)
    assert "hong" not in LimitCounter.objects.get().key


def test_given_counts_when_reset_then_zero(db):
    limits.count_up("login", "a", window=MINUTE)
    limits.reset("login", "a")
    assert limits.current_count("login", "a", window=MINUTE) == 0


def test_given_counters_when_tidied_then_only_those_of_windows_long_over_go(db):
    with time_machine.travel("2026-01-01 00:00:00Z", tick=False) as clock:
        limits.count_up("login", "old", window=MINUTE)
        clock.shift(timedelta(days=2).total_seconds())
        limits.count_up("login", "young", window=timedelta(days=30))
        clock.shift(timedelta(days=29, seconds=1).total_seconds())
        assert [limits.tidy(), limits.tidy()] == [1, 0]
        assert limits.current_count("login", "young", window=timedelta(days=30)) == 1


@pytest.mark.parametrize(
    ("ip", "origin"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:1:2:3", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("", ""),
    ],
)
def test_given_an_address_when_counted_then_ipv6_by_its_line(ip, origin):
    assert limits.origin(ip) == origin
