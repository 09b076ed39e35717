"""How often somebody may try (spec 10, 4.2 and 4.4). Unknown IDs are counted like known ones."""

from __future__ import annotations

from datetime import timedelta

from daedap.core import limits

MAX_FAILURES = 5
LOCK = timedelta(minutes=10)
_REMEMBERED = timedelta(days=30)  # failures count until a success; this only lets old rows start over

IP_FAILURES = 30
IP_WINDOW = timedelta(minutes=10)

CODE_TRIES = 5
CODE_TRIES_OF_USER = 30
CODE_WINDOW = timedelta(minutes=10)  # as long as anybody waits

STEP_MAILS = 10
STEP_MAIL_WINDOW = timedelta(hours=1)

RESET_WINDOW = timedelta(hours=1)
RESETS_PER_ACCOUNT = 5
RESETS_PER_IP = 20


def _subject(realm: str, login_id: str) -> str:
    return f"{realm}:{login_id.strip().lower()}"


def begin_attempt(
    *, realm: str, login_id: str, max_failures: int | None = MAX_FAILURES, lock: timedelta = LOCK
) -> timedelta:
    """Count an attempt to sign in as a failure until it succeeds; return for how long the ID is locked, if it is.

    Without `max_failures` no ID is ever locked. Counting comes before the look at the password, so that many attempts
    at once get no more tries than one by one. An attempt during the lock leaves no trace and does not prolong it.
    """
    if max_failures is None:
        return timedelta(0)
    subject = _subject(realm, login_id)
    failures = limits.count_up("sign-in.failures", subject, window=_REMEMBERED)
    left = limits.time_left("sign-in.lock", subject, window=lock)
    if not left and failures > max_failures:
        _lock(subject, lock)
        return lock
    if left:
        limits.reset("sign-in.failures", subject)
    return left


def end_failed_attempt(
    *, realm: str, login_id: str, max_failures: int | None = MAX_FAILURES, lock: timedelta = LOCK
) -> bool:
    """Lock the ID if this was one failure too many; return whether it was."""
    subject = _subject(realm, login_id)
    if max_failures is None:
        return False
    if limits.current_count("sign-in.failures", subject, window=_REMEMBERED) < max_failures:
        return False
    _lock(subject, lock)
    return True


def take_back_attempt(*, realm: str, login_id: str) -> None:
    """Let an attempt that was begun count neither as a failure nor as a success.

    Its second step decides; or nobody looked at the password, and a busy server must lock nobody out.
    """
    limits.count_down("sign-in.failures", _subject(realm, login_id))


def lock_left(*, realm: str, login_id: str, lock: timedelta = LOCK) -> timedelta:
    """Return for how long the ID is still locked."""
    return limits.time_left("sign-in.lock", _subject(realm, login_id), window=lock)


def may_try_code(mark: str, *, user_id: int) -> bool:
    """Count one try at a code in the wait with this mark; return whether it may still be looked at.

    Holds also where no ID is ever locked.
    """
    if limits.count_up("second-step.tries", mark, window=CODE_WINDOW) > CODE_TRIES:
        return False
    return limits.count_up("second-step.user-tries", str(user_id), window=CODE_WINDOW) <= CODE_TRIES_OF_USER


def may_mail_step(user_id: int) -> bool:
    """Count one mail of a second step to this account; return whether it may still leave."""
    return limits.count_up("second-step.mails", str(user_id), window=STEP_MAIL_WINDOW) <= STEP_MAILS


def _lock(subject: str, lock: timedelta) -> None:
    # First the lock, then the count: an attempt that counts from one again already sees the lock.
    limits.count_up("sign-in.lock", subject, window=lock)
    limits.reset("sign-in.failures", subject)


def clear_failures(*, realm: str, login_id: str) -> None:
    """Forget failures and lift the lock: after a success, and when a new password was set."""
    subject = _subject(realm, login_id)
    limits.reset("sign-in.failures", subject)
    limits.reset("sign-in.lock", subject)


def ip_pause(ip: str) -> timedelta:
    """Return for how long this address may not sign in at all."""
    return limits.time_left("sign-in.ip-pause", limits.origin(ip), window=IP_WINDOW)


def count_ip_failure(ip: str) -> None:
    """Count one failure of this address and pause it after too many."""
    origin = limits.origin(ip)
    if limits.count_up("sign-in.ip-failures", origin, window=IP_WINDOW) >= IP_FAILURES:
        limits.count_up("sign-in.ip-pause", origin, window=IP_WINDOW)
        limits.reset("sign-in.ip-failures", origin)


def may_ask_for_reset(ip: str) -> bool:
    """Count one Find password request of this address; return whether it still counts for anything."""
    return limits.count_up("password-reset.ip", limits.origin(ip), window=RESET_WINDOW) <= RESETS_PER_IP


def may_mail_reset(user_id: int) -> bool:
    """Count one reset mail to this account; return whether it may still leave."""
    return limits.count_up("password-reset.account", str(user_id), window=RESET_WINDOW) <= RESETS_PER_ACCOUNT
