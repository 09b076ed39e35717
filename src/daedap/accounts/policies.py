"""The rules of signing in. The owner of a realm passes them in; accounts knows no organizations (spec 10, 4.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from daedap.accounts import limits, passwords

HARD_LIMIT = timedelta(hours=12)
"""No session lives longer, whatever happens in it."""


@dataclass(frozen=True)
class SessionPolicy:
    """How many sessions one person may have, and how long they last.

    The life counts from the last activity, or from sign-in if `is_fixed`.
    """

    at_once: int = 2
    life_pc: timedelta = timedelta(minutes=60)
    life_mobile: timedelta = timedelta(minutes=60)
    is_fixed: bool = False


@dataclass(frozen=True)
class SignInPolicy:
    """What holds at one sign-in. `max_failures`: None = no lock. `password`: None = never asked to change it."""

    max_failures: int | None = limits.MAX_FAILURES
    lock: timedelta = limits.LOCK
    sessions: SessionPolicy = field(default_factory=SessionPolicy)
    password: passwords.PasswordPolicy | None = None


STANDARD = SignInPolicy()

PLATFORM_MEMBERS = SignInPolicy(password=passwords.PLATFORM)
"""Sign-in of platform members (spec 10, 4.3, last column)."""
