"""What PostgreSQL says about a refused change, and how long it may take for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, IntegrityError, connection


def violated_constraint(error: IntegrityError) -> str:
    """Return the name of the constraint that a refused change would have broken; "" if PostgreSQL names none."""
    return str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or "")


@contextmanager
def unhurried(*, locks: bool = False) -> Iterator[None]:
    """Let each statement of the block take as long as it needs; with `locks` also as long as others let it wait.

    The settings limit both, so that pages go on beside a row that somebody holds.
    """
    limits = ["statement_timeout", "lock_timeout"] if locks else ["statement_timeout"]
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET {limit} = 0" for limit in limits))
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # what broke the block may have broken this too
            cursor.execute("; ".join(f"RESET {limit}" for limit in limits))


def cause_of(error: BaseException) -> str:
    """Return what PostgreSQL or its driver calls the error: "LockNotAvailable", "TooManyConnections", "DiskFull"."""
    return type(error.__cause__ or error).__name__
