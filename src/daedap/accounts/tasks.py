"""Jobs of accounts."""

from __future__ import annotations

from daedap.accounts.actions import queue_lock_letter
from daedap.accounts.models import User
from daedap.core.jobs import job


@job(name="accounts.tell_of_lock")
def tell_of_lock(realm: str, user_id: int) -> None:
    """Mail the notice of a lock, if the ID belongs to anybody."""
    user = User.objects.filter(pk=user_id, realm=realm, is_active=True).first()
    if user is not None:
        queue_lock_letter(user)
