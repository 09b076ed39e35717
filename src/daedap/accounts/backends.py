"""Checking a password. The realm comes with it: an ID alone names nobody."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from daedap.accounts.models import PLATFORM, User


class RealmBackend(ModelBackend):
    """Finds the user by realm and login ID. Costs one Argon2 whether or not the user exists (spec 10, L2)."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        realm: str = PLATFORM,
        **kwargs: Any,
    ) -> User | None:
        login_id = (username or "").strip().lower()
        user = User.objects.filter(realm=realm, login_id=login_id).first()
        if user is None or not user.has_usable_password():
            make_password(password or "")  # as slow as a check
            return None
        if user.check_password(password or "") and self.user_can_authenticate(user):
            return user
        return None
