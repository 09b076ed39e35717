"""Argon2 that stays within bounds: a crowd at one organization's log-in page takes no thread or core from the others.

A hash costs about 0.1 s of one core and 100 MB, on purpose, and no GIL. Python itself computes on one core at a time,
so hashing gets the others. Who waits holds a thread that answers requests: few may wait, and fewer of one organization.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import TooManyAttempts
from daedap.core.scoping import current_scope

AT_ONCE = min(4, max(1, (os.cpu_count() or 2) - 1))
"""Hashes that one process computes at the same time."""

WAITING = 4
"""Threads that may wait for a hash, of the eight that answer requests (config/asgi.py)."""

SHARE = AT_ONCE + WAITING // 2
"""How many of those places one organization, or the platform, can hold."""

PATIENCE = 5.0
"""Seconds after which waiting is given up."""


class TooBusy(TooManyAttempts):
    """Too many passwords are being checked; this one was not even looked at."""

    code = 503
    message = _("Many people are logging in right now. Please try again in a moment.")


class Places:
    """So many at once, so many waiting, and no more than `share` of both for any one. For threads of one process."""

    def __init__(self, *, at_once: int, waiting: int, share: int, patience: float) -> None:
        self._free = threading.Semaphore(at_once)
        self._most, self._share, self._patience = at_once + waiting, share, patience
        self._lock = threading.Lock()
        self._inside: Counter[int] = Counter()

    @contextmanager
    def take(self, whom: int) -> Iterator[None]:
        """Wait for a place and hold it inside the block; raise TooBusy, at once where all places to wait are taken."""
        with self._lock:
            if self._inside[whom] >= self._share or self._inside.total() >= self._most:
                raise TooBusy
            self._inside[whom] += 1
        try:
            if not self._free.acquire(timeout=self._patience):
                raise TooBusy
            try:
                yield
            finally:
                self._free.release()
        finally:
            with self._lock:
                self._inside -= Counter({whom: 1})  # forgets who holds none


PLACES = Places(at_once=AT_ONCE, waiting=WAITING, share=SHARE, patience=PATIENCE)


class BoundedArgon2(Argon2PasswordHasher):
    """Django's Argon2 with one lane, so that a hash keeps one core busy and not all, and within PLACES.

    Every password that is made or checked passes here. The places are counted by the tenant whose scope is open, and
    for the platform together. Raises TooBusy.
    """

    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with PLACES.take(_tenant()):
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with PLACES.take(_tenant()):
            return super().verify(password, encoded)


def _tenant() -> int:
    scope = current_scope()
    return scope.organization_id if scope else 0
