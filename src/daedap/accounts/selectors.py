"""Reads of identities."""

from __future__ import annotations

from daedap.accounts.models import SignInRecord, SignInResult, User


def last_sign_in(user: User) -> SignInRecord | None:
    """Return when, and from which address, `user` last signed in; None if never (spec 10, L5)."""
    done = SignInRecord.objects.filter(realm=user.realm, user=user, result=SignInResult.OK)
    return done.order_by("-created_at").first()
